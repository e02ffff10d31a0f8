//! YAML documents, a JSON list, concatenated JSON and JSON Lines, with faults by line and column.

use std::fmt;

use nova_core::{Failure, Kind, Result};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads every object of a text; `source` is what faults name.
pub fn parse(text: &str, source: &str) -> Result<Vec<Value>> {
    let documents = if looks_like_json(text) {
        json(text, source)?
    } else {
        yaml(text, source)?
    };
    let mut objects = Vec::new();
    for document in documents {
        flatten(document, &mut objects);
    }
    Ok(objects)
}

/// Reads a text that must be one document.
pub fn parse_one(text: &str, source: &str) -> Result<Value> {
    serde_saphyr::from_str(text).map_err(|error| yaml_fault(&error, source))
}

fn json(text: &str, source: &str) -> Result<Vec<Value>> {
    let mut documents = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    // Keys that come twice are found only by reading them ourselves.
    while reader.end().is_err() {
        let document = Strict.deserialize(&mut reader);
        documents.push(document.map_err(|error| json_fault(&error, source))?);
    }
    Ok(documents)
}

fn json_fault(error: &serde_json::Error, source: &str) -> Failure {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let place = format!(" at line {line} column {column}");
    let said = text.strip_suffix(&place).unwrap_or(&text);
    fault(source, Some((line, column)), said)
}

fn yaml(text: &str, source: &str) -> Result<Vec<Value>> {
    serde_saphyr::from_multiple(text).map_err(|error| yaml_fault(&error, source))
}

/// `{a: 1}` is YAML: JSON has its keys in quotes.
fn looks_like_json(text: &str) -> bool {
    let text = text.trim_start();
    let inside = text.strip_prefix('{').map(str::trim_start);
    text.starts_with('[') || inside.is_some_and(|inside| inside.starts_with(['"', '}']))
}

fn yaml_fault(error: &serde_saphyr::Error, source: &str) -> Failure {
    let place = error.location().and_then(|at| {
        let number = |n: u64| usize::try_from(n).ok();
        Some((number(at.line())?, number(at.column())?))
    });
    let bare = error.without_snippet().to_string();
    let line = bare
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    fault(source, place, without_place(line))
}

/// The sentence without the place that stands before it already.
fn without_place(line: &str) -> &str {
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = match line
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "))
    {
        Some((place, said)) if place.contains("column") => said,
        _ => line,
    };
    line.find(" at line ").map_or(line, |at| &line[..at])
}

fn fault(source: &str, place: Option<(usize, usize)>, said: &str) -> Failure {
    let message = match place {
        Some((line, column)) => format!("{source}:{line}:{column}: {said}"),
        None => format!("{source}: {said}"),
    };
    Failure::new(Kind::Config, message)
}

/// Lists are their items; empty documents are nothing.
fn flatten(document: Value, objects: &mut Vec<Value>) {
    match document {
        Value::Null => {}
        Value::Array(items) => items.into_iter().for_each(|item| flatten(item, objects)),
        Value::Object(mut map) if is_list(&map) => {
            let items = map.remove("items").unwrap_or_default();
            flatten(items, objects);
        }
        object => objects.push(object),
    }
}

fn is_list(map: &Map<String, Value>) -> bool {
    let kind = map.get("kind").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.ends_with("List")) && map.get("items").is_none_or(Value::is_array)
}

/// Reads JSON and refuses keys that come twice, of which serde_json would keep the last in silence.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate key `{key}`")));
            }
            map.insert(key, entries.next_value_seed(Self)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_several_objects_is_read() {
        let forms = [
            "a: 1\n---\n# nothing\n---\na: 2\n",
            "{\"a\": 1}\n{\"a\": 2}\n",
            "{\"a\": 1}{\"a\": 2}",
            "[{\"a\": 1}, {\"a\": 2}]",
            "{a: 1}\n---\n{a: 2}\n",
            "kind: List\nitems:\n- a: 1\n- a: 2\n",
            "{\"kind\": \"VirtualMachineList\", \"items\": [{\"a\": 1}, {\"a\": 2}]}",
        ];
        for form in forms {
            assert_eq!(
                parse(form, "x").unwrap(),
                [json!({"a": 1}), json!({"a": 2})],
                "{form}"
            );
        }
        assert!(parse("", "x").unwrap().is_empty());
        assert!(parse("# only words\n", "x").unwrap().is_empty());
    }

    #[test]
    fn a_fault_is_one_line_with_its_place() {
        let said = |text| parse(text, "x.yaml").unwrap_err();
        for (text, start) in [
            ("{\"a\": }", "x.yaml:1:7: expected value"),
            ("{\"a\": 1,\n \"a\": 2}", "x.yaml:2:4: duplicate key `a`"),
            ("a: 1\nb: 2\na: 3\n", "x.yaml:3:1: "),
            ("a: [1, 2\nb: 3\n", "x.yaml:"),
            ("a: 'b\n", "x.yaml:"),
            ("a: 1\n---\nb: 1\n  c: 2\n", "x.yaml:4:"),
        ] {
            let failure = said(text);
            let message = failure.message();
            assert_eq!(failure.kind(), Kind::Config);
            assert!(message.starts_with(start), "{text:?} gives {message:?}");
            assert_eq!(message.lines().count(), 1, "{message}");
            assert!(!message.contains(" at line "), "{message}");
        }
    }

    #[test]
    fn large_integers_keep_every_digit() {
        let big = json!({"n": 9_007_199_254_740_993_i64});
        assert_eq!(
            parse("{\"n\": 9007199254740993}", "x").unwrap(),
            [json!({"n": 9_007_199_254_740_993_i64})]
        );
        assert_eq!(parse("n: 9007199254740993", "x").unwrap(), [big]);
    }
}
