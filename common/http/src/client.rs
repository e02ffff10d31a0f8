//! The client: one endpoint, one identity, one connection pool.

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::cache::Cache;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::pool::Pool;
use crate::proxy::{self, Proxy};
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
    pub(crate) pool: Arc<Pool>,
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ClientConfig,
    /// Present for endpoints that use TLS.
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
    /// What stands between here and the endpoint.
    pub(crate) proxy: Option<Proxy>,
}

impl Client {
    /// Builds a client; nothing is connected yet.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        let tls = if config.endpoint.is_tls() {
            Some(Arc::new(tls::client_config(&config.tls)?))
        } else {
            None
        };
        let proxy = proxy::of_environment(&config.endpoint)?;
        Ok(Self {
            pool: Arc::default(),
            shared: Arc::new(Shared { config, tls, proxy }),
        })
    }

    /// The same client with connections of its own, for use on another runtime.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            pool: Arc::default(),
            shared: Arc::clone(&self.shared),
        }
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
