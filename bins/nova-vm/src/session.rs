//! The VMs of one namespace on one server, as the verbs use them.

use std::time::Duration;

use nova_api::client::{Api, ApiError, ListOptions, Resources, WaitFor};
use nova_api::{Operation, OperationPhase, VirtualMachine, VmName};
use nova_core::{Cx, Failure, Result};
use nova_http::with_farewell;
use serde_json::Value;

/// How long a cancelled operation may take to end before the tool does.
const CANCELLATION: Duration = Duration::from_millis(1500);
/// How long the server may take to hear of it.
const ASKING: Duration = Duration::from_secs(1);

/// A connection with what is needed to speak about it.
pub(crate) struct Session<'c> {
    pub(crate) cx: &'c Cx,
    pub(crate) api: Api,
    pub(crate) vms: Resources<VirtualMachine>,
}

impl<'c> Session<'c> {
    /// Finds the server, or starts it.
    pub(crate) async fn open(cx: &'c Cx) -> Result<Self> {
        let api = Api::connect(cx).await?;
        Ok(Self {
            cx,
            vms: api.vms(),
            api,
        })
    }

    /// The namespace worked in.
    pub(crate) fn namespace(&self) -> &str {
        self.api.namespace()
    }

    /// Names of the VMs that match, in their order.
    pub(crate) async fn names(&self, selector: Option<&str>) -> Result<Vec<VmName>> {
        let selector = selector.unwrap_or_default().parse();
        let selector = selector.map_err(|error| Failure::usage(format!("--selector: {error}")))?;
        self.names_of(ListOptions {
            selector,
            ..ListOptions::default()
        })
        .await
    }

    /// Names of the VMs that run, in their order.
    pub(crate) async fn running(&self) -> Result<Vec<VmName>> {
        let none = ListOptions::default();
        let fields = none.fields.clone().and_equals("status.phase", "Running");
        self.names_of(ListOptions { fields, ..none }).await
    }

    async fn names_of(&self, options: ListOptions) -> Result<Vec<VmName>> {
        let names = self.vms.names(&options).await?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The VM; a name that does not exist gets the nearest ones.
    pub(crate) async fn get(&self, name: &VmName) -> Result<Value> {
        self.known(name, self.vms.get_value(name.as_str()).await)
            .await
    }

    /// Adds the nearest names to the failure of a name that does not exist.
    pub(crate) async fn known<T>(&self, name: &VmName, result: Result<T, ApiError>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.vms.with_suggestions(name.as_str(), error).await),
        }
    }

    /// Follows an operation to its end and shows how far it is. An interrupt asks the server to cancel it.
    pub(crate) async fn follow(
        &self,
        operation: &str,
        label: &str,
        limit: Duration,
    ) -> Result<Operation> {
        let progress = self.cx.progress(label);
        let operations = self.api.operations();
        let followed = Box::pin(operations.follow(operation, Some(&progress), limit));
        let ended = with_farewell(followed, async || {
            progress.abort();
            progress.say(&Box::pin(self.leave(operation, label)).await);
        })
        .await?;
        progress.finish();
        Ok(ended)
    }

    /// Asks for the operation to be cancelled; answers what becomes of it.
    async fn leave(&self, operation: &str, label: &str) -> String {
        let operations = self.api.operations();
        let goes_on = format!("{label} goes on; follow it with: nova operation wait {operation}");
        let asked = tokio::time::timeout(ASKING, operations.cancel(operation)).await;
        if !matches!(asked, Ok(Ok(_))) {
            return goes_on;
        }
        let ended = match operations.follow(operation, None, CANCELLATION).await {
            Ok(ended) => ended,
            Err(ApiError::Operation(ended)) => *ended,
            Err(_) => return goes_on.replacen("goes on", "is being cancelled", 1),
        };
        if ended.phase() == OperationPhase::Succeeded {
            return format!("{label}: it was done before it could be cancelled");
        }
        let told = ended.status.and_then(|status| status.message);
        format!("{label}: {}", told.as_deref().unwrap_or("cancelled"))
    }

    /// Waits until the VM is as wanted.
    pub(crate) async fn until(
        &self,
        name: &VmName,
        until: &WaitFor,
        limit: Duration,
    ) -> Result<Option<Value>> {
        Ok(self.vms.wait(name.as_str(), until, None, limit).await?)
    }
}
