//! `nova vm events`: what happened to virtual machines.

use nova_api::client::Api;
use nova_api::{Event, VmName};
use nova_core::args::ListArgs;
use nova_core::{Cx, Listing, Result};

/// Show what happened to VMs
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm events web-1\n\
\x20 nova vm events -w --type Warning")]
pub(crate) struct EventsArgs {
    /// Only events of this VM
    #[arg(value_name = "NAME")]
    name: Option<VmName>,

    /// Only events of this type: Normal or Warning
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    event_type: Option<String>,

    #[command(flatten)]
    list: ListArgs,
}

fn parse_type(text: &str) -> Result<String, String> {
    match text.to_lowercase().as_str() {
        "normal" => Ok("Normal".to_owned()),
        "warning" => Ok("Warning".to_owned()),
        _ => Err("known are Normal and Warning".to_owned()),
    }
}

pub(crate) async fn run(cx: &Cx, args: &EventsArgs) -> Result<Listing> {
    let api = Api::connect(cx).await?;
    let mut list = args.list.clone();
    let mut terms = vec!["involvedObject.kind=VirtualMachine".to_owned()];
    terms.extend(list.field_selector.take());
    terms.extend(
        args.name
            .as_ref()
            .map(|name| format!("involvedObject.name={name}")),
    );
    terms.extend(args.event_type.as_ref().map(|kind| format!("type={kind}")));
    list.field_selector = Some(terms.join(","));
    api.resource::<Event>().listing(cx, &list, &[])
}
