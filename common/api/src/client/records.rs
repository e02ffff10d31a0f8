//! Objects and table rows as the pieces that lists and watches deal in.
//!
//! A piece keeps its JSON unparsed: a watch holds every object it has seen, so that it can tell what changed after it lost its
//! place, and ten thousand parsed trees would take ten times the memory.

use std::ops::Range;

use nova_http::Request;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::types::{ColumnDefinition, ListMeta, TABLE_ACCEPT, WatchEventType};

/// Which representation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Whole objects.
    Objects,
    /// Rows of the server's table, with metadata.
    Table,
}

/// What tells objects apart: namespace and name.
pub(crate) type Place = (String, String);

/// One object or row.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) place: Place,
    pub(crate) uid: String,
    pub(crate) revision: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) manner: Manner,
    pub(crate) body: Body,
}

/// What of an object's text a person does not want to see as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manner {
    /// It says its `apiVersion` and `kind`.
    pub(crate) says_kind: bool,
    /// Where the value of `metadata.managedFields` lies in the text.
    pub(crate) owners: Option<Range<usize>>,
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

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Meta<'a> {
    name: String,
    namespace: String,
    uid: String,
    resource_version: String,
    labels: std::collections::BTreeMap<String, String>,
    #[serde(borrow)]
    managed_fields: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WithMeta<'a> {
    #[serde(default, borrow)]
    metadata: Meta<'a>,
    api_version: Option<IgnoredAny>,
    kind: Option<Kind>,
}

/// Whether an object is whole or only its metadata.
#[derive(Deserialize, PartialEq, Eq)]
enum Kind {
    PartialObjectMetadata,
    #[serde(other)]
    Other,
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
    let with: WithMeta<'_> = serde_json::from_str(raw.get())?;
    let mut record = with.record(&raw);
    record.body = Body::Object(raw);
    Ok(record)
}

fn row(row: RawRow) -> serde_json::Result<Record> {
    let raw = row.object.unwrap_or_else(|| RawValue::NULL.to_owned());
    let with: Option<WithMeta<'_>> = serde_json::from_str(raw.get())?;
    let with = with.unwrap_or_default();
    let whole = with.kind == Some(Kind::Other);
    let mut record = with.record(&raw);
    record.body = Body::Cells(row.cells, whole.then_some(raw));
    Ok(record)
}

impl WithMeta<'_> {
    /// The record of the object whose text is `raw`, without its content.
    fn record(self, raw: &RawValue) -> Record {
        let owners = self.metadata.managed_fields.map(|fields| {
            let start = fields.get().as_ptr() as usize - raw.get().as_ptr() as usize;
            start..start + fields.get().len()
        });
        let says_kind = self.api_version.is_some() && self.kind.is_some();
        Record {
            place: (self.metadata.namespace, self.metadata.name),
            uid: self.metadata.uid,
            revision: self.metadata.resource_version,
            labels: self.metadata.labels.into_iter().collect(),
            manner: Manner { says_kind, owners },
            body: Body::Cells(Vec::new(), None),
        }
    }
}

impl Shape {
    /// Asks for this representation; rows come with metadata, or with whole objects.
    pub(crate) fn ask(self, request: Request, with_objects: bool) -> Request {
        match self {
            Self::Objects => request,
            Self::Table => {
                let include = if with_objects { "Object" } else { "Metadata" };
                request.accept(TABLE_ACCEPT).query("includeObject", include)
            }
        }
    }

    /// Reads a list.
    pub(crate) fn page(self, body: &[u8]) -> serde_json::Result<Page> {
        match self {
            Self::Objects => {
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
            Self::Table => {
                let table: RawTable = serde_json::from_slice(body)?;
                Ok(Page {
                    columns: table.column_definitions,
                    records: table
                        .rows
                        .into_iter()
                        .map(row)
                        .collect::<serde_json::Result<_>>()?,
                    revision: table.metadata.resource_version,
                    next: table.metadata.continue_token,
                })
            }
        }
    }

    /// Reads one object.
    pub(crate) fn single(self, body: &[u8]) -> serde_json::Result<(Vec<ColumnDefinition>, Record)> {
        if self == Self::Objects {
            return Ok((Vec::new(), object(serde_json::from_slice(body)?)?));
        }
        let page = self.page(body)?;
        let missing = || serde::de::Error::custom("a table of one object without a row");
        let record = page.records.into_iter().next().ok_or_else(missing)?;
        Ok((page.columns, record))
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
        if self == Self::Objects {
            return Ok(Some(Event::Change(
                event.type_,
                Vec::new(),
                Box::new(object(event.object)?),
            )));
        }
        let table: RawTable = serde_json::from_slice(event.object.get().as_bytes())?;
        let first = table.rows.into_iter().next();
        let Some(first) = first.map(row).transpose()? else {
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
        let with: WithMeta<'_> = serde_json::from_str(raw.get())?;
        let mut revision = with.metadata.resource_version;
        if revision.is_empty() && self == Self::Table {
            let table: RawTable = serde_json::from_slice(raw.get().as_bytes())?;
            let first = table.rows.into_iter().next().map(row).transpose()?;
            revision = first.map(|first| first.revision).unwrap_or_default();
        }
        Ok(Some(revision).filter(|revision| !revision.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_rows_are_told_apart_by_place_and_revision() {
        let page = Shape::Objects
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
        let page = Shape::Table
            .page(br#"{"columnDefinitions":[{"name":"Name","type":"string","priority":0}],"rows":[{"cells":["a",2],"object":{"metadata":{"name":"a","uid":"u","resourceVersion":"7","labels":{"k":"v"}}}}]}"#)
            .unwrap();
        assert_eq!(page.columns.len(), 1);
        assert_eq!(page.records[0].labels, [("k".to_owned(), "v".to_owned())]);
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
        assert_eq!(revision(Shape::Objects, plain), "5");
        assert_eq!(revision(Shape::Table, plain), "5");
        let table = r#"{"kind":"Table","metadata":{},"rows":[{"cells":[],"object":{"metadata":{"resourceVersion":"6"}}}]}"#;
        assert_eq!(revision(Shape::Table, table), "6");
    }
}
