//! Objects and table rows as the pieces that lists and watches deal in.
//!
//! A piece keeps its JSON unparsed: a watch holds every object it has seen, so that it can tell what changed after it lost its
//! place, and ten thousand parsed trees would take ten times the memory.

use nova_http::Request;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::head::{Kind, Meta, WithMeta};
use crate::types::{ColumnDefinition, ListMeta, TABLE_ACCEPT, WatchEventType};

/// Which representation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Whole objects, with the owners of their fields or without.
    Objects {
        /// Whether `metadata.managedFields` are there.
        owners: bool,
    },
    /// Objects with nothing but their metadata.
    Metadata,
    /// Rows of the server's table.
    Table(Include),
}

/// Media type of metadata alone, with whole objects as second choice.
const METADATA_ACCEPT: &str =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/// What is read to be written again keeps everything.
pub(crate) const WHOLE: Shape = Shape::Objects { owners: true };

/// What comes with a row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    /// Nothing: of the object, its name is known.
    Nothing,
    /// The metadata.
    Metadata,
    /// The whole object.
    Object,
}

/// What tells objects apart: namespace and name.
pub(crate) type Place = (String, String);

/// One object or row.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) place: Place,
    pub(crate) uid: String,
    pub(crate) revision: String,
    /// When it was made, as written; empty where that was not asked for.
    pub(crate) created: String,
    pub(crate) labels: Vec<(String, String)>,
    /// The object says its `apiVersion` and `kind`.
    pub(crate) says_kind: bool,
    pub(crate) body: Body,
}

/// Content of a record.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Object(Box<RawValue>),
    /// Cells of a row, with the whole object where that was asked for.
    Cells(Vec<Value>, Option<Box<RawValue>>),
}

/// A page of records.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) columns: Vec<ColumnDefinition>,
    pub(crate) records: Vec<Record>,
    pub(crate) revision: Option<String>,
    pub(crate) next: Option<String>,
}

/// An event of a watch, sorted.
#[derive(Debug)]
pub(crate) enum Event {
    Change(WatchEventType, Vec<ColumnDefinition>, Box<Record>),
    Bookmark(String),
    Error(Box<RawValue>),
}

#[derive(Deserialize)]
struct RawList {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(default)]
    items: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTable {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(default)]
    column_definitions: Vec<ColumnDefinition>,
    #[serde(default)]
    rows: Vec<RawRow>,
}

#[derive(Deserialize)]
struct RawRow {
    #[serde(default)]
    cells: Vec<Value>,
    object: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(rename = "type")]
    type_: WatchEventType,
    object: Box<RawValue>,
}

fn object(raw: Box<RawValue>) -> serde_json::Result<Record> {
    let with = WithMeta::of(raw.get())?;
    Ok(with.record(Body::Object(raw)))
}

/// A row; `name` is where its cells name the object.
fn row(row: RawRow, name: Option<usize>) -> serde_json::Result<Record> {
    let Some(raw) = row.object else {
        let named = name.and_then(|at| row.cells.get(at)?.as_str());
        let missing = || serde::de::Error::custom("a row that names no object");
        let name = named.ok_or_else(missing)?.to_owned();
        let metadata = Meta {
            name,
            ..Meta::default()
        };
        let with = WithMeta {
            metadata,
            ..WithMeta::default()
        };
        return Ok(with.record(Body::Cells(row.cells, None)));
    };
    let with: WithMeta = serde_json::from_str(raw.get())?;
    let whole = with.kind == Some(Kind::Other);
    Ok(with.record(Body::Cells(row.cells, whole.then_some(raw))))
}

/// Where the cells of a row name its object.
fn name_at(columns: &[ColumnDefinition]) -> Option<usize> {
    columns.iter().position(|column| column.format == "name")
}

impl WithMeta {
    fn record(self, body: Body) -> Record {
        Record {
            place: (self.metadata.namespace, self.metadata.name),
            uid: self.metadata.uid,
            revision: self.metadata.resource_version,
            created: self.metadata.creation_timestamp,
            labels: self.metadata.labels.into_iter().collect(),
            says_kind: self.api_version.is_some() && self.kind.is_some(),
            body,
        }
    }
}

impl Shape {
    /// Asks for this representation.
    pub(crate) fn ask(self, request: Request) -> Request {
        let include = match self {
            Self::Objects { owners: true } => return request,
            Self::Objects { owners: false } => return request.query("managedFields", "false"),
            Self::Metadata => {
                return request
                    .accept(METADATA_ACCEPT)
                    .query("managedFields", "false");
            }
            Self::Table(Include::Nothing) => "None",
            Self::Table(Include::Metadata) => "Metadata",
            Self::Table(Include::Object) => "Object",
        };
        request
            .accept(TABLE_ACCEPT)
            .query("includeObject", include)
            .query("managedFields", "false")
    }

    /// Reads a list.
    pub(crate) fn page(self, body: &[u8]) -> serde_json::Result<Page> {
        match self {
            Self::Objects { .. } | Self::Metadata => {
                let list: RawList = serde_json::from_slice(body)?;
                let records = list
                    .items
                    .into_iter()
                    .map(object)
                    .collect::<serde_json::Result<_>>()?;
                Ok(Page {
                    columns: Vec::new(),
                    records,
                    revision: list.metadata.resource_version,
                    next: list.metadata.continue_token,
                })
            }
            Self::Table(_) => {
                let table: RawTable = serde_json::from_slice(body)?;
                let name = name_at(&table.column_definitions);
                let rows = table.rows.into_iter();
                Ok(Page {
                    columns: table.column_definitions,
                    records: rows
                        .map(|raw| row(raw, name))
                        .collect::<serde_json::Result<_>>()?,
                    revision: table.metadata.resource_version,
                    next: table.metadata.continue_token,
                })
            }
        }
    }

    /// Reads one object.
    pub(crate) fn single(self, body: &[u8]) -> serde_json::Result<Page> {
        if !matches!(self, Self::Table(_)) {
            return Ok(Page {
                records: vec![object(serde_json::from_slice(body)?)?],
                ..Page::default()
            });
        }
        let page = self.page(body)?;
        if page.records.len() == 1 {
            return Ok(page);
        }
        Err(serde::de::Error::custom(
            "a table of one object without a row",
        ))
    }

    /// Reads one line of a watch; nothing for one that says nothing.
    pub(crate) fn event(self, line: &[u8]) -> serde_json::Result<Option<Event>> {
        let event: RawEvent = serde_json::from_slice(line)?;
        match event.type_ {
            WatchEventType::Error => return Ok(Some(Event::Error(event.object))),
            WatchEventType::Bookmark => {
                return Ok(self.bookmark(&event.object)?.map(Event::Bookmark));
            }
            _ => {}
        }
        if !matches!(self, Self::Table(_)) {
            return Ok(Some(Event::Change(
                event.type_,
                Vec::new(),
                Box::new(object(event.object)?),
            )));
        }
        let table: RawTable = serde_json::from_slice(event.object.get().as_bytes())?;
        let first = table.rows.into_iter().next();
        let Some(first) = first.map(|first| row(first, None)).transpose()? else {
            return Ok(None);
        };
        Ok(Some(Event::Change(
            event.type_,
            table.column_definitions,
            Box::new(first),
        )))
    }

    /// Revision of a bookmark: of the object itself, of its only row, or of the table.
    fn bookmark(self, raw: &RawValue) -> serde_json::Result<Option<String>> {
        let with: WithMeta = serde_json::from_str(raw.get())?;
        let mut revision = with.metadata.resource_version;
        if revision.is_empty() && matches!(self, Self::Table(_)) {
            let table: RawTable = serde_json::from_slice(raw.get().as_bytes())?;
            let first = table.rows.into_iter().next();
            let first = first.map(|first| row(first, None)).transpose()?;
            revision = first.map(|first| first.revision).unwrap_or_default();
        }
        Ok(Some(revision).filter(|revision| !revision.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECTS: Shape = Shape::Objects { owners: true };
    const TABLE: Shape = Shape::Table(Include::Metadata);

    #[test]
    fn objects_and_rows_are_told_apart_by_place_and_revision() {
        let page = OBJECTS
            .page(br#"{"metadata":{"resourceVersion":"9","continue":"t"},"items":[{"metadata":{"name":"a","namespace":"d","uid":"u","resourceVersion":"7"},"n":9007199254740993}]}"#)
            .unwrap();
        assert_eq!(
            (page.revision.as_deref(), page.next.as_deref()),
            (Some("9"), Some("t"))
        );
        assert_eq!(page.records[0].place, ("d".into(), "a".into()));
        let Body::Object(raw) = &page.records[0].body else {
            panic!()
        };
        assert!(raw.get().contains("9007199254740993"));
        let page = TABLE
            .page(br#"{"columnDefinitions":[{"name":"Name","type":"string","priority":0}],"rows":[{"cells":["a",2],"object":{"metadata":{"name":"a","uid":"u","resourceVersion":"7","labels":{"k":"v"}}}}]}"#)
            .unwrap();
        assert_eq!(page.columns.len(), 1);
        assert_eq!(page.records[0].labels, [("k".to_owned(), "v".to_owned())]);
        let bare = br#"{"columnDefinitions":[{"name":"A"},{"name":"Name","format":"name"}],"rows":[{"cells":[1,"a"]}]}"#;
        let page = Shape::Table(Include::Nothing).page(bare).unwrap();
        assert_eq!(page.records[0].place.1, "a");
        assert!(TABLE.page(br#"{"rows":[{"cells":["a"]}]}"#).is_err());
    }

    #[test]
    fn bookmarks_are_read_in_every_form() {
        let revision = |shape: Shape, object: &str| {
            let line = format!(r#"{{"type":"BOOKMARK","object":{object}}}"#);
            match shape.event(line.as_bytes()).unwrap() {
                Some(Event::Bookmark(revision)) => revision,
                other => panic!("{other:?}"),
            }
        };
        let plain = r#"{"kind":"VirtualMachine","metadata":{"resourceVersion":"5"}}"#;
        assert_eq!(revision(OBJECTS, plain), "5");
        assert_eq!(revision(TABLE, plain), "5");
        let table = r#"{"kind":"Table","metadata":{},"rows":[{"cells":[],"object":{"metadata":{"resourceVersion":"6"}}}]}"#;
        assert_eq!(revision(TABLE, table), "6");
    }
}
