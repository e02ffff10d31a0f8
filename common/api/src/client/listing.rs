//! Lists, gets and watches for the renderer.

use std::collections::HashSet;

use jiff::Timestamp;
use nova_core::args::ListArgs;
use nova_core::output::{Object, parse_sort};
use nova_core::{Column, Cx, Failure, Format, Item, Kind, Listing, Result, Row};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::error::ApiError;
use super::feeder::{Sent, on_thread};
use super::pages::{CHUNK, Cursor, fetch, fresh_token};
use super::records::{Body, Include, Page, Record, Shape};
use super::resources::{Decoded, ListOptions, Resources};
use super::watch::{Feed, Step};
use crate::types::{ColumnDefinition, KindInfo, Scope};

/// What a listing shows.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
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
    /// Rows bring their whole objects.
    pub with_objects: bool,
    /// Rows bring their labels.
    pub with_labels: bool,
}

impl ListingOptions {
    /// Reads the shared flags of listing commands.
    pub fn from_args(args: &ListArgs, names: &[String]) -> Result<Self> {
        if !names.is_empty() && (args.selector.is_some() || args.field_selector.is_some()) {
            return Err(Failure::usage("name objects or select them, not both"));
        }
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
            with_objects: args.sort_by.is_some(),
            with_labels: args.show_labels || !args.label_columns.is_empty(),
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
        let sort_by = args.sort_by.as_deref().map(parse_sort).transpose()?;
        let mut listing = resources.listing_of(cx, options)?;
        listing.sort_by = sort_by;
        listing.reverse = args.reverse;
        listing.ignore_missing = args.ignore_not_found;
        listing.no_headers = args.no_headers;
        listing.show_labels = args.show_labels;
        listing.label_columns.clone_from(&args.label_columns);
        listing.with_events = args.output_watch_events;
        listing.show_kind = args.show_kind;
        listing.no_trunc = args.no_trunc;
        listing.append = args.append;
        Ok(listing)
    }

    /// A listing of chosen objects.
    pub fn listing_of(&self, cx: &Cx, options: ListingOptions) -> Result<Listing> {
        let shape = self.shape(cx, &options);
        let (watching, single) = (options.watch, options.names.len() == 1 && !options.watch);
        let resources = self.with_api(self.api().detached());
        let source = Source {
            resources,
            options,
            shape,
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

impl<T: Decoded> Resources<T> {
    /// The least that shows what is asked for.
    fn shape(&self, cx: &Cx, options: &ListingOptions) -> Shape {
        let names_with_objects = cx.format() == Format::Name && options.with_objects;
        if cx.output().needs_objects() || names_with_objects {
            // Templates see what is there, as those of kubectl do; documents leave the owners out.
            let owners = options.managed_fields || !cx.format().is_document();
            return Shape::Objects { owners };
        }
        let everywhere = self.namespace().is_none() && self.info().scope == Scope::Namespaced;
        Shape::Table(if options.with_objects {
            Include::Object
        } else if options.watch || options.with_labels || everywhere {
            Include::Metadata
        } else {
            Include::Nothing
        })
    }
}

struct Source<T> {
    resources: Resources<T>,
    options: ListingOptions,
    shape: Shape,
}

/// How far a list was read.
struct Walk {
    cursor: Cursor,
    left: u64,
    chunk: u64,
}

/// The renderer has had enough.
struct Enough;

type Flow = std::result::Result<(), Enough>;

async fn send(sender: &mpsc::Sender<Sent>, items: Vec<Item>) -> Flow {
    sender.send(Ok(items)).await.map_err(|_| Enough)
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
        let list = &self.options.list;
        let (mut walk, mut columns) = (
            Walk {
                cursor: Cursor::First,
                left: list.limit.filter(|limit| *limit > 0).unwrap_or(u64::MAX),
                chunk: list.chunk.filter(|chunk| *chunk > 0).unwrap_or(CHUNK),
            },
            Vec::new(),
        );
        let mut page = self.next_page(&mut walk).await?;
        while let Some(current) = page {
            // The next page is on its way while this one is written.
            let items = self.items(current, &mut columns)?;
            let (next, sent) = tokio::join!(self.next_page(&mut walk), send(sender, items));
            if sent.is_err() {
                return Ok(Err(Enough));
            }
            page = next?;
        }
        Ok(send(sender, vec![Item::EndOfList]).await)
    }

    /// The page where the walk stands; nothing at its end.
    async fn next_page(&self, walk: &mut Walk) -> Result<Option<Page>> {
        while walk.cursor != Cursor::Done && walk.left > 0 {
            let place = (&walk.cursor, walk.chunk.min(walk.left));
            match fetch(&self.resources, &self.options.list, place, self.shape).await {
                Err(error) if error.is_expired() && walk.cursor != Cursor::First => {
                    walk.cursor = fresh_token(&error)?;
                }
                answer => {
                    let page = self.shape.page(&answer?.body);
                    let mut page = page.map_err(|error| unexpected(&error))?;
                    walk.cursor = Cursor::after(page.next.take());
                    walk.left = walk.left.saturating_sub(page.records.len() as u64);
                    return Ok(Some(page));
                }
            }
        }
        Ok(None)
    }

    /// The rows of a page, with its columns where they are new.
    fn items(&self, page: Page, columns: &mut Vec<ColumnDefinition>) -> Result<Vec<Item>> {
        let mut items = Vec::with_capacity(page.records.len() + 1);
        if !page.columns.is_empty() && page.columns != *columns {
            *columns = page.columns;
            items.push(Item::Columns(headers(columns)));
        }
        for record in page.records {
            items.push(Item::Row(self.row(columns, record)?));
        }
        Ok(items)
    }

    async fn each_name(&self, sender: &mpsc::Sender<Sent>) -> Result<Flow> {
        let mut columns = Vec::new();
        for name in &self.options.names {
            let items = match self.one(name).await {
                Ok(page) => self.items(page, &mut columns)?,
                Err(error) if error.is_not_found() => {
                    let failure = self.resources.with_suggestions(name, error).await;
                    vec![Item::Failed(failure)]
                }
                Err(error) => return Err(error.into()),
            };
            if send(sender, items).await.is_err() {
                return Ok(Err(Enough));
            }
        }
        Ok(send(sender, vec![Item::EndOfList]).await)
    }

    async fn one(&self, name: &str) -> std::result::Result<Page, ApiError> {
        let path = self.resources.item(name);
        let build = |http: &nova_http::Client| self.shape.ask(http.get(&path));
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
            let (mut items, mut step) = (Vec::new(), Some(feed.next().await?));
            while let Some(next) = step {
                items.extend(self.followed(&names, &mut columns, next)?);
                step = feed.ready();
            }
            if !items.is_empty() && send(sender, items).await.is_err() {
                return Ok(Err(Enough));
            }
        }
    }

    /// What a step of a watch shows; nothing where it is about something else.
    fn followed(
        &self,
        names: &HashSet<&str>,
        columns: &mut Vec<ColumnDefinition>,
        step: Step,
    ) -> Result<Option<Item>> {
        let wanted = |record: &Record| names.is_empty() || names.contains(record.place.1.as_str());
        Ok(match step {
            Step::Columns(new) => {
                *columns = new;
                Some(Item::Columns(headers(columns)))
            }
            Step::EndOfList => Some(Item::EndOfList),
            Step::Listed(record) if !self.options.watch_only && wanted(&record) => {
                Some(Item::Row(self.row(columns, record)?))
            }
            Step::Changed(type_, record) if wanted(&record) => {
                Some(Item::Event(type_.to_string(), self.row(columns, record)?))
            }
            Step::Listed(_) | Step::Changed(..) => None,
        })
    }

    fn row(&self, columns: &[ColumnDefinition], record: Record) -> Result<Row> {
        let (namespace, name) = record.place;
        let namespace = match self.resources.namespace() {
            Some(known) if namespace.is_empty() => known.to_owned(),
            _ => namespace,
        };
        let mut since = Vec::new();
        let (cells, object) = match record.body {
            Body::Object(raw) => (Vec::new(), Some(raw)),
            Body::Cells(cells, object) => {
                if self.options.watch {
                    since = births(columns, &record.created);
                }
                (shown_cells(columns, cells), object)
            }
        };
        let info = self.resources.info();
        let object = object
            .map(|raw| plain(info, raw, record.says_kind))
            .transpose()?;
        Ok(Row {
            full_name: format!("{}/{name}", self.resources.info().qualified_singular()),
            cells,
            namespace: Some(namespace).filter(|namespace| !namespace.is_empty()),
            labels: record.labels,
            object,
            since,
        })
    }
}

/// The cell that is the object's age, and since when it counts. Servers send ages, not births.
fn births(columns: &[ColumnDefinition], created: &str) -> Vec<(usize, i64)> {
    let at = columns
        .iter()
        .position(|column| column.name.eq_ignore_ascii_case("age"));
    let born = created.parse::<Timestamp>().ok();
    at.zip(born)
        .map(|(at, born)| (at, born.as_second()))
        .into_iter()
        .collect()
}

fn shown_cells(columns: &[ColumnDefinition], cells: Vec<Value>) -> Vec<String> {
    // Ages go on while a watch lasts, so every row asks the clock.
    let now = Timestamp::now();
    let types = columns.iter().map(|column| column.type_.as_str());
    let types = types.chain(std::iter::repeat("string"));
    cells
        .into_iter()
        .zip(types)
        .map(|(cell, type_)| shown(cell, type_, now))
        .collect()
}

fn shown(cell: Value, type_: &str, now: Timestamp) -> String {
    match cell {
        Value::Null => "<none>".to_owned(),
        Value::String(text) if type_ == "date" => match text.parse::<Timestamp>() {
            Ok(at) => nova_core::units::format_age(now.as_second() - at.as_second()),
            Err(_) => text,
        },
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn headers(columns: &[ColumnDefinition]) -> Vec<Column> {
    let column = |column: &ColumnDefinition| Column {
        name: column.name.clone(),
        priority: u32::try_from(column.priority).unwrap_or(0),
    };
    columns.iter().map(column).collect()
}

/// The object as people want it. Items of a list may leave out what they are.
fn plain(info: &KindInfo, raw: Box<RawValue>, says_kind: bool) -> Result<Object> {
    let object = Object::new(raw.into());
    if says_kind {
        return Ok(object);
    }
    object.changed(|value| {
        if let Some(fields) = value.as_object_mut() {
            fields
                .entry("apiVersion")
                .or_insert_with(|| info.api_version().into());
            fields.entry("kind").or_insert_with(|| info.kind.into());
        }
    })
}

fn unexpected(error: &serde_json::Error) -> Failure {
    Failure::new(
        Kind::Failed,
        format!("the server sent something unexpected: {error}"),
    )
}
