//! `nova config view`: the merged configuration.

use nova_core::config::{Config, Entry};
use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

use crate::cmd::export::insert;
use crate::redact::redact;

/// Show the merged configuration
///
/// Secrets are shown as REDACTED. With --origin every key says which file, variable, context or flag it
/// comes from, and which others that hides.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config view\n\
\x20 nova config view --origin\n\
\x20 nova config view --environment prod -o yaml")]
pub(crate) struct ViewArgs {
    /// Show where each value comes from and what it hides
    #[arg(long)]
    origin: bool,

    /// Show secrets as they are
    #[arg(long)]
    raw: bool,
}

/// Every key with its origin.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Origins {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<OriginRow>,
}

#[derive(Debug, Serialize)]
struct OriginRow {
    key: String,
    value: toml::Value,
    origin: String,
    shadowed: Vec<String>,
}

pub(crate) fn run(cx: &Cx, args: &ViewArgs) -> Result<()> {
    let config = cx.config()?;
    let shown = |key: &str, entry: &Entry| {
        if args.raw {
            entry.value.clone()
        } else {
            redact(key, &entry.value)
        }
    };
    if args.origin {
        let row = |(key, entry): (&str, &Entry)| OriginRow {
            key: key.to_owned(),
            value: shown(key, entry),
            origin: entry.origin.to_string(),
            shadowed: entry.shadowed.iter().map(ToString::to_string).collect(),
        };
        let items = config.entries().map(row).collect();
        return cx.emit(&Origins {
            api_version: "nova.dev/v1",
            kind: "ConfigOrigins",
            items,
        });
    }
    cx.emit(&View(nested(config, shown)?))
}

/// The merged configuration as one document; people read it as TOML.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct View(toml::Table);

impl Render for View {
    fn is_reading(&self) -> bool {
        true
    }

    fn table(&self, table: &mut Table) {
        self.0
            .to_string()
            .trim_end()
            .lines()
            .for_each(|line| table.line(line));
    }
}

impl Render for Origins {
    fn is_reading(&self) -> bool {
        true
    }

    fn table(&self, table: &mut Table) {
        table.headers(["key", "value", "origin", "hides"]);
        for row in &self.items {
            let hides = row.shadowed.join(", ");
            table.row([&row.key, &row.value.to_string(), &row.origin, &hides]);
        }
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|row| row.key.clone()).collect()
    }
}

fn nested(config: &Config, shown: impl Fn(&str, &Entry) -> toml::Value) -> Result<toml::Table> {
    let mut root = toml::Table::new();
    for (key, entry) in config.entries() {
        insert(&mut root, key, shown(key, entry))?;
    }
    Ok(root)
}
