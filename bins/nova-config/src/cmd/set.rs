//! `nova config set`: change one key.

use nova_core::config::{KEYS, find_key};
use nova_core::{Cx, Outcomes, Result, suggest};

use crate::document::{Document, outcome, value_of};

/// Set one key in your configuration file
///
/// Comments and order of the file stay as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config set defaults.memory 1Gi\n\
\x20 nova config set global.retry_attempts 5")]
pub(crate) struct SetArgs {
    /// Dotted key
    #[arg(value_name = "KEY")]
    key: String,

    /// Value; text needs no quotes
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: String,
}

pub(crate) fn run(cx: &Cx, args: &SetArgs) -> Result<Outcomes> {
    let key = args.key.replace('-', "_");
    let key = find_key(&key).map_or(key.as_str(), |known| known.name);
    let value = value_of(key, &args.value)?;
    warn_unknown(cx, key);
    let mut document = Document::open(cx)?;
    document.set(key, value)?;
    Ok(outcome("key", key, "set", document.save()?))
}

fn warn_unknown(cx: &Cx, key: &str) {
    let open = key.contains('.') && !key.starts_with("global.") && !key.starts_with("defaults.");
    if find_key(key).is_some() || open {
        return;
    }
    let hint = suggest::hint(key, KEYS.iter().map(|known| known.name)).unwrap_or_default();
    cx.warn(format!("`{key}` is not a key that nova knows; {hint}").trim_end_matches("; "));
}
