//! `nova operation list`: what goes on and what went on.

use nova_api::Api;
use nova_core::args::ListArgs;
use nova_core::{Cx, Listing, Result};

/// List operations
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova operation list\n\
\x20 nova operation list --field-selector status.phase=Running --watch")]
pub(crate) struct ListOperationsArgs {
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &ListOperationsArgs) -> Result<Listing> {
    Api::connect(cx)
        .await?
        .operations()
        .listing(cx, &args.list, &[])
}
