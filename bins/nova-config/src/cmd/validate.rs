//! `nova config validate`: check configuration files.

use std::path::PathBuf;

use nova_core::config::{Config, parse_file_as};
use nova_core::{Cx, Failure, Globals, Kind, Render, Result, Table};
use serde::Serialize;

/// Check configuration files
///
/// Without a file, everything that is read is checked. Unknown keys are warnings.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config validate\n\
\x20 nova config validate ./nova.toml")]
pub(crate) struct ValidateArgs {
    /// File to check
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Unknown keys are faults; so they are where CI is set
    #[arg(long)]
    strict: bool,
}

/// The verdict; a fault is a failure instead.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Valid {
    api_version: &'static str,
    kind: &'static str,
    #[serde(rename = "valid")]
    passed: bool,
    keys: usize,
    warnings: Vec<String>,
}

pub(crate) fn run(cx: &Cx, args: &ValidateArgs) -> Result<Valid> {
    let (keys, warnings) = if let Some(path) = &args.file {
        let parsed = parse_file_as(path, cx.globals().lax)?.ok_or_else(|| {
            Failure::new(Kind::Config, format!("{} does not exist", path.display()))
        })?;
        (parsed.leaves.len(), parsed.unknown)
    } else {
        let globals = Globals {
            settings: Vec::new(),
            config: Vec::new(),
            ..cx.globals().clone()
        };
        let config = Config::load(cx.paths()?, &globals)?;
        check_references(&config)?;
        (config.entries().count(), config.warnings().to_vec())
    };
    if let Some(first) = warnings.first().filter(|_| args.strict || cx.terminal().ci) {
        return Err(Failure::new(Kind::Config, first)
            .with_hint("without --strict, unknown keys are only warnings"));
    }
    // Said on stderr, and once, whichever way they were found.
    for warning in &warnings {
        cx.warn(warning);
    }
    Ok(Valid {
        api_version: "nova.dev/v1",
        kind: "ConfigValidation",
        passed: true,
        keys,
        warnings,
    })
}

/// A context that names a cluster or user that is nowhere cannot work.
fn check_references(config: &Config) -> Result<()> {
    for context in config.contexts() {
        let missing = |what: &str, name: &str| {
            let message = format!(
                "context \"{}\" names the {what} \"{name}\", which is not configured",
                context.name
            );
            Err(Failure::new(Kind::Config, message)
                .with_hint(format!("add it with: nova config set-{what} {name} …")))
        };
        if let Some(name) = context
            .cluster
            .as_deref()
            .filter(|name| config.cluster(name).is_none())
        {
            return missing("cluster", name);
        }
        if let Some(name) = context
            .user
            .as_deref()
            .filter(|name| config.user(name).is_none())
        {
            return missing("user", name);
        }
    }
    Ok(())
}

impl Render for Valid {
    fn table(&self, table: &mut Table) {
        table.line(format!(
            "valid: {} keys, {} warnings",
            self.keys,
            self.warnings.len()
        ));
    }
}
