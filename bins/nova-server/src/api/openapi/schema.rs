//! Schemas of the kinds, made from their Rust types and put into Kubernetes' form.
//!
//! Kubernetes' readers know OpenAPI 3.0, resolve `$ref` alone or as the only member of `allOf`, and
//! have no use for `nullable`.

use nova_api::types::{Event, Image, Namespace, Node, Operation, Token, User, VirtualMachine};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{gvk, schema_name};
use crate::api::kinds::{ALL, Kind};

/// Where references lead.
const PLACE: &str = "#/components/schemas/";
const API_VERSION: &str = "Version of the schema of this object, such as nova.dev/v1.";
const KIND: &str = "Kind of the object, in CamelCase.";

/// Schemas of every kind of a group and of all that they refer to, by name.
pub(super) fn schemas(group: &str) -> Map<String, Value> {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let kinds: Vec<&Kind> = ALL
        .iter()
        .copied()
        .filter(|kind| kind.info.group == group)
        .collect();
    for kind in &kinds {
        add(&mut generator, kind.info.kind);
    }
    let named = generator.take_definitions(true).into_iter();
    let mut out: Map<String, Value> = named
        .map(|(name, mut schema)| {
            tidy(&mut schema, group);
            (full_name(&name, group), schema)
        })
        .collect();
    for kind in kinds {
        if let Some(schema) = out.get_mut(&schema_name(kind)) {
            finish(schema, kind);
        }
        let list = list_of(kind);
        out.insert(format!("{}List", schema_name(kind)), list);
    }
    out.insert(LIST_META.to_owned(), list_meta());
    out
}

/// Makes the schema of a kind, and those that it refers to.
fn add(generator: &mut SchemaGenerator, kind: &str) {
    let _reference = match kind {
        "VirtualMachine" => generator.subschema_for::<VirtualMachine>(),
        "Image" => generator.subschema_for::<Image>(),
        "Operation" => generator.subschema_for::<Operation>(),
        "Node" => generator.subschema_for::<Node>(),
        "Namespace" => generator.subschema_for::<Namespace>(),
        "Event" => generator.subschema_for::<Event>(),
        "Token" => generator.subschema_for::<Token>(),
        "User" => generator.subschema_for::<User>(),
        // A kind without a type here is one that nobody explains; the test below finds it.
        _ => return,
    };
}

/// `VmSpec` as `dev.nova.v1.VmSpec`; what Kubernetes has too has its name there.
fn full_name(name: &str, group: &str) -> String {
    match name {
        "ObjectMeta" | "OwnerReference" | "Condition" => {
            format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}")
        }
        "Quantity" => format!("io.k8s.apimachinery.pkg.api.resource.{name}"),
        _ if group.is_empty() => format!("io.k8s.api.core.v1.{name}"),
        _ => format!("dev.nova.v1.{name}"),
    }
}

/// Puts a schema and everything in it into the form that Kubernetes' readers know.
fn tidy(schema: &mut Value, group: &str) {
    match schema {
        Value::Object(members) => {
            members.remove("nullable");
            members.remove("default");
            members.remove("title");
            if let Some(Value::String(reference)) = members.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(PLACE)
            {
                *reference = format!("{PLACE}{}", full_name(name, group));
            }
            alone(members);
            numbers(members);
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = sentence(text);
            }
            members.values_mut().for_each(|inner| tidy(inner, group));
            open(members);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, group)),
        _ => {}
    }
}

/// An optional reference is a choice of one: `allOf` says that to everybody.
fn alone(members: &mut Map<String, Value>) {
    for word in ["anyOf", "oneOf"] {
        let Some(Value::Array(choices)) = members.get(word) else {
            continue;
        };
        let mut real = choices.iter().filter(|choice| !is_null(choice));
        if let (Some(only), None) = (real.next(), real.next()) {
            let only = only.clone();
            members.remove(word);
            members.insert("allOf".to_owned(), json!([only]));
        }
    }
    if let Some(Value::Array(words)) = members.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(types)) = members.get("type") {
        let real = types.iter().find(|name| **name != "null").cloned();
        members.insert("type".to_owned(), real.unwrap_or_default());
    }
}

fn is_null(choice: &Value) -> bool {
    choice["type"] == "null" || choice["enum"] == json!([null])
}

/// Formats that OpenAPI knows; a port is a plain integer with its bounds.
fn numbers(members: &mut Map<String, Value>) {
    let unknown = matches!(
        members.get("format").and_then(Value::as_str),
        Some("uint8" | "uint16" | "uint32" | "uint64" | "uint")
    );
    if unknown {
        members.insert("format".to_owned(), json!("int64"));
    }
}

/// Members and items may hold anything where the type says so.
fn open(members: &mut Map<String, Value>) {
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    if members.get("type").is_some_and(|kind| kind == "array") {
        let items = members.entry("items").or_insert_with(|| json!({}));
        if *items == json!({}) {
            *items = anything;
        }
    }
    let properties = members.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|all| all.values_mut()) {
        if let Value::Object(inner) = property
            && !["type", "$ref", "allOf", "oneOf", "anyOf"]
                .iter()
                .any(|word| inner.contains_key(*word))
        {
            inner.insert(
                "x-kubernetes-preserve-unknown-fields".to_owned(),
                json!(true),
            );
        }
    }
}

/// One paragraph without the marks of rustdoc.
fn sentence(text: &str) -> String {
    let paragraphs = text.split("\n\n");
    let joined: Vec<String> = paragraphs
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    joined.join("\n\n").replace('`', "")
}

/// What the types cannot say of a whole object.
fn finish(schema: &mut Value, kind: &Kind) {
    schema["type"] = json!("object");
    schema["x-kubernetes-group-version-kind"] = json!([gvk(kind)]);
    schema["properties"]["apiVersion"] = json!({"type": "string", "description": API_VERSION});
    schema["properties"]["kind"] = json!({"type": "string", "description": KIND});
    schema["properties"]["metadata"] = json!({
        "description": "Name, labels, versions.",
        "allOf": [{"$ref": format!("{PLACE}{}", full_name("ObjectMeta", ""))}],
    });
}

const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

fn list_of(kind: &Kind) -> Value {
    let items = json!({"$ref": format!("{PLACE}{}", schema_name(kind))});
    let mut gvk = gvk(kind);
    gvk["kind"] = json!(kind.info.list_kind());
    json!({
        "description": format!("A list of {}.", kind.info.plural),
        "type": "object", "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": API_VERSION},
            "kind": {"type": "string", "description": KIND},
            "metadata": {"allOf": [{"$ref": format!("{PLACE}{LIST_META}")}]},
            "items": {"type": "array", "items": items},
        },
        "x-kubernetes-group-version-kind": [gvk],
    })
}

fn list_meta() -> Value {
    json!({
        "description": "Metadata of a list.", "type": "object",
        "properties": {
            "resourceVersion": {
                "type": "string", "description": "Revision of the snapshot that the list shows.",
            },
            "continue": {
                "type": "string", "description": "Token for the next page; absent on the last.",
            },
            "remainingItemCount": {
                "type": "integer", "format": "int64",
                "description": "Objects after this page, where the server knows.",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reference leads somewhere, and nothing is left of what Kubernetes' readers do not know.
    fn check(value: &Value, all: &Map<String, Value>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let name = reference.strip_prefix(PLACE).unwrap();
                    assert!(all.contains_key(name), "{reference}");
                    assert_eq!(members.len(), 1, "{members:?}");
                }
                assert!(!members.contains_key("nullable") && !members.contains_key("anyOf"));
                assert!(!matches!(members.get("type"), Some(Value::Array(_))));
                members.values().for_each(|inner| check(inner, all));
            }
            Value::Array(items) => items.iter().for_each(|item| check(item, all)),
            _ => {}
        }
    }

    #[test]
    fn every_kind_has_a_schema_that_leads_nowhere_else() {
        for group in ["", "nova.dev"] {
            let all = schemas(group);
            all.values().for_each(|schema| check(schema, &all));
            for kind in ALL.iter().filter(|kind| kind.info.group == group) {
                let schema = &all[&schema_name(kind)];
                assert!(schema["properties"]["metadata"].is_object(), "{schema}");
                assert!(schema["description"].is_string(), "{schema}");
            }
        }
        let all = schemas("nova.dev");
        let spec = &all["dev.nova.v1.VmSpec"]["properties"];
        let words = json!(["Running", "Stopped", "Paused", "Suspended"]);
        assert_eq!(spec["runState"]["enum"], words);
        assert_eq!(
            spec["resources"]["allOf"][0]["$ref"],
            "#/components/schemas/dev.nova.v1.VmResources"
        );
        assert_eq!(spec["disks"]["type"], "array");
        let resources = &all["dev.nova.v1.VmResources"]["properties"];
        assert_eq!(resources["cpu"]["description"], "Processors: 2 or 500m.");
    }
}
