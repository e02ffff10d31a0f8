//! One revision of one object, encoded.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Key;
use super::field::field;
use super::pack::Packed;
use super::sparse;
use crate::api::error::ApiError;

/// One committed revision of an object. Always behind an `Arc`, never changed.
#[derive(Debug)]
pub(crate) struct Object {
    /// Where it lives.
    pub(crate) key: Key,
    /// `metadata.resourceVersion`.
    pub(crate) rv: u64,
    /// `metadata.uid`.
    pub(crate) uid: String,
    labels: Box<[(Box<str>, Box<str>)]>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Plain(Box<str>),
    Packed(Packed),
}

/// What is read of an encoded object without building a tree of it.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: HeadMeta<'a>,
}

#[derive(Deserialize)]
struct HeadMeta<'a> {
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    labels: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
}

impl Object {
    /// Reads the members that selectors and preconditions need from an encoded object.
    pub(super) fn parse(key: Key, rv: u64, json: String) -> Result<Self, serde_json::Error> {
        let head: Head<'_> = serde_json::from_str(&json)?;
        let uid = head.metadata.uid.into_owned();
        let labels = head.metadata.labels.unwrap_or_default();
        let labels = labels
            .into_iter()
            .map(|(k, v)| (k.into(), v.into()))
            .collect();
        Ok(Self {
            key,
            rv,
            uid,
            labels,
            body: Body::Plain(json.into_boxed_str()),
        })
    }

    /// The object as it is sent.
    pub(crate) fn json(&self) -> Cow<'_, str> {
        match &self.body {
            Body::Plain(json) => Cow::Borrowed(json),
            Body::Packed(packed) => Cow::Owned(packed.text()),
        }
    }

    /// Bytes of its encoding in memory.
    pub(super) fn plain_size(&self) -> usize {
        match &self.body {
            Body::Plain(json) => json.len(),
            Body::Packed(_) => 0,
        }
    }

    /// The same object with its encoding compressed; nothing when that gains nothing.
    pub(super) fn packed(&self, dictionary: &Arc<str>) -> Option<Self> {
        Some(Self {
            key: self.key.clone(),
            rv: self.rv,
            uid: self.uid.clone(),
            labels: self.labels.clone(),
            body: Body::Packed(Packed::new(&self.json(), dictionary)?),
        })
    }

    /// The object as a tree.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.json()).unwrap_or(Value::Null)
    }

    /// The object with nothing but what these JSON pointers name.
    pub(crate) fn sparse(&self, pointers: &[&str]) -> Value {
        sparse::sparse(&self.json(), pointers)
    }

    /// Its metadata as they are sent.
    pub(crate) fn metadata(&self) -> String {
        let json = self.json();
        sparse::member(&json, "metadata").unwrap_or("{}").to_owned()
    }

    /// The object as a type.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_str(&self.json())
            .map_err(|e| ApiError::internal(format!("stored {} cannot be read: {e}", self.key)))
    }

    /// The scalar at a dotted path as text; absent reads as empty.
    pub(crate) fn field(&self, path: &str) -> String {
        field(&self.json(), path)
    }

    /// The value of one label.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        Some(&self.labels[at].1)
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.rv == other.rv && self.json() == other.json()
    }
}

impl Eq for Object {}
