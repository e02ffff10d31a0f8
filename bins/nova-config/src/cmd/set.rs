//! `nova config set`: change one key.

use nova_core::config::{is_known, nearest_key};
use nova_core::{Cx, Failure, Kind, Outcomes, Result};

use crate::document::{Document, Scope, key_to_change, outcome};
use crate::text::value_of;

/// Set one key in your configuration file
///
/// Comments and order of the file stay as they are. With --profile or --environment the key is set
/// for that profile or environment only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config set defaults.memory 1Gi\n\
\x20 nova config set global.retry_attempts 5\n\
\x20 nova config set --environment prod protect true")]
pub(crate) struct SetArgs {
    /// Dotted key
    #[arg(value_name = "KEY")]
    key: String,

    /// Value; text needs no quotes
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: String,

    /// File to change: user, project, system
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    scope: Scope,

    /// Store a key that nova does not know
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(cx: &Cx, args: &SetArgs) -> Result<Outcomes> {
    let key = key_to_change(cx, &args.key);
    if !args.force && !is_known(&key) {
        return Err(unknown(&args.key, &key));
    }
    let value = value_of(&key, &args.value)?;
    let mut document = Document::open_in(cx, args.scope)?;
    document.set(&key, value)?;
    Ok(outcome("key", &key, "set", document.save()?))
}

fn unknown(typed: &str, key: &str) -> Failure {
    let failure = Failure::new(
        Kind::Config,
        format!("`{typed}` is not a key that nova knows"),
    );
    let failure = match nearest_key(key) {
        Some(near) => failure.with_hint(format!("did you mean `{near}`?")),
        None => failure.with_hint("list the keys with: nova config schema"),
    };
    failure.with_hint("store it anyway by adding: --force")
}
