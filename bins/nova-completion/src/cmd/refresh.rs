//! `nova completion refresh`: reads the names of one kind into the cache. Started by a Tab that
//! found it old, and never seen by people.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use nova_api::{Api, KINDS, KindInfo, TABLE_ACCEPT, Table};
use nova_core::fs::{PRIVATE, save};
use nova_core::{Cx, Failure, Kind, Result};
use serde_json::Value;

use crate::cache;

/// A server that needs longer is not one to complete from.
const LIMIT: Duration = Duration::from_secs(10);
const CHUNK: &str = "1000";

#[derive(Debug, clap::Args)]
pub(crate) struct RefreshArgs {
    /// Plural of the kind
    plural: String,
    /// File to write the names to; labels go beside it
    file: PathBuf,
}

pub(crate) async fn run(cx: &Cx, args: &RefreshArgs) -> Result<()> {
    let kind = KINDS
        .iter()
        .find(|kind| kind.plural == args.plural)
        .ok_or_else(|| Failure::usage(format!("no kind is called `{}`", args.plural)))?;
    let names = tokio::time::timeout(LIMIT, read(cx, kind)).await;
    let found = names
        .map_err(|_| Failure::new(Kind::Timeout, "the server did not list the names in time"))??;
    save(&args.file, cache::lines(&found.names).as_bytes(), PRIVATE)?;
    let labels: Vec<String> = found.labels.into_iter().collect();
    let text = cache::lines(&labels);
    save(&cache::labels_of(&args.file), text.as_bytes(), PRIVATE)
}

/// What one kind offers: `NAME<TAB>ABOUT` and `KEY=VALUE`, both sorted.
#[derive(Default)]
struct Found {
    names: Vec<String>,
    labels: BTreeSet<String>,
}

async fn read(cx: &Cx, kind: &KindInfo) -> Result<Found> {
    let api = Api::connect(cx).await?;
    let path = kind.collection_path(Some(&cx.namespace()?));
    let (mut found, mut after) = (Found::default(), None::<String>);
    loop {
        let request = api.http().get(&path).accept(TABLE_ACCEPT);
        let request = request
            .query("includeObject", "Metadata")
            .query("limit", CHUNK)
            .query_opt("continue", after.as_deref());
        let page: Table = request.send().await?.json()?;
        found.add(&page);
        after = page
            .metadata
            .continue_token
            .filter(|token| !token.is_empty());
        if after.is_none() {
            found.names.sort();
            return Ok(found);
        }
    }
}

impl Found {
    fn add(&mut self, page: &Table) {
        for row in &page.rows {
            let meta = &row.object["metadata"];
            let Some(name) = meta["name"]
                .as_str()
                .or_else(|| row.cells.first()?.as_str())
            else {
                continue;
            };
            let about = row.cells.get(1).map(text).unwrap_or_default();
            self.names.push(format!("{name}\t{about}"));
            let labels = meta["labels"].as_object().into_iter().flatten();
            self.labels
                .extend(labels.map(|(key, value)| format!("{key}={}", text(value))));
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
