//! `nova config current-context`: the context in force.

use nova_core::{Cx, Failure, Kind, Render, Result, Table};
use serde::Serialize;

/// Print the name of the current context
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\x20 nova config current-context")]
pub(crate) struct CurrentContextArgs {}

/// The name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Current {
    api_version: &'static str,
    kind: &'static str,
    name: String,
}

pub(crate) fn run(cx: &Cx, _: &CurrentContextArgs) -> Result<Current> {
    match cx.config()?.context(cx.globals().context.as_deref())? {
        Some(context) => Ok(Current {
            api_version: "nova.dev/v1",
            kind: "Context",
            name: context.name,
        }),
        None => Err(Failure::new(
            Kind::NotFound,
            "no context is set; the local server is used",
        )
        .with_hint("make one with: nova config set-context NAME --cluster CLUSTER --current")),
    }
}

impl Render for Current {
    fn table(&self, table: &mut Table) {
        table.line(&self.name);
    }

    fn names(&self) -> Vec<String> {
        vec![self.name.clone()]
    }
}
