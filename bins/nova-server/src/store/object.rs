//! One revision of one object, encoded.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Key;
use super::field::field;
use crate::api::error::ApiError;

/// One committed revision of an object. Always behind an `Arc`, never changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// Where it lives.
    pub(crate) key: Key,
    /// `metadata.resourceVersion`.
    pub(crate) rv: u64,
    /// `metadata.uid`.
    pub(crate) uid: String,
    labels: Box<[(Box<str>, Box<str>)]>,
    json: Box<str>,
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
            json: json.into_boxed_str(),
        })
    }

    /// The object as it is sent.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// The object as a tree.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or(Value::Null)
    }

    /// The object as a type.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_str(&self.json)
            .map_err(|e| ApiError::internal(format!("stored {} cannot be read: {e}", self.key)))
    }

    /// The scalar at a dotted path as text; absent reads as empty.
    pub(crate) fn field(&self, path: &str) -> String {
        field(&self.json, path)
    }

    /// The value of one label.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        Some(&self.labels[at].1)
    }
}
