//! `nova vm get`: named virtual machines.

use nova_core::args::{ListArgs, names_with_stdin};
use nova_core::{Cx, Failure, Item, Listing, Result};
use serde_json::Value;

use crate::session::Session;
use crate::targets::spelled_out;

/// Show VMs
///
/// Without a name, all VMs of the namespace.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm get web-1\n\
\x20 nova vm get web-1 -o yaml --export > web-1.yaml\n\
\x20 nova vm get web-1 web-2 -w")]
pub(crate) struct GetArgs {
    /// VMs to show; - reads names from standard input
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Leave out what the server fills in, so that the result can be created again
    #[arg(long)]
    export: bool,

    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &GetArgs) -> Result<Listing> {
    let typed = names_with_stdin(&args.names)?;
    not_mixed(&typed)?;
    let session = Session::open(cx).await?;
    let names = spelled_out(&session, &typed).await?;
    let mut listing = session.vms.listing(cx, &args.list, &names)?;
    if args.export {
        listing.items = Box::new(listing.items.map(|item| item.and_then(exported)));
    }
    Ok(listing)
}

/// `vm/a b` leaves open what `b` is, so it is as wrong here as in kubectl.
fn not_mixed(names: &[String]) -> Result<()> {
    let bare = names.iter().find(|name| !name.contains('/'));
    match (bare, names.iter().find(|name| name.contains('/'))) {
        (Some(bare), Some(full)) => Err(Failure::usage(format!(
            "`{full}` names its kind and `{bare}` does not; write all names one way"
        ))),
        _ => Ok(()),
    }
}

fn exported(item: Item) -> Result<Item> {
    let Item::Row(mut row) = item else {
        return Ok(item);
    };
    if let Some(object) = row.object.take() {
        row.object = Some(object.changed(bare)?);
    }
    Ok(Item::Row(row))
}

fn bare(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| {
            matches!(
                key.as_str(),
                "name" | "namespace" | "labels" | "annotations"
            )
        });
    }
}
