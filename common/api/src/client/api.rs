//! A connection to one server, in one default namespace.

use std::sync::Arc;

use nova_http::{Client, Request, Response};

use super::error::ApiError;
use super::local::LocalServer;
use super::resources::Resources;
use crate::types::{Image, Namespace, Node, Operation, Resource, VersionInfo, VirtualMachine};

/// A server that ends more often during one request has a reason that another start will not mend.
const REVIVALS: u32 = 5;

/// How the server was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerOrigin {
    /// `--endpoint` or `NOVA_ENDPOINT`.
    Explicit,
    /// The cluster of this context.
    Context(String),
    /// This user's own server, started when needed.
    Local,
    /// The server of this machine.
    System,
}

/// A connection to a server. Clones share it; [`Api::detached`] makes one for another runtime.
#[derive(Debug, Clone)]
pub struct Api {
    http: Client,
    namespace: String,
    origin: ServerOrigin,
    /// Present when the server may be started again.
    local: Option<Arc<LocalServer>>,
}

impl Api {
    pub(crate) fn new(
        http: Client,
        namespace: String,
        origin: ServerOrigin,
        local: Option<LocalServer>,
    ) -> Self {
        Self {
            http,
            namespace,
            origin,
            local: local.map(Arc::new),
        }
    }

    /// A connection through a client that is already set up; such a server is never started.
    #[must_use]
    pub fn through(http: Client, namespace: impl Into<String>) -> Self {
        Self::new(http, namespace.into(), ServerOrigin::Explicit, None)
    }

    /// The default namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The transport, for requests that nothing here covers.
    #[must_use]
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// How the server was found.
    #[must_use]
    pub fn origin(&self) -> &ServerOrigin {
        &self.origin
    }

    /// Whether the server is this user's own and a tool started it.
    #[must_use]
    pub fn is_on_demand(&self) -> bool {
        self.local.as_ref().is_some_and(|local| local.on_demand())
    }

    /// The same server with connections of its own, for use on another runtime.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            http: self.http.detached(),
            ..self.clone()
        }
    }

    /// Objects of kind `T` in the default namespace.
    #[must_use]
    pub fn resource<T: Resource>(&self) -> Resources<T> {
        Resources::new(self.clone(), Some(self.namespace.clone()))
    }

    /// Virtual machines in the default namespace.
    #[must_use]
    pub fn vms(&self) -> Resources<VirtualMachine> {
        self.resource()
    }

    /// Images in the default namespace.
    #[must_use]
    pub fn images(&self) -> Resources<Image> {
        self.resource()
    }

    /// Operations in the default namespace.
    #[must_use]
    pub fn operations(&self) -> Resources<Operation> {
        self.resource()
    }

    /// Nodes.
    #[must_use]
    pub fn nodes(&self) -> Resources<Node> {
        self.resource()
    }

    /// Namespaces.
    #[must_use]
    pub fn namespaces(&self) -> Resources<Namespace> {
        self.resource()
    }

    /// What the server says about itself.
    pub async fn version(&self) -> Result<VersionInfo, ApiError> {
        let answer = self.send(None, |http| http.get("/version")).await?;
        Ok(answer.json()?)
    }

    /// A JSON document at a path, such as `/apis/nova.dev/v1/cluster`.
    pub async fn document(&self, path: &str) -> Result<serde_json::Value, ApiError> {
        let answer = self.send(None, |http| http.get(path)).await?;
        Ok(answer.json()?)
    }

    /// Sends a request without a body and reads the answer.
    pub(crate) async fn send(
        &self,
        namespace: Option<&str>,
        build: impl Fn(&Client) -> Request,
    ) -> Result<Response, ApiError> {
        self.exchange(namespace, build, false).await
    }

    /// Sends a request with a body and reads the answer.
    pub(crate) async fn send_body(
        &self,
        namespace: Option<&str>,
        build: impl Fn(&Client) -> Request,
    ) -> Result<Response, ApiError> {
        self.exchange(namespace, build, true).await
    }

    async fn exchange(
        &self,
        namespace: Option<&str>,
        build: impl Fn(&Client) -> Request,
        with_body: bool,
    ) -> Result<Response, ApiError> {
        let run = async || {
            build(&self.http)
                .send()
                .await
                .map_err(|error| ApiError::of(error, namespace, with_body))
        };
        self.reviving(run).await
    }

    /// Runs a request; while this user's own server has ended, starts it and runs the request again.
    pub(crate) async fn reviving<T>(
        &self,
        run: impl AsyncFn() -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let Some(local) = &self.local else {
            return run().await;
        };
        for _ in 0..REVIVALS {
            match run().await {
                Err(error) if error.nothing_listens() => {
                    tracing::info!(%error, "starting the local server again");
                    local.ensure().await?;
                }
                result => return result,
            }
        }
        run().await
    }
}
