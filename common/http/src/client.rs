//! The client: one endpoint, one identity, one connection pool.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;

use crate::cache::Cache;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::request::Request;
use crate::retry::RetryPolicy;
use crate::secret::Secret;
use crate::tls::{self, TlsOptions};

/// Deadlines of a request.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Until connected.
    pub connect: Duration,
    /// Until the head of the answer is there.
    pub first_byte: Duration,
    /// Until the answer is complete; streams have none.
    pub whole: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            whole: Duration::from_mins(2),
        }
    }
}

/// Settings of a client.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Where the server is.
    pub endpoint: Endpoint,
    /// Bearer token.
    pub token: Option<Secret>,
    /// TLS settings.
    pub tls: TlsOptions,
    /// Deadlines of every request that sets none.
    pub deadlines: Deadlines,
    /// How often requests are repeated.
    pub retry: RetryPolicy,
    /// `User-Agent`.
    pub user_agent: String,
    /// Cache for reads that ask for it.
    pub cache: Option<Arc<Cache>>,
}

impl ClientConfig {
    /// Default settings for an endpoint.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            token: None,
            tls: TlsOptions::default(),
            deadlines: Deadlines::default(),
            retry: RetryPolicy::default(),
            user_agent: concat!("nova/", env!("CARGO_PKG_VERSION")).to_owned(),
            cache: None,
        }
    }
}

/// An HTTP client for one endpoint. Clones share their connections and must stay on one runtime; [`Client::detached`]
/// makes one for another.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) inner: reqwest::Client,
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ClientConfig,
    pub(crate) tls: rustls::ClientConfig,
}

impl Client {
    /// Builds a client; nothing is connected yet.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        let tls = if config.endpoint.is_tls() {
            tls::client_config(&config.tls)?
        } else {
            tls::unused()?
        };
        let shared = Arc::new(Shared { config, tls });
        Ok(Self {
            inner: connections(&shared)?,
            shared,
        })
    }

    /// The same client with connections of its own, for use on another runtime.
    pub fn detached(&self) -> Result<Self, Error> {
        Ok(Self {
            inner: connections(&self.shared)?,
            shared: Arc::clone(&self.shared),
        })
    }

    /// Where the server is.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.config.endpoint
    }

    /// Starts a request; `path` is absolute and already encoded.
    #[must_use]
    pub fn request(&self, method: Method, path: impl Into<String>) -> Request {
        Request::new(self.clone(), method, path.into())
    }

    /// Starts a GET.
    #[must_use]
    pub fn get(&self, path: impl Into<String>) -> Request {
        self.request(Method::GET, path)
    }
}

fn connections(shared: &Shared) -> Result<reqwest::Client, Error> {
    let config = &shared.config;
    let mut builder = reqwest::Client::builder()
        .user_agent(&config.user_agent)
        .connect_timeout(config.deadlines.connect)
        .tls_backend_preconfigured(shared.tls.clone())
        .redirect(reqwest::redirect::Policy::none())
        // Retrying is decided here, where idempotency is known.
        .retry(reqwest::retry::never())
        .tcp_nodelay(true);
    if config.endpoint.is_local() {
        builder = builder.no_proxy();
    }
    if let Some(path) = config.endpoint.socket() {
        builder = builder.unix_socket(path);
    }
    builder
        .build()
        .map_err(|error| Error::TlsSettings(error.without_url().to_string()))
}
