//! One field of an encoded object, read without building a tree of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The scalar at a dotted path, as text; absent, null and what is no scalar read as empty.
pub(super) fn field(json: &str, path: &str) -> String {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Path(path)
        .deserialize(&mut deserializer)
        .unwrap_or_default()
}

/// The name of a member, borrowed where nothing in it is escaped; a bare `Cow` would always be copied.
#[derive(Deserialize)]
pub(super) struct Name<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// What is left of a path; empty at the value itself.
struct Path<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Path<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Path<'_> {
    /// A scalar counts only at the end of the path.
    fn scalar(&self, text: &impl ToString) -> String {
        if self.0.is_empty() {
            text.to_string()
        } else {
            String::new()
        }
    }
}

impl<'de> Visitor<'de> for Path<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let (first, rest) = self.0.split_once('.').unwrap_or((self.0, ""));
        let mut found = String::new();
        while let Some(key) = map.next_key::<Name<'de>>()? {
            if key.0 == first && !first.is_empty() {
                found = map.next_value_seed(Path(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<String, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(self.scalar(&text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<String, E> {
        Ok(self.scalar(&value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<String, E> {
        Ok(self.scalar(&value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<String, E> {
        Ok(self.scalar(&value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<String, E> {
        Ok(self.scalar(&value))
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_reads_as_selectors_compare_it() {
        let json = r#"{"a":{"b":"x\n","n":null,"i":7,"t":true,"l":[1,{"b":2}]},"b":"y"}"#;
        let cases = [
            ("a.b", "x\n"),
            ("b", "y"),
            ("a.i", "7"),
            ("a.t", "true"),
            ("a.n", ""),
            ("a", ""),
            ("a.l", ""),
            ("a.l.b", ""),
            ("b.c", ""),
            ("none", ""),
        ];
        for (path, text) in cases {
            assert_eq!(field(json, path), text, "{path}");
        }
    }
}
