//! `nova config get`: one value.

use nova_core::config::KEYS;
use nova_core::{Cx, Failure, Kind, Render, Result, Table, suggest};
use serde::Serialize;

/// Print the value of one key
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config get global.timeout")]
pub(crate) struct GetArgs {
    /// Dotted key
    #[arg(value_name = "KEY")]
    key: String,
}

/// The value, printed bare for people.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Got(toml::Value);

pub(crate) fn run(cx: &Cx, args: &GetArgs) -> Result<Got> {
    let config = cx.config()?;
    if let Some(entry) = config.get(&args.key) {
        return Ok(Got(entry.value.clone()));
    }
    let prefix = format!("{}.", args.key.replace('-', "_"));
    let mut table = toml::Table::new();
    for (key, entry) in config.entries() {
        if let Some(rest) = key.strip_prefix(&prefix) {
            table.insert(rest.to_owned(), entry.value.clone());
        }
    }
    if !table.is_empty() {
        return Ok(Got(toml::Value::Table(table)));
    }
    let failure = Failure::new(Kind::NotFound, format!("`{}` is not set", args.key));
    Err(
        match suggest::hint(&args.key, KEYS.iter().map(|key| key.name)) {
            Some(hint) => failure.with_hint(hint),
            None => failure.with_hint("list what is set with: nova config view --origin"),
        },
    )
}

impl Render for Got {
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
