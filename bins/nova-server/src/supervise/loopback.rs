//! The TLS listener on the loopback address, for clients that know no Unix sockets.
//!
//! It is opened when somebody asks for a kubeconfig, and at every later start, on the same port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::serve::{Shop, accept_tcp};
use super::settings::Settings;
use crate::api::error::ApiError;
use crate::app::{LoopbackAsk, LoopbackInfo};
use crate::auth::{Authority, secret, server_config};

/// Ports that are tried for a new listener: below those that the system gives to clients, so that
/// none of them has taken it when the next server starts.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 50;

/// Serves requests for the listener until the server ends.
pub(super) async fn run(data: PathBuf, shop: Shop, mut queue: mpsc::Receiver<LoopbackAsk>) {
    let mut loopback = Loopback {
        data,
        shop,
        open: None,
        tasks: JoinSet::new(),
    };
    let mut server = loopback.shop.stop.clone();
    if let Err(error) = loopback.reopen().await {
        tracing::warn!(%error, "the loopback listener is not open");
    }
    loop {
        tokio::select! {
            () = ending(&mut server) => break,
            ask = queue.recv() => match ask {
                // Whoever asked may have left.
                Some(ask) => drop(ask.send(loopback.ensure().await)),
                None => break,
            },
        }
    }
    while loopback.tasks.join_next().await.is_some() {}
}

async fn ending(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

struct Loopback {
    data: PathBuf,
    shop: Shop,
    open: Option<LoopbackInfo>,
    tasks: JoinSet<()>,
}

impl Loopback {
    /// Opens the listener of an earlier server.
    async fn reopen(&mut self) -> Result<(), ApiError> {
        let settings = Settings::read(&self.data).map_err(|failure| refused(&failure))?;
        match settings.loopback_port() {
            Some(port) => self.listen(bind(port).await?).map(drop),
            None => Ok(()),
        }
    }

    /// What clients need to know of the listener, which is opened if need be.
    async fn ensure(&mut self) -> Result<LoopbackInfo, ApiError> {
        if let Some(open) = &self.open {
            return Ok(open.clone());
        }
        let mut settings = Settings::read(&self.data).map_err(|failure| refused(&failure))?;
        if let Some(port) = settings.loopback_port() {
            return self.listen(bind(port).await?);
        }
        let (listener, port) = free_port().await?;
        settings
            .keep_loopback_port(port)
            .map_err(|failure| refused(&failure))?;
        self.listen(listener)
    }

    fn listen(&mut self, listener: TcpListener) -> Result<LoopbackInfo, ApiError> {
        let internal = |error: &dyn std::fmt::Display| {
            ApiError::internal(format!("TLS cannot be set up: {error}"))
        };
        let address = listener.local_addr().map_err(|error| internal(&error))?;
        let authority = Authority::open(&self.data).map_err(|error| internal(&error))?;
        let certificate = authority
            .server(&[address])
            .map_err(|error| internal(&error))?;
        let config = server_config(&authority, certificate).map_err(|error| internal(&error))?;
        let admin = secret::admin(&self.data).map_err(|error| internal(&error))?;
        self.shop.app.access.take_admin(admin);
        let tls = Some(TlsAcceptor::from(config));
        self.tasks
            .spawn(accept_tcp(listener, tls, self.shop.clone()));
        tracing::info!(%address, "listening for clients of this machine over TLS");
        let info = LoopbackInfo {
            address,
            authority: Arc::from(authority.pem),
        };
        self.open = Some(info.clone());
        Ok(info)
    }
}

fn refused(failure: &nova_core::Failure) -> ApiError {
    let mut error = ApiError::unavailable("NotReady", failure.message());
    for hint in failure.hints() {
        error = error.hint(hint);
    }
    error
}

async fn bind(port: u16) -> Result<TcpListener, ApiError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("cannot listen on {address}: {error}");
        ApiError::unavailable("NotReady", message)
            .hint("end the program that listens there, or remove `loopback_port` from server.toml in the data directory and export the kubeconfig again")
    })
}

async fn free_port() -> Result<(TcpListener, u16), ApiError> {
    let span = u128::from(PORTS.end - PORTS.start);
    let mut last = None;
    for _ in 0..TRIES {
        let random = uuid::Uuid::new_v4().as_u128() % span;
        let port = PORTS.start + u16::try_from(random).unwrap_or_default();
        match bind(port).await {
            Ok(listener) => return Ok((listener, port)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| ApiError::internal("no port is free")))
}
