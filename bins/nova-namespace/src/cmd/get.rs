//! `nova namespace get`: chosen namespaces.

use nova_api::client::ListingOptions;
use nova_api::{Api, NamespaceName};
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
    Api::connect(cx).await?.namespaces().listing_of(cx, options)
}
