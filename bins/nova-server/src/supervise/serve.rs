//! Connections: who is at the other end, and HTTP on top.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::{HeaderMap, Request, header};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use nova_core::{Failure, Kind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::listen::Socket;
use super::settings::Settings;
use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::{Identity, Role, Transport, identity_of};

/// Time for the head of a request, and for a TLS handshake.
const HEAD: Duration = Duration::from_secs(10);
/// Time for requests under way when the server ends.
const FINISH: Duration = Duration::from_secs(5);
/// Streams of one HTTP/2 connection.
const STREAMS: u32 = 250;

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) router: Router,
    pub(crate) app: Arc<App>,
    pub(crate) peers: Arc<Peers>,
    /// Becomes true when the server ends.
    pub(crate) stop: watch::Receiver<bool>,
}

/// What the owner decided about others.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    /// Other users of this machine who may use the socket, by uid.
    roles: Vec<(u32, Role)>,
    /// Origins of web pages that may open WebSockets.
    origins: Vec<String>,
}

impl Peers {
    /// Reads `DATA/server.toml`.
    pub(crate) fn of(settings: &Settings) -> nova_core::Result<Self> {
        let role = |(uid, word): (u32, String)| {
            let role = Role::parse(&word).ok_or_else(|| {
                let words = Role::ALL.map(Role::as_str).join(", ");
                Failure::new(
                    Kind::Config,
                    format!("server.toml: peers.{uid}: `{word}` is not one of {words}"),
                )
            })?;
            Ok((uid, role))
        };
        let roles: nova_core::Result<Vec<_>> = settings.peers().into_iter().map(role).collect();
        Ok(Self {
            roles: roles?,
            origins: settings.origins(),
        })
    }

    /// Whether anybody but the owner may use the socket.
    pub(crate) fn any(&self) -> bool {
        !self.roles.is_empty()
    }

    fn role(&self, uid: u32) -> Option<Role> {
        let found = self.roles.iter().find(|(known, _)| *known == uid);
        found.map(|(_, role)| *role)
    }
}

/// How callers of a connection are known.
#[derive(Clone)]
enum Caller {
    /// By the socket or a certificate.
    Known(Identity),
    /// By the token of each request.
    ByToken(Transport),
    /// Not at all; each request gets this answer.
    Refused(ApiError),
}

/// Accepts on the Unix socket until the server ends.
pub(crate) async fn accept_unix(socket: Socket, service: Shop) {
    let mut connections = JoinSet::new();
    let mut stop = service.stop.clone();
    loop {
        tokio::select! {
            () = ending(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            accepted = socket.listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let caller = peer(&stream, &service.peers);
                    connections.spawn(connection(TokioIo::new(stream), caller, service.clone()));
                }
                Err(error) => pause(&error).await,
            },
        }
    }
    // New clients find no socket from here on; those that are connected are served to their end.
    drop(socket);
    while connections.join_next().await.is_some() {}
}

/// Accepts on an address until the server ends; without TLS only where that was asked for.
pub(crate) async fn accept_tcp(listener: TcpListener, tls: Option<TlsAcceptor>, service: Shop) {
    let mut connections = JoinSet::new();
    let mut stop = service.stop.clone();
    loop {
        tokio::select! {
            () = ending(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(remote(stream, tls.clone(), service.clone()));
                }
                Err(error) => pause(&error).await,
            },
        }
    }
    while connections.join_next().await.is_some() {}
}

/// Returns when the server ends, or is gone.
async fn ending(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// Running out of file descriptors passes; asking again at once would only burn time.
async fn pause(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn remote(stream: TcpStream, tls: Option<TlsAcceptor>, service: Shop) {
    // Answers are written in full, so waiting for more only delays them.
    drop(stream.set_nodelay(true));
    let Some(tls) = tls else {
        let caller = Caller::ByToken(Transport::Http);
        return connection(TokioIo::new(stream), caller, service).await;
    };
    let Ok(Ok(stream)) = tokio::time::timeout(HEAD, tls.accept(stream)).await else {
        return;
    };
    let certificate = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first());
    let caller = match certificate.map(identity_of) {
        None => Caller::ByToken(Transport::Https),
        Some(Some(identity)) => Caller::Known(identity),
        Some(None) => Caller::Refused(ApiError::forbidden(
            "the client certificate names no role of this server",
        )),
    };
    connection(TokioIo::new(stream), caller, service).await;
}

/// The owner of the server and root are admins, others have the role that the owner gave them;
/// everybody else is refused.
fn peer(stream: &UnixStream, peers: &Peers) -> Caller {
    let own = rustix::process::geteuid().as_raw();
    let known =
        |uid, role| Caller::Known(Identity::new(format!("uid:{uid}"), role, Transport::Unix));
    match stream.peer_cred().map(|cred| cred.uid()) {
        Ok(uid) if uid == own || uid == 0 => known(uid, Role::Admin),
        Ok(uid) if peers.role(uid).is_some() => known(uid, peers.role(uid).unwrap_or(Role::Viewer)),
        Ok(uid) => Caller::Refused(
            ApiError::forbidden(format!(
                "this server belongs to uid {own}, and you are uid {uid}"
            ))
            .hint("start a server of your own, or ask for a token and an https endpoint"),
        ),
        Err(error) => Caller::Refused(ApiError::forbidden(format!(
            "the caller is not known: {error}"
        ))),
    }
}

async fn connection<I>(io: TokioIo<I>, caller: Caller, service: Shop)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS);
    let mut stop = service.stop.clone();
    let inner = TowerToHyperService::new(service.router);
    let (app, peers) = (service.app, service.peers);
    let serve = service_fn(move |request: Request<Incoming>| {
        let (inner, caller) = (inner.clone(), caller.clone());
        let (app, peers) = (Arc::clone(&app), Arc::clone(&peers));
        async move {
            let answered = answer(&inner, &caller, (&app, &peers), request).await;
            Ok::<_, std::convert::Infallible>(answered)
        }
    });
    let mut served = pin!(builder.serve_connection_with_upgrades(io, serve));
    tokio::select! {
        () = ending(&mut stop) => {}
        ended = served.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke off");
            }
            return;
        }
    }
    served.as_mut().graceful_shutdown();
    // What is not done by then is cut off; the client sees a broken connection.
    drop(tokio::time::timeout(FINISH, served).await);
}

async fn answer(
    inner: &TowerToHyperService<Router>,
    caller: &Caller,
    (app, peers): (&App, &Peers),
    mut request: Request<Incoming>,
) -> Response {
    let identity = match admitted(caller, (app, peers), request.headers()) {
        Ok(identity) => identity,
        Err(error) => return error.into_response(),
    };
    // From here on nothing may print it.
    request.headers_mut().remove(header::AUTHORIZATION);
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    match inner.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Who sends a request; nobody when it shows nothing.
fn admitted(
    caller: &Caller,
    (app, peers): (&App, &Peers),
    headers: &HeaderMap,
) -> Result<Option<Identity>, ApiError> {
    match caller {
        Caller::Known(identity) => {
            app.access.admit(identity)?;
            Ok(Some(identity.clone()))
        }
        Caller::ByToken(transport) => {
            same_site(headers, &peers.origins)?;
            let Some(token) = bearer(headers) else {
                return Ok(None);
            };
            app.access.identify(&token, *transport).map(Some)
        }
        Caller::Refused(error) => Err(error.clone()),
    }
}

/// A page of another site may not open a WebSocket with what its reader may do. Programs send no
/// origin.
fn same_site(headers: &HeaderMap, origins: &[String]) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), true) = (text(header::ORIGIN), headers.contains_key(header::UPGRADE)) else {
        return Ok(());
    };
    let own = text(header::HOST).is_some_and(|host| {
        origin.strip_prefix("https://") == Some(host)
            || origin.strip_prefix("http://") == Some(host)
    });
    if own || origins.iter().any(|known| known == origin) {
        return Ok(());
    }
    Err(ApiError::forbidden(format!(
        "pages of {origin:?} may not open WebSockets here"
    )))
}

/// The token of `Authorization: Bearer`, or of the subprotocol `nova.bearer.TOKEN`, which is all that
/// scripts of web pages can send with a WebSocket.
fn bearer(headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned());
    }
    let protocols = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut words = protocols
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let coded = words.find_map(|word| word.trim().strip_prefix("nova.bearer."))?;
    let bytes = BASE64.decode(coded.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()
}
