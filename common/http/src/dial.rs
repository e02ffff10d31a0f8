//! Connections to a server: over a Unix socket, TCP, TLS, and through a proxy.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::client::Shared;
use crate::endpoint::{Endpoint, Web};
use crate::error::Error;
use crate::send::{tls_reason, without_number};

pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// An open connection.
pub(crate) type Stream = Box<dyn Transport>;

impl Shared {
    /// Connects within the deadline.
    pub(crate) async fn dial(&self) -> Result<Stream, Error> {
        match tokio::time::timeout(self.config.deadlines.connect, self.dial_patiently()).await {
            Ok(stream) => stream,
            Err(_) => Err(unreachable(
                &self.endpoint(),
                &io::ErrorKind::TimedOut.into(),
            )),
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.config.endpoint.to_string()
    }

    async fn dial_patiently(&self) -> Result<Stream, Error> {
        let failed = |error| unreachable(&self.endpoint(), &error);
        match &self.config.endpoint {
            Endpoint::Unix(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(failed)?)),
            Endpoint::Url(web) => {
                let tcp = self.tcp(web).await.map_err(failed)?;
                match &self.tls {
                    Some(tls) => self.secure(web, tcp, Arc::clone(tls)).await,
                    None => Ok(Box::new(tcp)),
                }
            }
        }
    }

    async fn tcp(&self, web: &Web) -> io::Result<TcpStream> {
        let tcp = match &self.proxy {
            Some(proxy) => proxy.tunnel(&web.host, web.port).await?,
            None => TcpStream::connect((web.host.as_str(), web.port)).await?,
        };
        tcp.set_nodelay(true)?;
        Ok(tcp)
    }

    async fn secure(
        &self,
        web: &Web,
        tcp: TcpStream,
        tls: Arc<rustls::ClientConfig>,
    ) -> Result<Stream, Error> {
        let failed = |reason: String| Error::Tls {
            endpoint: self.endpoint(),
            reason,
        };
        let name =
            ServerName::try_from(web.host.clone()).map_err(|error| failed(error.to_string()))?;
        match TlsConnector::from(tls).connect(name, tcp).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(match tls_reason(&error) {
                Some(reason) => failed(reason),
                None => failed(without_number(error.to_string())),
            }),
        }
    }
}

/// The failure to connect.
pub(crate) fn unreachable(endpoint: &str, error: &io::Error) -> Error {
    use io::ErrorKind;
    let reason = match error.kind() {
        ErrorKind::TimedOut => "no connection in time".to_owned(),
        _ => without_number(error.to_string()),
    };
    Error::Unreachable {
        endpoint: endpoint.to_owned(),
        reason,
        nothing_listens: matches!(
            error.kind(),
            ErrorKind::NotFound | ErrorKind::ConnectionRefused
        ),
        not_allowed: error.kind() == ErrorKind::PermissionDenied,
    }
}
