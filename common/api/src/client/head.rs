//! What an object is, read without reading what it has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// The members of metadata that lists and watches go by.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) creation_timestamp: String,
    pub(super) labels: BTreeMap<String, String>,
}

/// What an object says of itself.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct WithMeta {
    #[serde(default)]
    pub(super) metadata: Meta,
    pub(super) api_version: Option<IgnoredAny>,
    pub(super) kind: Option<Kind>,
}

/// Whether an object is whole or only its metadata.
#[derive(Deserialize, PartialEq, Eq)]
pub(super) enum Kind {
    PartialObjectMetadata,
    #[serde(other)]
    Other,
}

impl WithMeta {
    /// Reads an object as far as it must be read: what it is stands before what it has, if its writer sorts.
    pub(super) fn of(text: &str) -> serde_json::Result<Self> {
        let mut found = Found::default();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = deserializer.deserialize_map(Finding(&mut found));
        // Leaving the rest is an error to the reader, and not to us.
        if !found.is_all() {
            read?;
        }
        Ok(Self {
            metadata: found.metadata.unwrap_or_default(),
            api_version: found.api_version,
            kind: found.kind,
        })
    }
}

/// What was found of an object so far.
#[derive(Default)]
struct Found {
    metadata: Option<Meta>,
    api_version: Option<IgnoredAny>,
    kind: Option<Kind>,
}

impl Found {
    fn is_all(&self) -> bool {
        self.metadata.is_some() && self.api_version.is_some() && self.kind.is_some()
    }
}

struct Finding<'f>(&'f mut Found);

impl<'de> Visitor<'de> for Finding<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Member(name)) = map.next_key::<Member<'de>>()? {
            match &*name {
                "metadata" => self.0.metadata = Some(map.next_value()?),
                "apiVersion" => self.0.api_version = Some(map.next_value()?),
                "kind" => self.0.kind = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if self.0.is_all() {
                break;
            }
        }
        Ok(())
    }
}

/// The name of a member, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Member<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_far_as_it_says_what_it_is() {
        let early = r#"{"apiVersion":"v1","kind":"K","metadata":{"name":"a"},"spec":[broken"#;
        let late = r#"{"spec":{"x":1},"metadata":{"name":"a"},"kind":"K","apiVersion":"v1"}"#;
        for text in [early, late] {
            let with = WithMeta::of(text).unwrap();
            assert_eq!(with.metadata.name, "a");
            assert!(with.kind == Some(Kind::Other) && with.api_version.is_some());
        }
        let bare = WithMeta::of(r#"{"metadata":{"name":"a"}}"#).unwrap();
        assert!(bare.kind.is_none() && bare.metadata.name == "a");
        assert!(WithMeta::of(r#"{"metadata":{"name":"a"},"spec":[broken"#).is_err());
    }
}
