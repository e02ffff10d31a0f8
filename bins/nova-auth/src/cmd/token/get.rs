//! `nova auth token get`: chosen tokens.

use nova_api::client::ListingOptions;
use nova_api::{Api, Token};
use nova_core::{Cx, Listing, Result};

use super::TokenName;

/// Show tokens
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova auth token get ci\n\
\x20 nova auth token get ci -o yaml")]
pub(crate) struct GetArgs {
    /// Tokens to show
    #[arg(value_name = "NAME", required = true)]
    names: Vec<TokenName>,
}

pub(crate) async fn run(cx: &Cx, args: &GetArgs) -> Result<Listing> {
    let options = ListingOptions {
        names: args.names.iter().map(ToString::to_string).collect(),
        ..ListingOptions::default()
    };
    let api = Api::connect(cx).await?;
    api.resource::<Token>().listing_of(cx, options)
}
