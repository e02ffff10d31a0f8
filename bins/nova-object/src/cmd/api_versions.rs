//! `nova api-versions`: the groups and versions of the server.

use nova_core::output::Object;
use nova_core::{Column, Cx, Item, Listing, Result, Row};
use serde_json::json;

use crate::kinds::Kinds;

/// List the API groups of the server, with their versions
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova api-versions\n\
\x20 nova api-versions -o json")]
pub(crate) struct ApiVersionsArgs {}

pub(crate) async fn run(cx: &Cx, _args: &ApiVersionsArgs) -> Result<Listing> {
    let served = Kinds::open(cx).await?.served().await?;
    let mut versions: Vec<String> = served.iter().map(|kind| kind.info.api_version()).collect();
    versions.sort();
    versions.dedup();
    let column = Column {
        name: "Version".to_owned(),
        priority: 0,
    };
    let rows = versions.into_iter().map(|version| {
        Ok(Item::Row(Row {
            full_name: version.clone(),
            cells: vec![version.clone()],
            object: Some(Object::from_value(&json!({
                "apiVersion": "nova.dev/v1", "kind": "ApiVersion", "metadata": {"name": version},
            }))?),
            ..Row::default()
        }))
    });
    let mut listing = Listing::new(std::iter::once(Ok(Item::Columns(vec![column]))).chain(rows));
    listing.no_headers = true;
    Ok(listing)
}
