//! `nova cluster health`: whether everything is as it should be.

use nova_api::Api;
use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

use super::{Document, none, shown};

/// Check whether the cluster is healthy; exits 1 when it is not
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova cluster health\n\
\x20 nova cluster health --quiet || echo degraded")]
pub(crate) struct HealthArgs {}

/// The checks and their verdict.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Health(Document);

pub(crate) async fn run(cx: &Cx, _args: &HealthArgs) -> Result<Health> {
    let api = Api::connect(cx).await?;
    Ok(Health(Document(
        api.document("/apis/nova.dev/v1/cluster/health").await?,
    )))
}

impl Render for Health {
    fn table(&self, table: &mut Table) {
        table.headers(["Check", "State", "Message"]);
        for check in self.0.list("checks") {
            let cell = |pointer: &str| check.pointer(pointer).map_or_else(none, shown);
            let state = if check["healthy"] == true {
                "ok"
            } else {
                "failed"
            };
            table.row([cell("/name"), state.to_owned(), cell("/message")]);
        }
    }

    fn verdict(&self) -> Option<u8> {
        (self.0.text("/healthy") != "true").then_some(1)
    }
}
