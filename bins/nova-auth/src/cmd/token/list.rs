//! `nova auth token list`: who has tokens.

use nova_api::{Api, Token};
use nova_core::args::ListArgs;
use nova_core::{Cx, Listing, Result};

/// List tokens
///
/// The tokens themselves are not shown; the server does not know them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova auth token list\n\
\x20 nova auth token list -o wide --field-selector spec.user=ana")]
pub(crate) struct ListTokensArgs {
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &ListTokensArgs) -> Result<Listing> {
    Api::connect(cx)
        .await?
        .resource::<Token>()
        .listing(cx, &args.list, &[])
}
