//! `nova namespace list`: the namespaces of the cluster.

use nova_api::Api;
use nova_core::args::ListArgs;
use nova_core::{Cx, Listing, Result};

/// List namespaces
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova namespace list\n\
\x20 nova namespace list --selector team=web -o name")]
pub(crate) struct ListNamespacesArgs {
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &ListNamespacesArgs) -> Result<Listing> {
    Api::connect(cx)
        .await?
        .namespaces()
        .listing(cx, &args.list, &[])
}
