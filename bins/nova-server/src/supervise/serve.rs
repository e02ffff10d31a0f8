//! Connections: who is at the other end, and HTTP on top.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Request, header};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::listen::Socket;
use crate::api::error::ApiError;
use crate::auth::{Identity, Role, Tokens, Transport, identity_of};

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
    pub(crate) tokens: Option<Tokens>,
    /// Becomes true when the server ends.
    pub(crate) stop: watch::Receiver<bool>,
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
                    let caller = peer(&stream);
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

/// The owner of the server and root are admins; everybody else is refused.
fn peer(stream: &UnixStream) -> Caller {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred().map(|cred| cred.uid()) {
        Ok(uid) if uid == own || uid == 0 => Caller::Known(Identity {
            user: format!("uid:{uid}"),
            role: Role::Admin,
            transport: Transport::Unix,
        }),
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
    let tokens = service.tokens.map(Arc::new);
    let serve = service_fn(move |request: Request<Incoming>| {
        let (inner, caller, tokens) = (inner.clone(), caller.clone(), tokens.clone());
        async move {
            Ok::<_, std::convert::Infallible>(
                answer(&inner, &caller, tokens.as_deref(), request).await,
            )
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
    tokens: Option<&Tokens>,
    mut request: Request<Incoming>,
) -> Response {
    let identity = match caller {
        Caller::Known(identity) => Some(identity.clone()),
        Caller::ByToken(transport) => match bearer(request.headers()) {
            None => None,
            Some(token) => match tokens.and_then(|tokens| tokens.identify(token, *transport)) {
                Some(identity) => Some(identity),
                None => return ApiError::unauthorized("TokenRevoked").into_response(),
            },
        },
        Caller::Refused(error) => return error.clone().into_response(),
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

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
