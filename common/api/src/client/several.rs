//! A watch of several kinds, as one listing over one connection.

use jiff::Timestamp;
use nova_core::args::ListArgs;
use nova_core::output::Object;
use nova_core::{Column, Cx, Item, Listing, Result, Row};
use serde_json::Value;
use tokio::sync::mpsc;

use super::api::Api;
use super::feeder::{Sent, on_thread};
use super::listing::ListingOptions;
use super::mux::{MultiEvent, MultiWatch, Subscription};
use super::resources::Resources;
use crate::types::{KindInfo, Scope, WatchEventType};

/// Columns of their own: those of the kinds differ.
const COLUMNS: [&str; 3] = ["Name", "Status", "Age"];

/// One of the kinds to watch.
#[derive(Debug, Clone)]
pub struct Part {
    /// The kind, and where its objects are.
    pub resources: Resources<Value>,
    /// These objects only; none means all.
    pub names: Vec<String>,
}

impl Api {
    /// What there is of several kinds, and its changes. The flags say which objects and how they are shown; sorting
    /// and paging do not apply.
    pub fn watch_parts(
        &self,
        cx: &Cx,
        args: &ListArgs,
        parts: Vec<Part>,
        owners: bool,
    ) -> Result<Listing> {
        let asks = |part| subscription(args, &part).map(|asked| (part, asked));
        let parts: Vec<(Part, Subscription)> =
            parts.into_iter().map(asks).collect::<Result<_>>()?;
        let everywhere = |(part, _): &(Part, Subscription)| is_everywhere(&part.resources);
        let with_namespace = parts.iter().any(everywhere);
        let follow = Follow {
            api: self.detached(),
            synced: vec![false; parts.len()],
            parts,
            watch_only: args.watch_only,
            bare: cx.format().is_document() && !owners,
        };
        let fetch = async move |sender: &mpsc::Sender<Sent>| follow.run(sender).await;
        let mut listing = Listing::new(on_thread(fetch, true, cx.globals().timeout)?);
        listing.watching = true;
        listing.show_kind = true;
        listing.with_namespace = with_namespace;
        listing.with_events = args.output_watch_events;
        listing.no_headers = args.no_headers;
        listing.no_trunc = args.no_trunc;
        listing.append = args.append;
        listing.show_labels = args.show_labels;
        listing.label_columns.clone_from(&args.label_columns);
        Ok(listing)
    }
}

fn is_everywhere(resources: &Resources<Value>) -> bool {
    resources.namespace().is_none() && resources.info().scope == Scope::Namespaced
}

fn subscription(args: &ListArgs, part: &Part) -> Result<Subscription> {
    let list = ListingOptions::from_args(args, &part.names)?.list;
    let fields = match part.names.as_slice() {
        [name] => list.fields.and_equals("metadata.name", name),
        _ => list.fields,
    };
    let (labels, fields) = (list.selector.to_string(), fields.to_string());
    let info = part.resources.info();
    Ok(Subscription {
        kind: info.qualified_plural(),
        namespace: part
            .resources
            .namespace()
            .filter(|_| info.scope == Scope::Namespaced)
            .map(str::to_owned),
        label_selector: Some(labels).filter(|text| !text.is_empty()),
        field_selector: Some(fields).filter(|text| !text.is_empty()),
    })
}

struct Follow {
    api: Api,
    parts: Vec<(Part, Subscription)>,
    /// Of which parts the start was told.
    synced: Vec<bool>,
    watch_only: bool,
    /// Leave the owners of fields out.
    bare: bool,
}

impl Follow {
    async fn run(mut self, sender: &mpsc::Sender<Sent>) -> Result<()> {
        let mut watch = self.api.multi_watch();
        for (at, (_, asked)) in self.parts.iter().enumerate() {
            watch.subscribe(&at.to_string(), asked.clone());
        }
        let columns = COLUMNS.map(|name| Column {
            name: name.to_owned(),
            priority: 0,
        });
        let mut items = vec![Item::Columns(columns.to_vec())];
        while sender.send(Ok(items)).await.is_ok() && watch.is_open() {
            items = self.next(&mut watch).await?;
        }
        Ok(())
    }

    /// What the next event shows, which may be nothing.
    async fn next(&mut self, watch: &mut MultiWatch) -> Result<Vec<Item>> {
        let (id, event) = watch.next().await?;
        let Some(at) = id.parse().ok().filter(|at: &usize| *at < self.parts.len()) else {
            return Ok(Vec::new());
        };
        Ok(match event {
            MultiEvent::Change(event) => self
                .shown(at, &event.type_, event.object)?
                .into_iter()
                .collect(),
            MultiEvent::Synced => self.told(at).into_iter().collect(),
            MultiEvent::Ended(error) => {
                let failed = Item::Failed(error.into());
                [failed].into_iter().chain(self.told(at)).collect()
            }
        })
    }

    /// The start of one part is complete; the end of the whole list, where it was the last.
    fn told(&mut self, at: usize) -> Option<Item> {
        let before = self.synced.iter().all(|synced| *synced);
        self.synced[at] = true;
        let complete = self.synced.iter().all(|synced| *synced);
        (complete && !before).then_some(Item::EndOfList)
    }

    fn shown(&self, at: usize, type_: &WatchEventType, object: Value) -> Result<Option<Item>> {
        let names = &self.parts[at].0.names;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            return Ok(None);
        }
        let row = self.row(self.parts[at].0.resources.info(), object)?;
        Ok(match self.synced[at] {
            true => Some(Item::Event(type_.to_string(), row)),
            false if self.watch_only => None,
            false => Some(Item::Row(row)),
        })
    }

    fn row(&self, info: &KindInfo, mut object: Value) -> Result<Row> {
        if let Some(meta) = object["metadata"].as_object_mut().filter(|_| self.bare) {
            meta.remove("managedFields");
        }
        let meta = &object["metadata"];
        let text = |key: &str| meta[key].as_str().unwrap_or_default().to_owned();
        let label = |(key, value): (&String, &Value)| {
            (key.clone(), value.as_str().unwrap_or_default().to_owned())
        };
        let labels = meta["labels"].as_object().into_iter().flatten().map(label);
        Ok(Row {
            full_name: format!("{}/{}", info.qualified_singular(), text("name")),
            cells: vec![
                text("name"),
                state(&object),
                age(&text("creationTimestamp")),
            ],
            namespace: Some(text("namespace")).filter(|namespace| !namespace.is_empty()),
            labels: labels.collect(),
            since: born(&text("creationTimestamp"))
                .map(|born| (2, born))
                .into_iter()
                .collect(),
            object: Some(Object::from_value(&object)?),
        })
    }
}

/// The phase, or whether it is ready, where the kind has either.
fn state(object: &Value) -> String {
    let status = &object["status"];
    if let Some(phase) = status["phase"].as_str() {
        return phase.to_owned();
    }
    let conditions = status["conditions"].as_array();
    let ready =
        conditions.and_then(|all| all.iter().find(|condition| condition["type"] == "Ready"));
    let word = match ready.and_then(|condition| condition["status"].as_str()) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "<none>",
    };
    word.to_owned()
}

fn age(created: &str) -> String {
    let age = |born| nova_core::units::format_age(Timestamp::now().as_second() - born);
    born(created).map_or_else(|| "<unknown>".to_owned(), age)
}

/// In seconds of Unix time.
fn born(created: &str) -> Option<i64> {
    let created: Timestamp = created.parse().ok()?;
    Some(created.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_state_is_the_phase_or_the_ready_condition() {
        let ready =
            |status: &str| json!({"status": {"conditions": [{"type": "Ready", "status": status}]}});
        assert_eq!(state(&json!({"status": {"phase": "Running"}})), "Running");
        assert_eq!(state(&ready("True")), "Ready");
        assert_eq!(state(&ready("Unknown")), "NotReady");
        assert_eq!(state(&json!({})), "<none>");
    }
}
