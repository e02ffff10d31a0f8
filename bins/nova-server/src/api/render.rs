//! Objects as the client wants them written.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::columns::Column;
use super::kinds::Kind;
use super::negotiate::{Include, View};
use crate::store::Object;

/// Writes objects of one kind in one form.
#[derive(Clone, Copy)]
pub(crate) struct Renderer {
    pub(crate) kind: &'static Kind,
    pub(crate) view: View,
}

impl Renderer {
    /// One object as an answer of its own.
    pub(crate) fn object(&self, object: &Object) -> String {
        match self.view {
            View::Full => object.json().into_owned(),
            View::Metadata | View::Table(_) => self.value(object.value()),
        }
    }

    /// The same for an object that is not stored (dry run, deleted).
    pub(crate) fn value(&self, value: Value) -> String {
        match self.view {
            View::Full => value.to_string(),
            View::Metadata => partial(&value).to_string(),
            View::Table(include) => {
                let rv = value["metadata"]["resourceVersion"].clone();
                self.table(&self.row(value, include), &rv, true).to_string()
            }
        }
    }

    /// One object inside a list.
    pub(crate) fn item(&self, object: &Object) -> String {
        match self.view {
            View::Full => object.json().into_owned(),
            View::Metadata => stored_partial(object),
            View::Table(include) => self.stored_row(object, include),
        }
    }

    /// A row of a stored object. Lists have many, so no more is read of one than its cells show.
    fn stored_row(&self, object: &Object, include: Include) -> String {
        let sources: Option<Vec<&str>> = self.kind.columns.iter().map(Column::source).collect();
        let value = sources.map_or_else(|| object.value(), |sources| object.sparse(&sources));
        let cells = self.cells(&value);
        match include {
            Include::None => format!(r#"{{"cells":{cells}}}"#),
            Include::Metadata => {
                format!(r#"{{"cells":{cells},"object":{}}}"#, stored_partial(object))
            }
            Include::Object => format!(r#"{{"cells":{cells},"object":{}}}"#, object.json()),
        }
    }

    fn cells(&self, value: &Value) -> Value {
        let now = Timestamp::now();
        let columns = self.kind.columns.iter();
        columns.map(|column| column.of(value, now)).collect()
    }

    /// What stands before the items of a list, up to and including the bracket.
    pub(crate) fn list_head(&self, metadata: &Value) -> String {
        match self.view {
            View::Full => format!(
                r#"{{"apiVersion":"{}","kind":"{}","metadata":{metadata},"items":["#,
                self.kind.info.api_version(),
                self.kind.info.list_kind(),
            ),
            View::Metadata => format!(
                r#"{{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadataList","metadata":{metadata},"items":["#
            ),
            View::Table(_) => format!(
                r#"{{"apiVersion":"meta.k8s.io/v1","kind":"Table","metadata":{metadata},"columnDefinitions":{},"rows":["#,
                self.definitions()
            ),
        }
    }

    /// The object of a watch event. Only the first table of a watch has column definitions.
    pub(crate) fn event(&self, value: &Value, first: bool) -> String {
        match self.view {
            View::Full => value.to_string(),
            View::Metadata => partial(value).to_string(),
            View::Table(include) => {
                let rv = value["metadata"]["resourceVersion"].clone();
                self.table(&self.row(value.clone(), include), &rv, first)
                    .to_string()
            }
        }
    }

    /// The same for a stored object, without building a tree where none is needed.
    pub(crate) fn stored_event(&self, object: &Arc<Object>, first: bool) -> String {
        match self.view {
            View::Full => object.json().into_owned(),
            _ => self.event(&object.value(), first),
        }
    }

    /// A bookmark's object: kind, apiVersion and revision, in the form of the watch.
    pub(crate) fn bookmark(&self, revision: u64, initial_end: bool) -> String {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        metadata["creationTimestamp"] = Value::Null;
        let (api_version, kind) = (self.kind.info.api_version(), self.kind.info.kind);
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
        match self.view {
            View::Full => object.to_string(),
            View::Metadata => partial(&object).to_string(),
            View::Table(_) => {
                let row = json!({"cells": [], "object": partial(&object)});
                self.table(&row, &json!(revision.to_string()), false)
                    .to_string()
            }
        }
    }

    /// A table of one row.
    fn table(&self, row: &Value, rv: &Value, columns: bool) -> Value {
        let columns = if columns {
            self.definitions()
        } else {
            json!([])
        };
        json!({
            "apiVersion": "meta.k8s.io/v1", "kind": "Table",
            "metadata": {"resourceVersion": rv}, "columnDefinitions": columns, "rows": [row],
        })
    }

    fn row(&self, value: Value, include: Include) -> Value {
        let mut row = json!({"cells": self.cells(&value)});
        match include {
            Include::None => {}
            Include::Metadata => row["object"] = partial(&value),
            Include::Object => row["object"] = value,
        }
        row
    }

    fn definitions(&self) -> Value {
        self.kind.columns.iter().map(Column::definition).collect()
    }
}

/// The same of a stored object, encoded.
fn stored_partial(object: &Object) -> String {
    let metadata = object.metadata();
    format!(
        r#"{{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{metadata}}}"#
    )
}

/// An object's metadata alone.
fn partial(value: &Value) -> Value {
    json!({
        "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": value["metadata"],
    })
}
