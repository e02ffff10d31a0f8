//! `nova config rename-context`: give a context another name.

use nova_core::{Cx, Failure, Kind, Outcomes, Result};
use toml_edit::Item;

use crate::document::{Document, outcome};

/// Rename a context
///
/// Its cluster, user and settings stay, and it stays the current one if it was.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config rename-context old new")]
pub(crate) struct RenameContextArgs {
    /// Context to rename
    #[arg(value_name = "OLD")]
    old: String,

    /// Its new name
    #[arg(value_name = "NEW")]
    new: String,
}

pub(crate) fn run(cx: &Cx, args: &RenameContextArgs) -> Result<Outcomes> {
    let config = cx.config()?;
    let (old, new) = (args.old.as_str(), args.new.as_str());
    config.context(Some(old))?;
    if new.trim().is_empty() {
        return Err(Failure::usage("the new name is empty"));
    }
    if old != new && config.contexts().iter().any(|context| context.name == new) {
        let message = format!("context \"{new}\" exists already");
        return Err(Failure::new(Kind::Conflict, message).with_hint(format!(
            "delete it first with: nova config delete-context {new}"
        )));
    }
    let mut document = Document::open(cx)?;
    rename(&mut document, old, new)?;
    if document.text().text_of("current_context") == Some(old) {
        document.set("current_context", new.into())?;
    }
    Ok(outcome(
        "context",
        new,
        &format!("renamed from {old}"),
        document.save()?,
    ))
}

fn rename(document: &mut Document, old: &str, new: &str) -> Result<()> {
    let added = document.upsert("contexts", old, |table| {
        if let Some(Item::Value(name)) = table.get_mut("name") {
            let decor = name.decor().clone();
            *name = new.into();
            *name.decor_mut() = decor;
        }
    })?;
    if added {
        // It comes from another file; nothing is saved.
        let message = format!("context \"{old}\" is not in your configuration file");
        return Err(Failure::new(Kind::NotFound, message)
            .with_hint("see where it comes from with: nova config view --origin"));
    }
    Ok(())
}
