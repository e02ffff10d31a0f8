//! `nova image get`: show chosen images.

use nova_api::client::Api;
use nova_api::{Image, ObjectName};
use nova_core::args::{ListArgs, names_with_stdin};
use nova_core::{Cx, Listing, Result};

use crate::place::{listing_of, places};

/// Show images by name
///
/// An image that the namespace does not have is looked up in namespace public.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova image get tiny\n\
\x20 nova image get tiny -o yaml")]
pub(crate) struct GetArgs {
    /// Images to show; - reads names from standard input
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &GetArgs) -> Result<Listing> {
    let names = read_names(&args.names)?;
    let api = Api::connect(cx).await?;
    listing_of(cx, &places(cx, &api), &args.list, &names).await
}

/// Bare names, from any written form.
pub(crate) fn read_names(typed: &[String]) -> Result<Vec<String>> {
    let bare = |name: &String| {
        let name: ObjectName<Image> = name.parse()?;
        Ok(name.as_str().to_owned())
    };
    names_with_stdin(typed)?.iter().map(bare).collect()
}
