//! `nova config use-context`: choose the context used when none is named.

use nova_core::{Cx, Outcomes, Result};

use crate::document::{Document, outcome};

/// Make a context the current one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config use-context prod")]
pub(crate) struct UseContextArgs {
    /// Context
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(cx: &Cx, args: &UseContextArgs) -> Result<Outcomes> {
    cx.config()?.context(Some(&args.name))?;
    let mut document = Document::open(cx)?;
    document.set("current_context", args.name.as_str().into())?;
    Ok(outcome("context", &args.name, "selected", document.save()?))
}
