//! Parts of an encoded object, without building a tree of the rest.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::field::Name;

/// The object with nothing but what these JSON pointers name. A list on the way comes as a whole.
pub(super) fn sparse(json: &str, pointers: &[&str]) -> Value {
    if !json.starts_with('{') || pointers.iter().any(|pointer| pointer.is_empty()) {
        return serde_json::from_str(json).unwrap_or(Value::Null);
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let members = deserializer.deserialize_map(Members(pointers));
    Value::Object(members.unwrap_or_default())
}

/// One member of the object, encoded.
pub(super) fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Member(name)).ok().flatten()
}

struct Members<'p>(&'p [&'p str]);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<Name<'de>>()? {
            let below: Vec<&str> = self
                .0
                .iter()
                .filter_map(|pointer| rest(pointer, &key.0))
                .collect();
            if below.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                let value: &RawValue = map.next_value()?;
                members.insert(key.0.into_owned(), sparse(value.get(), &below));
            }
        }
        Ok(members)
    }
}

/// What is left of a pointer below `key`.
fn rest<'p>(pointer: &'p str, key: &str) -> Option<&'p str> {
    let below = pointer.strip_prefix('/')?.strip_prefix(key)?;
    (below.is_empty() || below.starts_with('/')).then_some(below)
}

struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Name<'de>>()? {
            if key.0 == self.0 {
                found = Some(map.next_value::<&RawValue>()?.get());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_named_is_there() {
        let json = r#"{"metadata":{"name":"a","labels":{"x":"y"}},"specs":1,"spec":{"image":"i","disks":[1]},"status":{"addresses":[{"ip":"1"},2],"phase":null}}"#;
        let pointers = [
            "/metadata/name",
            "/spec/image",
            "/status/addresses/0/ip",
            "/status/phase",
            "/none/x",
        ];
        assert_eq!(
            sparse(json, &pointers),
            json!({"metadata": {"name": "a"}, "spec": {"image": "i"},
                "status": {"addresses": [{"ip": "1"}, 2], "phase": null}})
        );
        assert_eq!(
            member(json, "metadata"),
            Some(r#"{"name":"a","labels":{"x":"y"}}"#)
        );
        assert_eq!(member(json, "nothing"), None);
    }
}
