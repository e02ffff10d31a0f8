//! `nova node get`: chosen nodes.

use nova_api::client::ListingOptions;
use nova_api::{Api, NodeName};
use nova_core::{Cx, Listing, Result};

/// Show nodes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova node get host-1\n\
\x20 nova node get host-1 -o yaml")]
pub(crate) struct GetArgs {
    /// Nodes to show
    #[arg(value_name = "NAME", required = true)]
    names: Vec<NodeName>,

    /// Go on and print changes as they come
    #[arg(short, long)]
    watch: bool,
}

pub(crate) async fn run(cx: &Cx, args: &GetArgs) -> Result<Listing> {
    let names = args.names.iter().map(ToString::to_string).collect();
    let options = ListingOptions {
        names,
        watch: args.watch,
        ..ListingOptions::default()
    };
    Api::connect(cx).await?.nodes().listing_of(cx, options)
}
