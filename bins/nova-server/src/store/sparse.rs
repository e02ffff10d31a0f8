//! Parts of an encoded object, without building a tree of the rest.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::field::Name;

/// What to keep of an object.
#[derive(Debug, Default)]
pub(crate) struct Picked {
    whole: bool,
    below: Vec<(&'static str, Self)>,
}

impl Picked {
    /// Keeps what these JSON pointers name. A list on the way keeps its places: a number picks one item, `*` all.
    pub(crate) fn new(pointers: impl IntoIterator<Item = &'static str>) -> Self {
        let mut root = Self::default();
        for pointer in pointers {
            root.add(pointer);
        }
        root
    }

    fn add(&mut self, pointer: &'static str) {
        let mut node = self;
        for step in pointer.split('/').skip(1) {
            let known = node.below.iter().position(|(name, _)| *name == step);
            let at = known.unwrap_or_else(|| {
                node.below.push((step, Self::default()));
                node.below.len() - 1
            });
            node = &mut node.below[at].1;
        }
        node.whole = true;
    }

    /// Reads what is picked of an encoded object.
    pub(super) fn of(&self, json: &str) -> Value {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        self.deserialize(&mut deserializer).unwrap_or_default()
    }

    fn named(&self, step: &str) -> Option<&Self> {
        let found = self.below.iter().find(|(name, _)| *name == step);
        found.map(|(_, node)| node)
    }

    fn numbered(&self, at: usize) -> Option<&Self> {
        let is = |name: &str| name == "*" || name.parse() == Ok(at);
        let found = self.below.iter().find(|(name, _)| is(name));
        found.map(|(_, node)| node)
    }
}

impl<'de> DeserializeSeed<'de> for &Picked {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.whole {
            return Value::deserialize(deserializer);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Picked {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
            match self.named(&name) {
                Some(node) => {
                    members.insert(name.into_owned(), map.next_value_seed(node)?);
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let item = match self.numbered(items.len()) {
                Some(node) => seq.next_element_seed(node)?,
                None => seq.next_element::<IgnoredAny>()?.map(|_| Value::Null),
            };
            match item {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    // A scalar on the way to what is picked is not it, but shows that there is something else.
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_named_is_there() {
        let json = r#"{"metadata":{"name":"a","labels":{"x":"y"}},"specs":1,"spec":{"image":"i","disks":[1]},"status":{"addresses":[{"ip":"1","v":4},2],"conditions":[{"type":"A","status":"True","reason":"R"}],"phase":null}}"#;
        let picked = Picked::new([
            "/metadata/name",
            "/spec/image",
            "/status/addresses/0/ip",
            "/status/conditions/*/type",
            "/status/phase",
            "/none/x",
        ]);
        assert_eq!(
            picked.of(json),
            json!({"metadata": {"name": "a"}, "spec": {"image": "i"},
                "status": {"addresses": [{"ip": "1"}, null], "conditions": [{"type": "A"}], "phase": null}})
        );
        assert_eq!(Picked::new([""]).of(r#"{"a":[1]}"#), json!({"a": [1]}));
        assert_eq!(Picked::new(["/a/b"]).of(r#"{"a":"x"}"#), json!({"a": "x"}));
    }
}
