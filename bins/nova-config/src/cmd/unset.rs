//! `nova config unset`: remove one key.

use nova_core::{Cx, Failure, Kind, Outcomes, Result};

use crate::document::{Document, Scope, key_to_change, outcome};

/// Remove one key from your configuration file
///
/// Comments and order of the rest stay as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config unset defaults.memory\n\
\x20 nova config unset --environment prod protect")]
pub(crate) struct UnsetArgs {
    /// Dotted key
    #[arg(value_name = "KEY")]
    key: String,

    /// File to change: user, project, system
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    scope: Scope,
}

pub(crate) fn run(cx: &Cx, args: &UnsetArgs) -> Result<Outcomes> {
    let mut document = Document::open_in(cx, args.scope)?;
    let key = key_to_change(cx, &args.key);
    // An alias such as `defaults.output` may be what the file has.
    if !document.unset(&key) && !document.unset(&args.key) {
        let file = nova_core::paths::display(document.path());
        return Err(
            Failure::new(Kind::NotFound, format!("`{key}` is not set in {file}"))
                .with_hint("see where it comes from with: nova config view --origin"),
        );
    }
    Ok(outcome("key", &key, "unset", document.save()?))
}
