//! `nova config get`: one value.

use nova_core::config::nearest_key;
use nova_core::{Cx, Failure, Kind, Render, Result, Table};
use serde::Serialize;

use crate::cmd::export::insert;
use crate::redact::redact;

/// Print the value of one key
///
/// A table such as `global` is printed whole. Secrets are shown as REDACTED.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config get global.timeout")]
pub(crate) struct GetArgs {
    /// Dotted key
    #[arg(value_name = "KEY")]
    key: String,

    /// Show secrets as they are
    #[arg(long)]
    raw: bool,
}

/// The value, printed bare for people.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Got(toml::Value);

pub(crate) fn run(cx: &Cx, args: &GetArgs) -> Result<Got> {
    let config = cx.config()?;
    let shown = |key: &str, value: &toml::Value| {
        if args.raw {
            value.clone()
        } else {
            redact(key, value)
        }
    };
    if let Some(entry) = config.get(&args.key) {
        return Ok(Got(shown(&args.key, &entry.value)));
    }
    let prefix = format!("{}.", args.key.replace('-', "_"));
    let mut table = toml::Table::new();
    for (key, entry) in config.entries() {
        if let Some(rest) = key.strip_prefix(&prefix) {
            insert(&mut table, rest, shown(key, &entry.value))?;
        }
    }
    if !table.is_empty() {
        return Ok(Got(toml::Value::Table(table)));
    }
    let failure = Failure::new(Kind::NotFound, format!("`{}` is not set", args.key));
    Err(
        match nearest_key(&args.key).filter(|near| *near != args.key) {
            Some(near) => failure.with_hint(format!("did you mean \"{near}\"?")),
            None => failure.with_hint("list what is set with: nova config view --origin"),
        },
    )
}

impl Render for Got {
    fn is_reading(&self) -> bool {
        true
    }

    fn table(&self, table: &mut Table) {
        match &self.0 {
            toml::Value::String(text) => table.line(text),
            toml::Value::Table(inner) => inner
                .to_string()
                .trim_end()
                .lines()
                .for_each(|l| table.line(l)),
            other => table.line(other.to_string()),
        }
    }
}
