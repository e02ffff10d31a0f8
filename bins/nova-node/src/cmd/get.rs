//! `nova node get`: chosen nodes.

use nova_api::{Api, NodeName};
use nova_core::args::ListArgs;
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

    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &GetArgs) -> Result<Listing> {
    let names: Vec<String> = args.names.iter().map(ToString::to_string).collect();
    let api = Api::connect(cx).await?;
    api.nodes().listing(cx, &args.list, &names)
}
