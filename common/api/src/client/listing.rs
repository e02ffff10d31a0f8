//! Lists, gets and watches for the renderer.

use std::collections::HashSet;

use jiff::Timestamp;
use nova_core::args::ListArgs;
use nova_core::{Column, Cx, Failure, Format, Item, Kind, Listing, Result, Row};
use serde_json::Value;
use tokio::sync::mpsc;

use super::error::ApiError;
use super::feeder::{Sent, on_thread};
use super::pages::{CHUNK, Cursor, fetch, fresh_token};
use super::records::{Body, Record, Shape};
use super::resources::{Decoded, ListOptions, Resources};
use super::watch::{Feed, Step};
use crate::types::{ColumnDefinition, KindInfo, Scope, TABLE_ACCEPT};

/// What a listing shows.
#[derive(Debug, Clone, Default)]
pub struct ListingOptions {
    /// Which objects.
    pub list: ListOptions,
    /// These objects only, in this order; a missing one is reported and the others are shown.
    pub names: Vec<String>,
    /// Go on with changes.
    pub watch: bool,
    /// Leave out what exists at the start of a watch.
    pub watch_only: bool,
    /// Keep the owners of fields in objects.
    pub managed_fields: bool,
}

impl ListingOptions {
    /// Reads the shared flags of listing commands.
    pub fn from_args(args: &ListArgs, names: &[String]) -> Result<Self> {
        let selector = args.selector.as_deref().unwrap_or_default();
        let fields = args.field_selector.as_deref().unwrap_or_default();
        let bad =
            |flag: &str, error: &dyn std::fmt::Display| Failure::usage(format!("{flag}: {error}"));
        Ok(Self {
            list: ListOptions {
                selector: selector
                    .parse()
                    .map_err(|error| bad("--selector", &error))?,
                fields: fields
                    .parse()
                    .map_err(|error| bad("--field-selector", &error))?,
                chunk: Some(args.chunk_size),
                limit: Some(args.limit),
            },
            names: names.to_vec(),
            watch: args.watch || args.watch_only,
            watch_only: args.watch_only,
            managed_fields: false,
        })
    }
}

impl<T: Decoded> Resources<T> {
    /// The listing that the shared flags ask for.
    pub fn listing(&self, cx: &Cx, args: &ListArgs, names: &[String]) -> Result<Listing> {
        self.listing_with(cx, args, ListingOptions::from_args(args, names)?)
    }

    /// The same with options of one's own; the flags then only say how it is shown.
    pub fn listing_with(
        &self,
        cx: &Cx,
        args: &ListArgs,
        options: ListingOptions,
    ) -> Result<Listing> {
        let resources = if args.all_namespaces {
            self.clone().all_namespaces()
        } else {
            self.clone()
        };
        let mut listing = resources.listing_of(cx, options)?;
        listing.no_headers = args.no_headers;
        listing.show_labels = args.show_labels;
        listing.label_columns.clone_from(&args.label_columns);
        listing.with_events = args.output_watch_events;
        listing.show_kind = args.show_kind;
        Ok(listing)
    }

    /// A listing of chosen objects.
    pub fn listing_of(&self, cx: &Cx, options: ListingOptions) -> Result<Listing> {
        let shape = if cx.format().needs_objects() {
            Shape::Objects
        } else {
            Shape::Table
        };
        let (watching, single) = (options.watch, options.names.len() == 1 && !options.watch);
        let resources = self.with_api(self.api().detached());
        let source = Source {
            resources,
            options,
            shape,
            now: cx.now(),
        };
        let limit = cx.globals().timeout.filter(|_| watching);
        let fetch = async move |sender: &mpsc::Sender<Sent>| source.run(sender).await;
        let items = on_thread(fetch, watching, limit)?;
        let mut listing = Listing::new(items);
        listing.single = single && cx.format() != Format::Name;
        listing.watching = watching;
        listing.with_namespace =
            self.namespace().is_none() && self.info().scope == Scope::Namespaced;
        listing.empty = match self
            .namespace()
            .filter(|_| self.info().scope == Scope::Namespaced)
        {
            Some(namespace) => format!("No resources found in {namespace} namespace."),
            None => "No resources found".to_owned(),
        };
        Ok(listing)
    }
}

struct Source<T> {
    resources: Resources<T>,
    options: ListingOptions,
    shape: Shape,
    now: Timestamp,
}

/// The renderer has had enough.
struct Enough;

type Flow = std::result::Result<(), Enough>;

async fn send(sender: &mpsc::Sender<Sent>, item: Item) -> Flow {
    sender.send(Ok(item)).await.map_err(|_| Enough)
}

impl<T: Decoded> Source<T> {
    async fn run(&self, sender: &mpsc::Sender<Sent>) -> Result<()> {
        let flow = if self.options.watch {
            self.follow(sender).await?
        } else if self.options.names.is_empty() {
            self.list(sender).await?
        } else {
            self.each_name(sender).await?
        };
        drop(flow);
        Ok(())
    }

    async fn list(&self, sender: &mpsc::Sender<Sent>) -> Result<Flow> {
        let accept = (self.shape == Shape::Table).then_some(TABLE_ACCEPT);
        let chunk = self
            .options
            .list
            .chunk
            .filter(|chunk| *chunk > 0)
            .unwrap_or(CHUNK);
        let mut left = self
            .options
            .list
            .limit
            .filter(|limit| *limit > 0)
            .unwrap_or(u64::MAX);
        let (mut cursor, mut columns) = (Cursor::First, Vec::new());
        while cursor != Cursor::Done && left > 0 {
            let answer = match fetch(
                &self.resources,
                &self.options.list,
                (&cursor, chunk.min(left)),
                accept,
            )
            .await
            {
                Err(error) if error.is_expired() && cursor != Cursor::First => {
                    cursor = fresh_token(&error)?;
                    continue;
                }
                other => other?,
            };
            let page = self
                .shape
                .page(&answer.body)
                .map_err(|error| unexpected(&error))?;
            cursor = Cursor::after(page.next);
            if !page.columns.is_empty() && page.columns != columns {
                columns = page.columns;
                if send(sender, Item::Columns(headers(&columns)))
                    .await
                    .is_err()
                {
                    return Ok(Err(Enough));
                }
            }
            left = left.saturating_sub(page.records.len() as u64);
            for record in page.records {
                if send(sender, Item::Row(self.row(&columns, record)?))
                    .await
                    .is_err()
                {
                    return Ok(Err(Enough));
                }
            }
        }
        Ok(send(sender, Item::EndOfList).await)
    }

    async fn each_name(&self, sender: &mpsc::Sender<Sent>) -> Result<Flow> {
        let mut columns = Vec::new();
        for name in &self.options.names {
            let item = match self.one(name).await {
                Ok((new, record)) => {
                    if !new.is_empty() && new != columns {
                        columns = new;
                        if send(sender, Item::Columns(headers(&columns)))
                            .await
                            .is_err()
                        {
                            return Ok(Err(Enough));
                        }
                    }
                    Item::Row(self.row(&columns, record)?)
                }
                Err(error) if error.is_not_found() => {
                    Item::Failed(self.resources.with_suggestions(name, error).await)
                }
                Err(error) => return Err(error.into()),
            };
            if send(sender, item).await.is_err() {
                return Ok(Err(Enough));
            }
        }
        Ok(send(sender, Item::EndOfList).await)
    }

    async fn one(
        &self,
        name: &str,
    ) -> std::result::Result<(Vec<ColumnDefinition>, Record), ApiError> {
        let path = self.resources.item(name);
        let table = self.shape == Shape::Table;
        let build = |http: &nova_http::Client| {
            let request = http.get(&path);
            if table {
                request
                    .accept(TABLE_ACCEPT)
                    .query("includeObject", "Metadata")
            } else {
                request
            }
        };
        let answer = self
            .resources
            .api()
            .send(self.resources.namespace(), build)
            .await?;
        self.shape
            .single(&answer.body)
            .map_err(|source| self.resources.unexpected(source))
    }

    async fn follow(&self, sender: &mpsc::Sender<Sent>) -> Result<Flow> {
        let names: HashSet<&str> = self.options.names.iter().map(String::as_str).collect();
        let list = match self.options.names.as_slice() {
            [name] => ListOptions {
                fields: self
                    .options
                    .list
                    .fields
                    .clone()
                    .and_equals("metadata.name", name),
                ..self.options.list.clone()
            },
            _ => self.options.list.clone(),
        };
        let mut feed = Feed::new(self.resources.clone(), list, self.shape);
        let mut columns = Vec::new();
        loop {
            let wanted =
                |record: &Record| names.is_empty() || names.contains(record.place.1.as_str());
            let item = match feed.next().await? {
                Step::Columns(new) => {
                    columns = new;
                    Item::Columns(headers(&columns))
                }
                Step::EndOfList => Item::EndOfList,
                Step::Listed(record) if !self.options.watch_only && wanted(&record) => {
                    Item::Row(self.row(&columns, record)?)
                }
                Step::Changed(type_, record) if wanted(&record) => {
                    Item::Event(type_.to_string(), self.row(&columns, record)?)
                }
                Step::Listed(_) | Step::Changed(..) => continue,
            };
            if send(sender, item).await.is_err() {
                return Ok(Err(Enough));
            }
        }
    }

    fn row(&self, columns: &[ColumnDefinition], record: Record) -> Result<Row> {
        let (namespace, name) = record.place;
        let (cells, object) = match record.body {
            Body::Object(raw) => (
                Vec::new(),
                Some(plain(
                    (self.resources.info(), self.options.managed_fields),
                    serde_json::from_slice(raw.get().as_bytes())
                        .map_err(|error| unexpected(&error))?,
                )),
            ),
            Body::Cells(cells) => {
                let types = columns
                    .iter()
                    .map(|column| column.type_.as_str())
                    .chain(std::iter::repeat("string"));
                (
                    cells
                        .iter()
                        .zip(types)
                        .map(|(cell, type_)| self.cell(cell, type_))
                        .collect(),
                    None,
                )
            }
        };
        Ok(Row {
            full_name: format!("{}/{name}", self.resources.info().qualified_singular()),
            cells,
            namespace: Some(namespace).filter(|namespace| !namespace.is_empty()),
            labels: record.labels,
            object,
        })
    }

    fn cell(&self, cell: &Value, type_: &str) -> String {
        match cell {
            Value::Null => "<none>".to_owned(),
            Value::String(text) if type_ == "date" => match text.parse::<Timestamp>() {
                Ok(at) => nova_core::units::format_age(self.now.as_second() - at.as_second()),
                Err(_) => text.clone(),
            },
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

fn headers(columns: &[ColumnDefinition]) -> Vec<Column> {
    let column = |column: &ColumnDefinition| Column {
        name: column.name.clone(),
        priority: u32::try_from(column.priority).unwrap_or(0),
    };
    columns.iter().map(column).collect()
}

/// Items of a list may leave out what they are. Field ownership is for machines that merge; people never want to see it.
fn plain((info, owners): (&KindInfo, bool), mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields
            .entry("apiVersion")
            .or_insert_with(|| info.api_version().into());
        fields.entry("kind").or_insert_with(|| info.kind.into());
    }
    let metadata = object.get_mut("metadata").filter(|_| !owners);
    if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

fn unexpected(error: &serde_json::Error) -> Failure {
    Failure::new(
        Kind::Failed,
        format!("the server sent something unexpected: {error}"),
    )
}
