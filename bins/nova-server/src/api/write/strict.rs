//! JSON with its doubles: what a plain parser passes over in silence.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A value, and the paths of members that stood there twice, in the order of the text.
pub(super) fn parse(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut doubles = Vec::new();
    let mut path = String::new();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let reader = Reader {
        path: &mut path,
        doubles: &mut doubles,
    };
    let value = reader.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, doubles))
}

struct Reader<'a> {
    path: &'a mut String,
    doubles: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// Reads something below, at a path that is one step longer.
    fn below<T>(&mut self, step: &str, read: impl FnOnce(Reader<'_>) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let result = read(Reader {
            path: self.path,
            doubles: self.doubles,
        });
        self.path.truncate(length);
        result
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let dot = if self.path.is_empty() { "" } else { "." };
            let step = format!("{dot}{name}");
            let value = self.below(&step, |reader| map.next_value_seed(reader))?;
            if members.insert(name, value).is_some() {
                let double = format!("{}{step}", self.path);
                if !self.doubles.contains(&double) {
                    self.doubles.push(double);
                }
            }
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let step = format!("[{}]", items.len());
            match self.below(&step, |reader| seq.next_element_seed(reader))? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

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

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn doubles_are_named_and_the_last_one_counts() {
        let text = br#"{"a":1,"b":[{"c":1,"c":2,"c":3}],"a":{"d":1.5}}"#;
        let (value, doubles) = parse(text).unwrap();
        assert_eq!(value, json!({"a": {"d": 1.5}, "b": [{"c": 3}]}));
        assert_eq!(doubles, ["b[0].c", "a"]);
        assert!(parse(b"{} {}").is_err());
        assert!(parse(b"{").unwrap_err().is_eof());
    }

    proptest! {
        #[test]
        fn a_text_reads_as_with_a_plain_parser(text in "[\\[\\]{}:,\"a1.e-]{0,40}") {
            let plain = serde_json::from_str::<Value>(&text).ok();
            prop_assert_eq!(parse(text.as_bytes()).ok().map(|(value, _)| value), plain);
        }
    }
}
