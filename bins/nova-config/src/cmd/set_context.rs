//! `nova config set-context`: make or change a context.

use nova_core::{Cx, Failure, Kind, Outcomes, Result};

use crate::document::{Document, outcome};

/// Create or change a context
///
/// Only what is named changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config set-context prod --cluster prod --user ana --namespace web\n\
\x20 nova config set-context --current --namespace web")]
pub(crate) struct SetContextArgs {
    /// Context; with --current the current one
    #[arg(value_name = "NAME", required_unless_present = "current")]
    name: Option<String>,

    /// Cluster to talk to
    #[arg(long)]
    cluster: Option<String>,

    /// User to talk as
    #[arg(long)]
    user: Option<String>,

    /// Change the current context, or make NAME the current one
    #[arg(long)]
    current: bool,
}

pub(crate) fn run(cx: &Cx, args: &SetContextArgs) -> Result<Outcomes> {
    let config = cx.config()?;
    let current = config
        .text("current_context")
        .filter(|name| !name.is_empty());
    let name = args.name.clone().or(current).ok_or_else(|| {
        Failure::new(Kind::NotFound, "no context is current")
            .with_hint("name one: nova config set-context NAME")
    })?;
    let namespace = cx.globals().namespace.as_deref();
    let mut document = Document::open(cx)?;
    let new = document.upsert("contexts", &name, |table| {
        let fields = [("cluster", &args.cluster), ("user", &args.user)];
        for (key, value) in fields {
            if let Some(value) = value {
                table.insert(key, value.as_str().into());
            }
        }
        if let Some(namespace) = namespace {
            table.insert("namespace", namespace.into());
        }
    })?;
    if args.current {
        document.set("current_context", name.as_str().into())?;
    }
    warn_missing(cx, args)?;
    let changed = document.save()?;
    Ok(outcome(
        "context",
        &name,
        if new { "created" } else { "changed" },
        changed,
    ))
}

fn warn_missing(cx: &Cx, args: &SetContextArgs) -> Result<()> {
    let config = cx.config()?;
    if let Some(name) = args
        .cluster
        .as_deref()
        .filter(|name| config.cluster(name).is_none())
    {
        cx.warn(&format!("cluster \"{name}\" is not configured yet; add it with: nova config set-cluster {name} --server URL"));
    }
    if let Some(name) = args
        .user
        .as_deref()
        .filter(|name| config.user(name).is_none())
    {
        cx.warn(&format!("user \"{name}\" is not configured yet; add it with: nova config set-user {name} --token-file FILE"));
    }
    Ok(())
}
