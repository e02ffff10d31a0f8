//! Listeners for other machines.

use nova_core::fs::write_failure;
use nova_core::{Failure, Kind, Result};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::listen;
use super::run::Options;
use crate::auth::secret::{self, Digest};
use crate::auth::{Authority, PkiError, server_config};

/// Listeners for other machines, and how their callers are known.
#[derive(Default)]
pub(super) struct Remote {
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) listeners: Vec<TcpListener>,
    pub(super) plain: Vec<TcpListener>,
    /// The admin's token.
    pub(super) admin: Option<Digest>,
}

impl Remote {
    /// Opens every listener of the options, and makes the token and the certificates that they
    /// need.
    pub(super) async fn open(options: &Options) -> Result<Self> {
        let mut remote = Self::default();
        for address in &options.listen {
            remote.listeners.push(listen::tcp(*address).await?);
        }
        for address in &options.plain_http {
            remote.plain.push(listen::tcp(*address).await?);
        }
        if !remote.listeners.is_empty() || !remote.plain.is_empty() {
            let path = secret::admin_file(&options.data);
            let admin = secret::admin(&options.data);
            remote.admin = Some(admin.map_err(|error| write_failure(&path, &error))?);
        }
        if !remote.listeners.is_empty() {
            let authority = Authority::open(&options.data).map_err(pki_failure)?;
            let certificate = authority.server(&options.listen).map_err(pki_failure)?;
            let config = server_config(&authority, certificate).map_err(|error| {
                Failure::new(Kind::Config, format!("TLS cannot be set up: {error}"))
            })?;
            remote.tls = Some(TlsAcceptor::from(config));
        }
        Ok(remote)
    }
}

fn pki_failure(error: PkiError) -> Failure {
    match error {
        PkiError::File { path, source } => write_failure(&path, &source),
        PkiError::Certificate(_) => Failure::new(Kind::Config, error.to_string()),
    }
}
