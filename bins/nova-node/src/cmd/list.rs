//! `nova node list`: the nodes of the cluster.

use nova_api::Api;
use nova_core::args::ListArgs;
use nova_core::{Cx, Listing, Result};

/// List nodes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova node list\n\
\x20 nova node list -o wide")]
pub(crate) struct ListNodesArgs {
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &ListNodesArgs) -> Result<Listing> {
    Api::connect(cx).await?.nodes().listing(cx, &args.list, &[])
}
