//! `nova config schema`: every key that the configuration may hold.

use nova_core::config::{KEYS, Key, KeyType, OPEN, VERSION};
use nova_core::{Render, Table};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Show every key with its type and default
///
/// With -o json it is a JSON Schema (2020-12) of the configuration file, for editors and checkers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config schema\n\
\x20 nova config schema -o json > nova.schema.json")]
pub(crate) struct SchemaArgs {}

/// The schema; people see it as a table.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Schema(Value);

pub(crate) fn run(_: &SchemaArgs) -> Schema {
    Schema(document())
}

fn document() -> Value {
    let mut root = object(&sections(KEYS.iter()));
    for scope in ["profiles", "environments"] {
        root["properties"][scope] = json!({
            "type": "object",
            "description": format!("{scope}: any part of the configuration, by name"),
            "additionalProperties": {"$ref": "#/$defs/part"},
        });
    }
    for open in OPEN {
        let properties = &mut root["properties"];
        if properties.get(open).is_none() {
            properties[*open] = json!({"description": "open table of another part of nova"});
        }
    }
    root["properties"]["providers"]["additionalProperties"] = json!(true);
    let mut part = root.clone();
    part["properties"]["extends"] = json!({"type": "string", "description": "profile to build on"});
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["$id"] = json!(format!("https://nova.dev/schemas/config-v{VERSION}.json"));
    root["title"] = json!("Configuration of nova");
    root["$defs"] = json!({"part": part});
    root
}

/// Keys by their first name, as nested objects.
fn sections<'k>(keys: impl Iterator<Item = &'k Key>) -> Map<String, Value> {
    let mut root = Map::new();
    for key in keys {
        let names: Vec<&str> = key.name.split('.').collect();
        place(&mut root, &names, property(key));
    }
    root
}

fn place(properties: &mut Map<String, Value>, names: &[&str], schema: Value) {
    match names {
        [] => {}
        [last] => {
            properties.insert((*last).to_owned(), schema);
        }
        [first, rest @ ..] => {
            let inner = properties
                .entry(*first)
                .or_insert_with(|| object(&Map::new()));
            if let Some(inner) = inner["properties"].as_object_mut() {
                place(inner, rest, schema);
            }
        }
    }
}

fn object(properties: &Map<String, Value>) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn property(key: &Key) -> Value {
    let mut schema = match key.kind {
        KeyType::Text => json!({"type": ["string", "integer"]}),
        KeyType::Quantity => json!({
            "type": ["string", "integer"], "pattern": "^[0-9.]+[A-Za-z]{0,3}$", "exclusiveMinimum": 0,
        }),
        KeyType::Bool => json!({"type": "boolean"}),
        KeyType::Int(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
        KeyType::Duration => json!({"type": "string", "examples": ["30s", "5m"]}),
        KeyType::OneOf(words) => one_of(words),
        KeyType::Format => json!({"type": "string", "examples": formats()}),
        KeyType::TextList => json!({"type": ["array", "string"], "items": {"type": "string"}}),
        KeyType::NamedList => named_list(key),
    };
    schema["description"] = json!(key.about);
    if let Some(default) = key.default_value() {
        schema["default"] = json!(default);
    }
    schema
}

/// `true` and `false` are words of a key that once was yes or no.
fn one_of(words: &[&str]) -> Value {
    let texts = words
        .iter()
        .filter(|word| !matches!(**word, "true" | "false"));
    let mut values: Vec<Value> = texts.map(|word| json!(word)).collect();
    if words.contains(&"true") {
        values.extend([json!(true), json!(false)]);
    }
    json!({ "enum": values })
}

fn named_list(key: &Key) -> Value {
    let fields = sections(key.fields().iter());
    let mut table = object(&fields);
    table["required"] = json!(["name"]);
    // A context may carry settings of its own.
    if key.name == "contexts" {
        table["additionalProperties"] = json!({"type": "object"});
    }
    json!({"type": "array", "items": table})
}

fn formats() -> Vec<&'static str> {
    vec!["table", "wide", "json", "jsonl", "yaml", "name"]
}

impl Render for Schema {
    fn is_reading(&self) -> bool {
        true
    }

    fn table(&self, table: &mut Table) {
        table.headers(["key", "type", "default", "meaning"]);
        for key in KEYS {
            row(table, key.name, key);
            for field in key.fields() {
                row(table, &format!("{}[].{}", key.name, field.name), field);
            }
        }
    }

    fn names(&self) -> Vec<String> {
        KEYS.iter().map(|key| key.name.to_owned()).collect()
    }
}

fn row(table: &mut Table, name: &str, key: &Key) {
    let about = match key.kind {
        KeyType::OneOf(words) => format!("{}: {}", key.about, words.join(", ")),
        _ => key.about.to_owned(),
    };
    table.row([
        name,
        &kind(key.kind),
        key.default.unwrap_or("<none>"),
        &about,
    ]);
}

fn kind(kind: KeyType) -> String {
    match kind {
        KeyType::Text => "text".to_owned(),
        KeyType::Quantity => "quantity".to_owned(),
        KeyType::Bool => "yes or no".to_owned(),
        KeyType::Int(low, high) => format!("{low}..{high}"),
        KeyType::Duration => "duration".to_owned(),
        KeyType::OneOf(_) => "word".to_owned(),
        KeyType::Format => "format".to_owned(),
        KeyType::TextList => "list".to_owned(),
        KeyType::NamedList => "tables".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_the_schema_with_its_default() {
        let schema = document();
        for key in KEYS {
            let pointer = format!("/properties/{}", key.name.replace('.', "/properties/"));
            let found = schema.pointer(&pointer);
            assert!(found.is_some(), "{pointer}");
        }
        let timeout = &schema["properties"]["global"]["properties"]["timeout"];
        assert_eq!(timeout["default"], "30s");
        assert_eq!(
            schema["$defs"]["part"]["properties"]["global"],
            schema["properties"]["global"]
        );
        assert_eq!(schema["properties"]["version"]["maximum"], VERSION);
    }
}
