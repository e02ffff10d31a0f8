//! `nova api-resources`: the kinds of the server.

use nova_api::Scope;
use nova_api::client::ServedKind;
use nova_core::output::Object;
use nova_core::{Column, Cx, Item, Listing, Result, Row};
use serde_json::json;

use crate::kinds::Kinds;

/// List the kinds that the server has
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova api-resources\n\
\x20 nova api-resources -o wide\n\
\x20 nova api-resources --verbs list,watch --namespaced=true -o name")]
pub(crate) struct ApiResourcesArgs {
    /// Only kinds of this group; an empty one is the core group
    #[arg(long, value_name = "GROUP")]
    api_group: Option<String>,

    /// Only kinds that live in namespaces, or with =false only the others
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    namespaced: Option<bool>,

    /// Only kinds with all of these verbs
    #[arg(long, value_name = "VERB", value_delimiter = ',')]
    verbs: Vec<String>,

    /// Only kinds in all of these categories, as all
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',')]
    categories: Vec<String>,

    /// Leave the header line out
    #[arg(long)]
    no_headers: bool,
}

pub(crate) async fn run(cx: &Cx, args: &ApiResourcesArgs) -> Result<Listing> {
    let mut served = Kinds::open(cx).await?.served().await?;
    served.retain(|kind| args.wants(kind));
    served.sort_by_key(|kind| (kind.info.group, kind.info.plural));
    let rows = served.iter().map(|kind| Ok(Item::Row(row(kind)?)));
    let rows: Vec<Result<Item>> = rows.collect();
    let mut listing = Listing::new(std::iter::once(Ok(Item::Columns(columns()))).chain(rows));
    listing.no_headers = args.no_headers;
    Ok(listing)
}

impl ApiResourcesArgs {
    fn wants(&self, kind: &ServedKind) -> bool {
        let namespaced = kind.info.scope == Scope::Namespaced;
        let all = |wanted: &[String], have: &[String]| wanted.iter().all(|one| have.contains(one));
        self.api_group
            .as_ref()
            .is_none_or(|group| group == kind.info.group)
            && self.namespaced.is_none_or(|wanted| wanted == namespaced)
            && all(&self.verbs, &kind.verbs)
            && all(&self.categories, &kind.categories)
    }
}

fn columns() -> Vec<Column> {
    let names = [
        ("Name", 0),
        ("Shortnames", 0),
        ("Apiversion", 0),
        ("Namespaced", 0),
        ("Kind", 0),
        ("Verbs", 1),
        ("Categories", 1),
    ];
    names
        .map(|(name, priority)| Column {
            name: name.to_owned(),
            priority,
        })
        .to_vec()
}

fn row(kind: &ServedKind) -> Result<Row> {
    let info = &kind.info;
    let namespaced = info.scope == Scope::Namespaced;
    Ok(Row {
        full_name: info.qualified_plural(),
        cells: vec![
            info.plural.to_owned(),
            info.short_names.join(","),
            info.api_version(),
            namespaced.to_string(),
            info.kind.to_owned(),
            kind.verbs.join(","),
            kind.categories.join(","),
        ],
        object: Some(Object::from_value(&json!({
            "apiVersion": "nova.dev/v1", "kind": "ApiResource", "metadata": {"name": info.qualified_plural()},
            "name": info.plural, "singularName": info.singular, "shortNames": info.short_names,
            "group": info.group, "version": info.version, "resourceKind": info.kind,
            "namespaced": namespaced, "verbs": kind.verbs, "categories": kind.categories,
        }))?),
        ..Row::default()
    })
}
