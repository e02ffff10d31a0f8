//! `nova operation get`: chosen operations.

use nova_api::{Api, OperationName};
use nova_core::args::ListArgs;
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

    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &GetArgs) -> Result<Listing> {
    let names: Vec<String> = args.names.iter().map(ToString::to_string).collect();
    let api = Api::connect(cx).await?;
    api.operations().listing(cx, &args.list, &names)
}
