//! `nova config trust`: let the configuration file of a project run programs and choose servers.

use std::path::{Path, PathBuf};

use nova_core::config::{distrust, parse_file, project_file, sensitive, trust};
use nova_core::{Confirm, Context, Cx, Failure, Kind, Outcomes, Result, paths};

use crate::document::outcome;

/// Trust the configuration file of a project
///
/// Keys of a project file that run programs or choose servers and users are ignored until the file is
/// trusted. When such a key changes, it is ignored again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config trust\n\
\x20 nova config trust ~/src/project\n\
\x20 nova config trust --forget")]
pub(crate) struct TrustArgs {
    /// Directory of the project
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Trust it no longer
    #[arg(long)]
    forget: bool,
}

pub(crate) fn run(cx: &Cx, args: &TrustArgs) -> Result<Outcomes> {
    let file = file(args.dir.as_deref())?;
    let name = paths::display(&file);
    if args.forget {
        let known = distrust(cx.paths()?, &file)?;
        return Ok(outcome("project", &name, "no longer trusted", known));
    }
    let parsed = parse_file(&file)?.unwrap_or_default();
    let keys: Vec<String> = sensitive(&parsed.leaves)
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    cx.confirm(&Confirm {
        verb: "trust",
        targets: &keys,
        place: format!("of {name}"),
        bulk: true,
    })?;
    trust(cx.paths()?, &file, &parsed)?;
    Ok(outcome("project", &name, "trusted", true))
}

fn file(dir: Option<&Path>) -> Result<PathBuf> {
    let missing = || {
        Failure::new(Kind::NotFound, "there is no project file here or above")
            .with_hint("a project file is nova.toml or .nova/config.toml")
    };
    let Some(dir) = dir else {
        return project_file().ok_or_else(missing);
    };
    let doing = || format!("cannot read {}", dir.display());
    let dir = std::fs::canonicalize(dir).context(Kind::Config, doing)?;
    let files = ["nova.toml", ".nova/config.toml"].map(|name| dir.join(name));
    files
        .into_iter()
        .find(|file| file.is_file())
        .ok_or_else(missing)
}
