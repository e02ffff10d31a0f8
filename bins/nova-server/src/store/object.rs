//! One revision of one object, encoded.

use jiff::Timestamp;
use nova_core::units::format_age;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use super::Key;
use super::encode::{Encoded, Span, Spans, whole_member};
use super::field::field;
use super::sparse::Picked;
use crate::api::error::ApiError;
use crate::pack::Packed;

/// One committed revision of an object. Always behind an `Arc`, never changed.
#[derive(Debug)]
pub(crate) struct Object {
    /// Where it lives.
    pub(crate) key: Key,
    /// `metadata.resourceVersion`.
    pub(crate) rv: u64,
    marks: Marks,
    spans: Spans,
    body: Packed,
    /// Cells of its row, once somebody asked for them.
    cells: OnceLock<Box<Cells>>,
}

/// The cells of a row, encoded. A time in them goes on.
#[derive(Debug)]
pub(crate) struct Cells {
    /// What comes before the time, or all of it.
    pub(crate) before: Box<str>,
    /// The time that is shown as an age, where there is one.
    pub(crate) since: Option<Timestamp>,
    /// What comes after.
    pub(crate) after: Box<str>,
}

impl Cells {
    /// Adds the cells as they are at a time.
    pub(crate) fn write(&self, now: Timestamp, out: &mut String) {
        out.push_str(&self.before);
        if let Some(since) = self.since {
            out.push('"');
            out.push_str(&format_age(now.as_second() - since.as_second()));
            out.push('"');
            out.push_str(&self.after);
        }
    }
}

/// `metadata.uid` and the labels in one text, each ended by a NUL: the uid, then keys and values in turn.
#[derive(Debug, Clone)]
struct Marks(Box<str>);

impl Marks {
    /// Nothing when one of the texts has a NUL in it.
    fn new<'a>(uid: &'a str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let labels = labels.into_iter().flat_map(|(key, value)| [key, value]);
        let mut text = String::new();
        for part in std::iter::once(uid).chain(labels) {
            if part.contains('\0') {
                return None;
            }
            text.push_str(part);
            text.push('\0');
        }
        Some(Self(text.into()))
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator('\0')
    }
}

/// What is read of an encoded object without building a tree of it.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadMeta<'a> {
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    labels: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default)]
    managed_fields: Option<&'a RawValue>,
}

impl Object {
    /// Reads the members that selectors and preconditions need from an encoded object.
    pub(super) fn parse(key: Key, rv: u64, json: &str) -> Result<Self, serde_json::Error> {
        let head: Head<'_> = serde_json::from_str(json)?;
        let metadata: HeadMeta<'_> = serde_json::from_str(head.metadata.get())?;
        let place = |part: &RawValue| {
            let start = part.get().as_ptr() as usize - json.as_ptr() as usize;
            start..start + part.get().len()
        };
        let owners = metadata.managed_fields.map_or(0..0, place);
        let spans = Spans {
            metadata: Span::new(place(head.metadata)),
            owners: whole_member(json, owners),
        };
        let labels = metadata.labels.unwrap_or_default();
        let labels = labels.iter().map(|(key, value)| (&**key, &**value));
        let broken = || serde::de::Error::custom("a NUL in metadata");
        Ok(Self {
            body: Packed::new(key.kind, json),
            key,
            rv,
            marks: Marks::new(&metadata.uid, labels).ok_or_else(broken)?,
            spans,
            cells: OnceLock::new(),
        })
    }

    /// An object that was just encoded from `value`; nothing when its labels are no texts.
    pub(super) fn encoded(key: Key, rv: u64, encoded: &Encoded, value: &Value) -> Option<Self> {
        let metadata = &value["metadata"];
        let labels: Vec<(&str, &str)> = match &metadata["labels"] {
            Value::Null => Vec::new(),
            labels => labels
                .as_object()?
                .iter()
                .map(|(key, label)| Some((key.as_str(), label.as_str()?)))
                .collect::<Option<_>>()?,
        };
        let uid = metadata["uid"].as_str().unwrap_or_default();
        Some(Self {
            body: Packed::new(key.kind, &encoded.text),
            key,
            rv,
            marks: Marks::new(uid, labels)?,
            spans: encoded.spans,
            cells: OnceLock::new(),
        })
    }

    /// The object as it is sent.
    pub(crate) fn json(&self) -> String {
        self.with_json(str::to_owned)
    }

    /// Shows the object as it is sent, without a copy that outlives it.
    pub(crate) fn with_json<T>(&self, show: impl FnOnce(&str) -> T) -> T {
        self.body.with(show)
    }

    /// Bytes of it as it is sent.
    pub(crate) fn length(&self) -> usize {
        self.body.length()
    }

    /// As it is stored; see [`Packed::stored`].
    pub(super) fn stored(&self) -> (u8, &[u8]) {
        self.body.stored()
    }

    /// The cells of its row; `make` makes them the first time.
    pub(crate) fn cells(&self, make: impl FnOnce() -> Cells) -> &Cells {
        self.cells.get_or_init(|| Box::new(make()))
    }

    /// Adds the object as it is sent to `out`; the owners of its fields only when they are wanted.
    pub(crate) fn write(&self, owners: bool, out: &mut String) {
        self.with_json(|json| self.add(json, 0..json.len(), owners, out));
    }

    /// Adds its metadata as they are sent.
    pub(crate) fn write_metadata(&self, owners: bool, out: &mut String) {
        let metadata = self.spans.metadata.range();
        self.with_json(|json| self.add(json, metadata, owners, out));
    }

    fn add(&self, json: &str, part: Range<usize>, owners: bool, out: &mut String) {
        let hidden = self.spans.owners.range();
        if owners || hidden.is_empty() {
            out.push_str(&json[part]);
        } else {
            out.push_str(&json[part.start..hidden.start]);
            out.push_str(&json[hidden.end..part.end]);
        }
    }

    /// The object as a tree.
    pub(crate) fn value(&self) -> Value {
        self.with_json(|json| serde_json::from_str(json).unwrap_or(Value::Null))
    }

    /// The object with nothing but what is picked.
    pub(crate) fn sparse(&self, picked: &Picked) -> Value {
        // Owners are a third of an object and in no column.
        let mut json = String::with_capacity(self.length());
        self.write(false, &mut json);
        picked.of(&json)
    }

    /// The object as a type.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        self.with_json(|json| serde_json::from_str(json))
            .map_err(|e| ApiError::internal(format!("stored {} cannot be read: {e}", self.key)))
    }

    /// The scalar at a dotted path as text; absent reads as empty.
    pub(crate) fn field(&self, path: &str) -> String {
        self.with_json(|json| field(json, path))
    }

    /// `metadata.uid`.
    pub(crate) fn uid(&self) -> &str {
        self.marks.parts().next().unwrap_or_default()
    }

    /// The value of one label.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        let mut labels = self.marks.parts().skip(1);
        while let (Some(name), Some(value)) = (labels.next(), labels.next()) {
            if name == key {
                return Some(value);
            }
        }
        None
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.rv == other.rv && self.json() == other.json()
    }
}

impl Eq for Object {}
