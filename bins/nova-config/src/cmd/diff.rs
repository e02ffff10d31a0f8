//! `nova config diff`: what two profiles set differently.

use std::collections::BTreeSet;

use nova_core::config::Config;
use nova_core::{Cx, Globals, Render, Result, Table};
use serde::Serialize;

use crate::redact::redact;

/// Compare two profiles
///
/// Exit code 1 when they differ. An empty name is the configuration without any profile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config diff ci laptop\n\
\x20 nova config diff '' ci")]
pub(crate) struct DiffArgs {
    /// First profile
    #[arg(value_name = "PROFILE")]
    left: String,

    /// Second profile
    #[arg(value_name = "PROFILE")]
    right: String,
}

/// Keys whose values differ.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Differences {
    api_version: &'static str,
    kind: &'static str,
    left: String,
    right: String,
    items: Vec<Difference>,
}

#[derive(Debug, Serialize)]
struct Difference {
    key: String,
    left: Option<toml::Value>,
    right: Option<toml::Value>,
}

pub(crate) fn run(cx: &Cx, args: &DiffArgs) -> Result<Differences> {
    let load = |profile: &str| {
        let globals = Globals {
            profile: Some(profile.to_owned()),
            ..cx.globals().clone()
        };
        Config::load(cx.paths()?, &globals)
    };
    let (left, right) = (load(&args.left)?, load(&args.right)?);
    let keys: BTreeSet<&str> = left
        .entries()
        .chain(right.entries())
        .map(|(key, _)| key)
        .collect();
    let value = |config: &Config, key: &str| config.get(key).map(|entry| redact(key, &entry.value));
    let items = keys.into_iter().filter_map(|key| {
        let differ = left.get(key).map(|e| &e.value) != right.get(key).map(|e| &e.value);
        differ.then(|| Difference {
            key: key.to_owned(),
            left: value(&left, key),
            right: value(&right, key),
        })
    });
    Ok(Differences {
        api_version: "nova.dev/v1",
        kind: "ConfigDifferences",
        left: args.left.clone(),
        right: args.right.clone(),
        items: items.collect(),
    })
}

impl Render for Differences {
    fn table(&self, table: &mut Table) {
        if self.items.is_empty() {
            return table.line("no differences");
        }
        let title = |name: &String| {
            if name.is_empty() {
                "no profile".to_owned()
            } else {
                name.clone()
            }
        };
        table.headers(["key".to_owned(), title(&self.left), title(&self.right)]);
        for item in &self.items {
            let shown = |value: &Option<toml::Value>| {
                value
                    .as_ref()
                    .map_or_else(|| "<none>".to_owned(), ToString::to_string)
            };
            table.row([item.key.clone(), shown(&item.left), shown(&item.right)]);
        }
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|item| item.key.clone()).collect()
    }

    fn verdict(&self) -> Option<u8> {
        (!self.items.is_empty()).then_some(1)
    }
}
