//! `nova config list-profiles` and `list-environments`: what the files define, and what is in force.

use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

/// List profiles
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config list-profiles\n\
\x20 nova config view --profile ci")]
pub(crate) struct ListProfilesArgs {}

/// List environments
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config list-environments\n\
\x20 nova config use-environment staging")]
pub(crate) struct ListEnvironmentsArgs {}

/// Profiles or environments.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scopes {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Row>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    current: bool,
    protected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    extends: Option<String>,
    keys: usize,
}

pub(crate) fn profiles(cx: &Cx, _: &ListProfilesArgs) -> Result<Scopes> {
    let current = cx.config()?.profile();
    scopes(cx, "profiles", "ProfileList", current)
}

pub(crate) fn environments(cx: &Cx, _: &ListEnvironmentsArgs) -> Result<Scopes> {
    let current = cx.config()?.environment();
    scopes(cx, "environments", "EnvironmentList", current)
}

fn scopes(cx: &Cx, section: &str, kind: &'static str, current: Option<&str>) -> Result<Scopes> {
    let config = cx.config()?;
    let row = |name: String| {
        let prefix = nova_core::config::join_path(&[section, &name]);
        let key = |key: &str| config.text(&format!("{prefix}.{key}"));
        let inside = format!("{prefix}.");
        Row {
            current: current == Some(name.as_str()),
            protected: key("protect").as_deref() == Some("true"),
            extends: key("extends"),
            keys: config
                .entries()
                .filter(|(key, _)| key.starts_with(&inside))
                .count(),
            name,
        }
    };
    Ok(Scopes {
        api_version: "nova.dev/v1",
        kind,
        items: config.names_in(section).into_iter().map(row).collect(),
    })
}

impl Render for Scopes {
    fn table(&self, table: &mut Table) {
        if self.items.is_empty() {
            let what = if self.kind == "ProfileList" {
                "profile"
            } else {
                "environment"
            };
            return table.line(format!(
                "No {what}s; make one with: nova config set --{what} NAME KEY VALUE"
            ));
        }
        table.headers(["current", "name", "protected", "extends", "keys"]);
        for row in &self.items {
            let mark = if row.current { "*" } else { "" };
            let extends = row.extends.as_deref().unwrap_or("<none>");
            let keys = row.keys.to_string();
            table.row([mark, &row.name, &row.protected.to_string(), extends, &keys]);
        }
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|row| row.name.clone()).collect()
    }
}
