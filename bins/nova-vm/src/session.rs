//! The VMs of one namespace on one server, as the verbs use them.

use std::time::Duration;

use nova_api::client::{Api, ApiError, ListOptions, Resources, WaitFor};
use nova_api::{Operation, VirtualMachine, VmName};
use nova_core::{Cx, Failure, Result};
use serde_json::Value;

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
        let options = ListOptions {
            selector,
            ..ListOptions::default()
        };
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

    /// Follows an operation to its end and shows how far it is.
    pub(crate) async fn follow(
        &self,
        operation: &str,
        label: &str,
        limit: Duration,
    ) -> Result<Operation> {
        let progress = self.cx.progress(label);
        let ended = self
            .api
            .operations()
            .follow(operation, Some(&progress), limit)
            .await;
        progress.finish();
        Ok(ended?)
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
