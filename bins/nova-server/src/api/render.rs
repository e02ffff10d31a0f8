//! Objects as the client wants them written.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::columns::Column;
use super::error::ApiError;
use super::kinds::Kind;
use super::negotiate::{Include, View};
use super::request::Call;
use crate::store::{Cells, Object, Picked};

/// Writes objects of one kind in one form.
#[derive(Clone, Copy)]
pub(crate) struct Renderer {
    kind: &'static Kind,
    view: View,
    /// Whether `managedFields` are wanted.
    owners: bool,
}

impl Renderer {
    /// As a request asks for it: its header `Accept`, and the parameters `view`, `includeObject` and `managedFields`.
    pub(crate) fn of(call: &Call) -> Result<Self, ApiError> {
        Ok(Self {
            kind: call.kind,
            view: View::of(&call.headers, &call.query)?,
            owners: call.query.get("managedFields") != Some("false"),
        })
    }

    /// One object as an answer of its own.
    pub(crate) fn object(&self, object: &Object) -> String {
        match self.view {
            View::Full => self.text(object),
            View::Metadata | View::Table(_) => self.value(object.value()),
        }
    }

    /// The same for an object that is not stored (dry run, deleted).
    pub(crate) fn value(&self, mut value: Value) -> String {
        self.hide_owners(&mut value);
        match self.view {
            View::Full => value.to_string(),
            View::Metadata => partial(&value).to_string(),
            View::Table(include) => {
                let rv = value["metadata"]["resourceVersion"].clone();
                self.table(&self.row(value, include), &rv, true).to_string()
            }
        }
    }

    /// What of an object the cells of its row are made from, where that is known. Such cells stay as they are, but for one age
    /// at most.
    pub(crate) fn picked(&self) -> Option<Picked> {
        let columns = self.kind.columns;
        let sources: Option<Vec<_>> = columns.iter().map(Column::sources).collect();
        let ages = columns.iter().filter(|column| column.is_age()).count();
        let sources = sources.filter(|_| ages <= 1)?;
        Some(Picked::new(sources.into_iter().flatten().copied()))
    }

    /// Cells that can be used again.
    fn kept_cells(&self, value: &Value) -> Cells {
        let now = Timestamp::now();
        let (mut before, mut after, mut since) = (String::from("["), String::new(), None);
        for (at, column) in self.kind.columns.iter().enumerate() {
            let part = if since.is_some() {
                &mut after
            } else {
                &mut before
            };
            part.push_str(if at > 0 { "," } else { "" });
            since = since.or_else(|| column.since(value));
            if since.is_none() || !column.is_age() {
                part.push_str(&column.of(value, now).to_string());
            }
        }
        let last = if since.is_some() {
            &mut after
        } else {
            &mut before
        };
        last.push(']');
        Cells {
            before: before.into(),
            since,
            after: after.into(),
        }
    }

    /// Adds one object inside a list. Lists have many, so no more is read of one than is shown.
    pub(crate) fn item(&self, object: &Object, picked: Option<&Picked>, out: &mut String) {
        let View::Table(include) = self.view else {
            return match self.view {
                View::Metadata => self.stored_partial(object, out),
                _ => object.write(self.owners, out),
            };
        };
        out.push_str("{\"cells\":");
        match picked {
            Some(picked) => {
                let cells = object.cells(|| self.kept_cells(&object.sparse(picked)));
                cells.write(Timestamp::now(), out);
            }
            None => out.push_str(&self.cells(&object.value()).to_string()),
        }
        if include != Include::None {
            out.push_str(",\"object\":");
            match include {
                Include::Object => object.write(self.owners, out),
                _ => self.stored_partial(object, out),
            }
        }
        out.push('}');
    }

    /// The metadata alone of a stored object.
    fn stored_partial(&self, object: &Object, out: &mut String) {
        out.push_str(
            r#"{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":"#,
        );
        object.write_metadata(self.owners, out);
        out.push('}');
    }

    fn text(&self, object: &Object) -> String {
        if self.owners {
            return object.json();
        }
        let mut text = String::new();
        object.write(false, &mut text);
        text
    }

    fn hide_owners(&self, value: &mut Value) {
        if let Some(metadata) = value["metadata"].as_object_mut().filter(|_| !self.owners) {
            metadata.remove("managedFields");
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
    pub(crate) fn event(&self, mut value: Value, first: bool) -> String {
        self.hide_owners(&mut value);
        match self.view {
            View::Full => value.to_string(),
            View::Metadata => partial(&value).to_string(),
            View::Table(include) => {
                let rv = value["metadata"]["resourceVersion"].clone();
                self.table(&self.row(value, include), &rv, first)
                    .to_string()
            }
        }
    }

    /// The same for a stored object, without building a tree where none is needed.
    pub(crate) fn stored_event(&self, object: &Arc<Object>, first: bool) -> String {
        match self.view {
            View::Full => self.text(object),
            _ => self.event(object.value(), first),
        }
    }

    /// A bookmark's object: kind, apiVersion and revision, in the form of the watch.
    pub(crate) fn bookmark(&self, revision: u64, initial_end: bool) -> String {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
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

/// An object's metadata alone.
fn partial(value: &Value) -> Value {
    json!({
        "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": value["metadata"],
    })
}
