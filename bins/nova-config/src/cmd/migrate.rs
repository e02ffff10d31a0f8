//! `nova config migrate`: bring the configuration file to the present version.

use std::path::{Path, PathBuf};

use nova_core::config::{VERSION, is_yaml, main_file, parse_text, yaml_table};
use nova_core::{Cx, Failure, Kind, Outcomes, Result, fs};

use crate::document::{outcome, parsed, write};
use crate::migration;

/// Bring your configuration file to the present version
///
/// The old file is kept beside the new one as config.toml.bak-vN. A config.yaml becomes a
/// config.toml.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config migrate --dry-run\n\
\x20 nova config migrate")]
pub(crate) struct MigrateArgs {
    /// Only show what would change
    #[arg(long, alias = "diff")]
    dry_run: bool,
}

pub(crate) fn run(cx: &Cx, args: &MigrateArgs) -> Result<Option<Outcomes>> {
    let path = main_file(&cx.paths()?.config);
    let name = nova_core::paths::display(&path);
    let Some(before) = fs::read_optional(&path)? else {
        return Ok(Some(outcome("config", &name, "migrated", false)));
    };
    // A broken or newer file is refused with its place.
    parse_text(&path, &before, false)?;
    let target = path.with_extension("toml");
    let (from, after) = migrated(&path, &before)?;
    parse_text(&target, &after, false)?;
    if args.dry_run {
        cx.print(&difference(&before, &after))?;
        return Ok(None);
    }
    if after == before {
        return Ok(Some(outcome("config", &name, "migrated", false)));
    }
    let kept = keep(&path, &before, from)?;
    write(&target, &after)?;
    if target != path {
        std::fs::remove_file(&path).map_err(|error| fs::write_failure(&path, &error))?;
    }
    let kept = nova_core::paths::display(&kept);
    let word = format!("migrated to version {VERSION} (the old one is {kept})");
    Ok(Some(outcome("config", &name, &word, true)))
}

/// The version that the file had, and its text in the present one.
fn migrated(path: &Path, before: &str) -> Result<(i64, String)> {
    if is_yaml(path) {
        let mut table =
            yaml_table(before).map_err(|(_, message)| Failure::new(Kind::Config, message))?;
        table.remove("version");
        return Ok((0, migration::run(&table.to_string())?));
    }
    let from = parsed(before)?
        .get("version")
        .and_then(toml::Value::as_integer);
    Ok((from.unwrap_or(0), migration::run(before)?))
}

/// Keeps the old file under a name that is free.
fn keep(path: &Path, text: &str, version: i64) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let first = path.with_file_name(format!("{name}.bak-v{version}"));
    let others = (2..).map(|n| path.with_file_name(format!("{name}.bak-v{version}.{n}")));
    let kept = std::iter::once(first)
        .chain(others)
        .find(|kept| !kept.exists())
        .unwrap_or_else(|| path.with_extension("bak"));
    fs::save(&kept, text.as_bytes(), fs::PRIVATE)?;
    Ok(kept)
}

fn difference(before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    diff.unified_diff().header("now", "migrated").to_string()
}
