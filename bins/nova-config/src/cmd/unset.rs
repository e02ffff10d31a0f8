//! `nova config unset`: remove one key.

use nova_core::{Cx, Failure, Kind, Outcomes, Result};

use crate::document::{Document, outcome};

/// Remove one key from your configuration file
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config unset defaults.memory")]
pub(crate) struct UnsetArgs {
    /// Dotted key
    #[arg(value_name = "KEY")]
    key: String,
}

pub(crate) fn run(cx: &Cx, args: &UnsetArgs) -> Result<Outcomes> {
    let mut document = Document::open(cx)?;
    let removed = document.unset(&args.key) || document.unset(&args.key.replace('-', "_"));
    if !removed {
        let message = format!("`{}` is not set in your configuration file", args.key);
        return Err(Failure::new(Kind::NotFound, message)
            .with_hint("see where it comes from with: nova config view --origin"));
    }
    Ok(outcome("key", &args.key, "unset", document.save()?))
}
