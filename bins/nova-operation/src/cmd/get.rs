//! `nova operation get`: chosen operations.

use nova_api::client::ListingOptions;
use nova_api::{Api, OperationName};
use nova_core::{Cx, Listing, Result};

/// Show operations
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova operation get 019d2f3a-7c10-7e52-9b1f-0a3c5d7e9f11\n\
\x20 nova operation get 019d2f3a-7c10-7e52-9b1f-0a3c5d7e9f11 -o yaml")]
pub(crate) struct GetArgs {
    /// Operations to show
    #[arg(value_name = "NAME", required = true)]
    names: Vec<OperationName>,

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
    Api::connect(cx).await?.operations().listing_of(cx, options)
}
