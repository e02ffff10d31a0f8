//! `nova image list`: show images.

use nova_api::client::Api;
use nova_core::args::ListArgs;
use nova_core::{Cx, Listing, Result};

use crate::place::{chain, places};

/// List images
///
/// Shows the images of the namespace and those of namespace public, which every namespace may
/// boot from. With --namespace, only those of that namespace.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova image list\n\
\x20 nova image list -n public -o wide")]
pub(crate) struct ListImagesArgs {
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(cx: &Cx, args: &ListImagesArgs) -> Result<Listing> {
    let api = Api::connect(cx).await?;
    let args = &args.list;
    // A watch follows one list; so does a limit.
    if args.all_namespaces || args.watch || args.watch_only || args.limit > 0 {
        return api.images().listing(cx, args, &[]);
    }
    let places = places(cx, &api);
    let parts = places.iter().map(|place| place.listing(cx, args, &[]));
    let mut listing = chain(parts.collect::<Result<_>>()?);
    if places.len() > 1 {
        listing.with_namespace = true;
        listing.empty = format!("No images in namespaces {} and public", api.namespace());
    }
    Ok(listing)
}
