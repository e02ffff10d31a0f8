//! `nova cluster info`: what the cluster is.

use nova_api::Api;
use nova_api::client::ServerOrigin;
use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

use super::Document;

/// Show what the cluster is: server, engine, features
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova cluster info\n\
\x20 nova cluster info -o json")]
pub(crate) struct InfoArgs {}

/// What the server says about itself, and how it was reached.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Info {
    document: Document,
    #[serde(skip)]
    endpoint: String,
    #[serde(skip)]
    origin: String,
}

pub(crate) async fn run(cx: &Cx, _args: &InfoArgs) -> Result<Info> {
    let api = Api::connect(cx).await?;
    let document = Document(api.document("/apis/nova.dev/v1/cluster").await?);
    let origin = match api.origin() {
        ServerOrigin::Explicit => "named by --endpoint or NOVA_ENDPOINT".to_owned(),
        ServerOrigin::Context(name) => format!("cluster of context {name}"),
        ServerOrigin::Local if api.is_on_demand() => "started on demand".to_owned(),
        ServerOrigin::Local => "started by hand".to_owned(),
        ServerOrigin::System => "server of this machine".to_owned(),
    };
    Ok(Info {
        document,
        endpoint: api.http().endpoint().to_string(),
        origin,
    })
}

impl Render for Info {
    fn table(&self, table: &mut Table) {
        let text = |pointer: &str| self.document.text(pointer);
        table.pair("Endpoint", format!("{} ({})", self.endpoint, self.origin));
        table.pair("Server", text("/serverVersion"));
        table.pair("Started", text("/startedAt"));
        table.pair("Engine", text("/engine"));
        table.pair("Versions", text("/versions"));
        table.pair("Features", text("/features"));
        table.pair("Nodes", text("/nodes"));
        table.pair("Namespaces", text("/namespaces"));
        table.pair("Data", text("/dataDir"));
    }
}
