//! `nova auth whoami`: who the server takes us for.

use nova_api::{Api, WhoAmI};
use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

/// Show who you are to the server
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova auth whoami\n\
\x20 nova auth whoami --context prod -o json")]
pub(crate) struct WhoamiArgs {}

/// The answer, and where it comes from.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Shown {
    who: WhoAmI,
    #[serde(skip)]
    endpoint: String,
}

pub(crate) async fn run(cx: &Cx, _args: &WhoamiArgs) -> Result<Shown> {
    let api = Api::connect(cx).await?;
    Ok(Shown {
        who: api.whoami().await?,
        endpoint: api.http().endpoint().to_string(),
    })
}

impl Render for Shown {
    fn table(&self, table: &mut Table) {
        let who = &self.who;
        table.pair("User", &who.user);
        table.pair("Role", &who.role);
        if let Some(namespaces) = &who.namespaces {
            table.pair("Namespaces", namespaces.join(","));
        }
        if !who.scopes.is_empty() {
            table.pair("Scopes", who.scopes.join(","));
        }
        if let Some(token) = &who.token {
            table.pair("Token", format!("{} (nova_{}…)", token.name, token.id));
        }
        if let Some(time) = &who.expires_at {
            table.pair("Expires", time.as_str());
        }
        table.pair("Server", &self.endpoint);
    }

    fn names(&self) -> Vec<String> {
        vec![format!("user.nova.dev/{}", self.who.user)]
    }
}
