//! `nova config export`: the configuration for another place or program.

use std::path::PathBuf;

use nova_core::config::{Config, split_path};
use nova_core::{Context, Cx, Failure, Kind, Result, fs};
use toml::{Table, Value};

use crate::redact::without_secrets;
use crate::yaml_out;

/// Print what your configuration files say, in one piece
///
/// Defaults, variables and flags are left out, and so are secrets unless --raw asks for them. YAML has
/// the kube-style layout with current-context, contexts, clusters and users.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config export --format yaml\n\
\x20 nova config export --raw --file backup.toml")]
pub(crate) struct ExportArgs {
    /// Format: toml, yaml, json
    #[arg(long, value_name = "FORMAT", default_value = "toml", value_parser = ["toml", "yaml", "json"], hide_possible_values = true)]
    format: String,

    /// Write to this file, which only you can read
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Include tokens and keys
    #[arg(long)]
    raw: bool,
}

pub(crate) fn run(cx: &Cx, args: &ExportArgs) -> Result<()> {
    let mut table = of_files(cx)?;
    if !args.raw && without_secrets(&mut table) {
        cx.note("secrets are left out; --raw includes them");
    }
    let text = match args.format.as_str() {
        "yaml" => yaml_out::text_of(&table)?,
        "json" => {
            serde_json::to_string_pretty(&table).context(Kind::Internal, || "encoding".into())?
                + "\n"
        }
        _ => table.to_string(),
    };
    match &args.file {
        Some(file) => {
            let doing = || format!("cannot use {}", file.display());
            let path = std::path::absolute(file).context(Kind::Config, doing)?;
            fs::write_atomic(&path, text.as_bytes(), fs::PRIVATE)
                .map_err(|error| fs::write_failure(&path, &error))
        }
        None => cx.print(&text),
    }
}

/// What files say, nested.
fn of_files(cx: &Cx) -> Result<Table> {
    let mut root = Table::new();
    root.insert(
        "version".to_owned(),
        Value::Integer(nova_core::config::VERSION),
    );
    for (key, entry) in Config::of_files(cx.paths()?, cx.globals())?.entries() {
        insert(&mut root, key, entry.value.clone())?;
    }
    Ok(root)
}

/// Puts a dotted key into nested tables.
pub(crate) fn insert(root: &mut Table, key: &str, value: Value) -> Result<()> {
    let mut names = split_path(key);
    let last = names.pop().unwrap_or_default();
    let mut table = root;
    for name in names {
        let made = table
            .entry(name)
            .or_insert_with(|| Value::Table(Table::new()));
        table = made.as_table_mut().ok_or_else(|| {
            Failure::new(
                Kind::Config,
                format!("`{key}` is below a key that has a value"),
            )
        })?;
    }
    table.insert(last, value);
    Ok(())
}
