//! `nova image delete`: remove images.

use std::time::Duration;

use nova_api::Image;
use nova_api::client::{Api, DeleteOptions, Deleted, Resources, WaitFor};
use nova_core::{Change, Confirm, Cx, Outcomes, Result};

use crate::cmd::get::read_names;
use crate::place::{place_of, places};
use crate::publish::outcome;

const LIMIT: Duration = Duration::from_mins(1);

/// Delete images
///
/// The server refuses while VMs were made from the image. An image that the namespace does not
/// have is looked up in namespace public.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova image delete debian-12 --yes")]
pub(crate) struct DeleteArgs {
    /// Images to delete; - reads names from standard input
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    /// An image that is not there counts as deleted
    #[arg(long)]
    ignore_not_found: bool,

    /// Let the server check, but delete nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(cx: &Cx, args: &DeleteArgs) -> Result<Outcomes> {
    let names = read_names(&args.names)?;
    let api = Api::connect(cx).await?;
    let places = places(cx, &api);
    let mut targets = Vec::new();
    for name in names {
        targets.push((place_of(&places, &name).await?, name));
    }
    if !args.dry_run {
        confirm(cx, &targets)?;
    }
    let mut outcomes = Vec::new();
    for (place, name) in &targets {
        outcomes.push(outcome(name, delete(cx, args, place, name).await, None));
    }
    Ok(Outcomes::new(outcomes))
}

fn confirm(cx: &Cx, targets: &[(Resources<Image>, String)]) -> Result<()> {
    let place = targets
        .first()
        .and_then(|(place, _)| place.namespace())
        .unwrap_or_default();
    let same = targets
        .iter()
        .all(|(other, _)| other.namespace() == Some(place));
    let shown = |(place, name): &(Resources<Image>, String)| match place.namespace() {
        Some(namespace) if !same => format!("image/{name} (in {namespace})"),
        _ => format!("image/{name}"),
    };
    cx.confirm(&Confirm {
        verb: "delete",
        targets: &targets.iter().map(shown).collect::<Vec<_>>(),
        place: if same {
            format!("in namespace {place}")
        } else {
            String::new()
        },
        bulk: false,
    })
}

async fn delete(
    cx: &Cx,
    args: &DeleteArgs,
    place: &Resources<Image>,
    name: &str,
) -> Result<Change> {
    let options = DeleteOptions {
        dry_run: args.dry_run,
        ..DeleteOptions::default()
    };
    match place.delete(name, &options).await {
        Err(error) if error.is_not_found() && args.ignore_not_found => Ok(Change::Unchanged),
        Err(error) => Err(place.with_suggestions(name, error).await),
        Ok(_) if args.dry_run => Ok(Change::WouldDo("deleted".to_owned(), "server")),
        Ok(Deleted::Gone) => Ok(Change::done("deleted")),
        Ok(Deleted::Finalizing(_)) => {
            place
                .wait(name, &WaitFor::Delete, None, cx.timeout_or(LIMIT))
                .await?;
            Ok(Change::done("deleted"))
        }
    }
}
