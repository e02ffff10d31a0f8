//! `nova config get-contexts`: the contexts and which is current.

use nova_core::config::ContextConfig;
use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

/// List contexts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config get-contexts\n\
\x20 nova config get-contexts -o name")]
pub(crate) struct GetContextsArgs {}

/// The contexts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contexts {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<ContextRow>,
}

#[derive(Debug, Serialize)]
struct ContextRow {
    name: String,
    cluster: Option<String>,
    user: Option<String>,
    namespace: String,
    current: bool,
}

pub(crate) fn run(cx: &Cx, _: &GetContextsArgs) -> Result<Contexts> {
    let config = cx.config()?;
    let current = cx
        .globals()
        .context
        .clone()
        .or_else(|| config.text("current_context"));
    let row = |context: ContextConfig| ContextRow {
        current: current.as_deref() == Some(context.name.as_str()),
        name: context.name,
        cluster: context.cluster,
        user: context.user,
        namespace: context.namespace.unwrap_or_else(|| "default".to_owned()),
    };
    let items = config.contexts().into_iter().map(row).collect();
    Ok(Contexts {
        api_version: "nova.dev/v1",
        kind: "ContextList",
        items,
    })
}

impl Render for Contexts {
    fn table(&self, table: &mut Table) {
        if self.items.is_empty() {
            return table.line("No contexts; the local server is used");
        }
        table.headers(["current", "name", "cluster", "user", "namespace"]);
        for row in &self.items {
            let mark = if row.current { "*" } else { "" };
            let local = row.cluster.as_deref().unwrap_or("<local>");
            let user = row.user.as_deref().unwrap_or("<none>");
            table.row([mark, &row.name, local, user, &row.namespace]);
        }
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|row| row.name.clone()).collect()
    }
}
