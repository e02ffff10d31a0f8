//! `nova namespace get`: chosen namespaces.

use nova_api::{Api, NamespaceName};
use nova_core::args::ListArgs;
use nova_core::{Cx, Listing, Result};

/// Show namespaces
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova namespace get default\n\
\x20 nova namespace get default -o yaml")]
pub(crate) struct GetArgs {
    /// Namespaces to show
    #[arg(value_name = "NAME", required = true)]
    names: Vec<NamespaceName>,

    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &GetArgs) -> Result<Listing> {
    let names: Vec<String> = args.names.iter().map(ToString::to_string).collect();
    let api = Api::connect(cx).await?;
    api.namespaces().listing(cx, &args.list, &names)
}
