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
            View::Metadata => partial(&object.value()).to_string(),
            View::Table(include) => self.row(object.value(), include).to_string(),
        }
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
        let now = Timestamp::now();
        let columns = self.kind.columns.iter();
        let cells: Vec<Value> = columns.map(|column| column.of(&value, now)).collect();
        let mut row = json!({"cells": cells});
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

/// An object's metadata alone.
fn partial(value: &Value) -> Value {
    json!({
        "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": value["metadata"],
    })
}
