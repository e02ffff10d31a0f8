//! `nova config delete-context`: remove a context.

use nova_core::{Cx, Failure, Kind, Outcomes, Result};

use crate::document::{Document, outcome};

/// Delete a context
///
/// Its cluster and user stay.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\x20 nova config delete-context old-lab")]
pub(crate) struct DeleteContextArgs {
    /// Context
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(cx: &Cx, args: &DeleteContextArgs) -> Result<Outcomes> {
    cx.config()?.context(Some(&args.name))?;
    let mut document = Document::open(cx)?;
    if !document.remove_named("contexts", &args.name)? {
        let message = format!(
            "context \"{}\" is not in your configuration file",
            args.name
        );
        return Err(Failure::new(Kind::NotFound, message)
            .with_hint("see where it comes from with: nova config view --origin"));
    }
    if cx.config()?.text("current_context").as_deref() == Some(args.name.as_str()) {
        document.unset("current_context");
        cx.warn("the current context was deleted; the local server is used now");
    }
    Ok(outcome("context", &args.name, "deleted", document.save()?))
}
