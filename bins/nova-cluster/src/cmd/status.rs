//! `nova cluster status`: what runs and what is used.

use nova_api::Api;
use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;
use serde_json::Value;

use super::{Document, none, shown};

/// Show what runs in the cluster and what it uses
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova cluster status\n\
\x20 nova cluster status -o json")]
pub(crate) struct StatusArgs {}

/// What runs, by node and kind.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Status(Document);

pub(crate) async fn run(cx: &Cx, _args: &StatusArgs) -> Result<Status> {
    let api = Api::connect(cx).await?;
    Ok(Status(Document(
        api.document("/apis/nova.dev/v1/cluster/status").await?,
    )))
}

impl Render for Status {
    fn table(&self, table: &mut Table) {
        table.headers(["Node", "Phase", "VMs", "CPU", "Memory"]);
        for node in self.0.list("nodes") {
            let cell = |pointer: &str| node.pointer(pointer).map_or_else(none, shown);
            let share = |what: &str| share(node, what);
            table.row([
                cell("/name"),
                cell("/phase"),
                cell("/vmCount"),
                share("cpu"),
                share("memory"),
            ]);
        }
        table.line(String::new());
        for (kind, title) in [
            ("virtualMachines", "Virtual machines"),
            ("images", "Images"),
            ("operations", "Operations"),
        ] {
            table.line(format!("{title}: {}", self.0.text(&format!("/{kind}"))));
        }
    }
}

/// What machines took of what the node has.
fn share(node: &Value, what: &str) -> String {
    let amount = |part: &str| {
        node.pointer(&format!("/{part}/{what}"))
            .map_or_else(|| "0".to_owned(), shown)
    };
    format!("{}/{}", amount("allocated"), amount("capacity"))
}
