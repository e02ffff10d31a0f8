//! Kinds as the server's OpenAPI document describes them.

use nova_api::{Api, KindInfo};
use nova_core::{Failure, Kind, Result};
use serde_json::{Map, Value};

/// References that lead in a circle end here.
const DEEPEST: usize = 16;

/// An OpenAPI 3.0 document.
#[derive(Debug)]
pub(crate) struct Document(Value);

/// One field, or a whole kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema<'d> {
    document: &'d Document,
    raw: &'d Value,
}

impl Document {
    /// Asks the server for the document of a kind's group.
    pub(crate) async fn fetch(api: &Api, info: &KindInfo) -> Result<Self> {
        let path = if info.group.is_empty() {
            format!("/openapi/v3/api/{}", info.version)
        } else {
            format!("/openapi/v3/apis/{}/{}", info.group, info.version)
        };
        Ok(Self(api.document(&path).await?))
    }

    /// The schema of a kind.
    pub(crate) fn kind(&self, info: &KindInfo) -> Result<Schema<'_>> {
        let schemas = self.0["components"]["schemas"].as_object();
        let found = schemas.into_iter().flat_map(Map::values).find(|schema| {
            let kinds = schema["x-kubernetes-group-version-kind"].as_array();
            kinds.into_iter().flatten().any(|kind| {
                kind["group"] == info.group
                    && kind["version"] == info.version
                    && kind["kind"] == info.kind
            })
        });
        let missing = || {
            let message = format!("the server does not describe the fields of `{}`", info.kind);
            Failure::new(Kind::NotFound, message)
        };
        found
            .map(|raw| Schema {
                document: self,
                raw,
            })
            .ok_or_else(missing)
    }
}

impl<'d> Schema<'d> {
    fn at(self, raw: &'d Value) -> Self {
        Self { raw, ..self }
    }

    /// The schema that references and single combinations stand for.
    fn resolved(self) -> Self {
        let mut schema = self;
        for _ in 0..DEEPEST {
            let next = match schema.reference() {
                Some(reference) => &self.document.0["components"]["schemas"][reference],
                None => match schema.raw["allOf"].as_array().map(Vec::as_slice) {
                    Some([one]) if schema.raw["properties"].is_null() => one,
                    _ => return schema,
                },
            };
            schema = schema.at(next);
        }
        schema
    }

    fn reference(self) -> Option<&'d str> {
        self.raw["$ref"].as_str()?.rsplit('/').next()
    }

    /// What is inside lists and maps, however deep.
    fn inside(self) -> Self {
        let mut schema = self.resolved();
        for _ in 0..DEEPEST {
            let inner = [&schema.raw["items"], &schema.raw["additionalProperties"]];
            match inner.into_iter().find(|inner| inner.is_object()) {
                Some(inner) => schema = schema.at(inner).resolved(),
                None => return schema,
            }
        }
        schema
    }

    /// The fields by name.
    pub(crate) fn fields(self) -> Vec<(&'d str, Self)> {
        let inside = self.inside();
        let fields = inside.raw["properties"].as_object();
        let field = |(name, raw): (&'d String, &'d Value)| (name.as_str(), inside.at(raw));
        fields.into_iter().flatten().map(field).collect()
    }

    /// Whether an object needs the field.
    pub(crate) fn requires(self, name: &str) -> bool {
        let required = self.inside().raw["required"].as_array();
        required.into_iter().flatten().any(|field| field == name)
    }

    /// The field at a path such as `spec.disks.size`.
    pub(crate) fn field(self, path: &[&str]) -> Result<Self> {
        let mut schema = self;
        for (at, name) in path.iter().enumerate() {
            let fields = schema.fields();
            schema = match fields.iter().find(|(known, _)| known == name) {
                Some((_, field)) => *field,
                None => return Err(no_field(&path[..=at], &fields)),
            };
        }
        Ok(schema)
    }

    /// `string`, `[]Disk`, `map[string]string`, `Object`.
    pub(crate) fn type_name(self) -> String {
        self.type_at(0)
    }

    fn type_at(self, depth: usize) -> String {
        let raw = self.raw;
        if depth > DEEPEST {
            return "Object".to_owned();
        }
        if raw["items"].is_object() {
            return format!("[]{}", self.at(&raw["items"]).type_at(depth + 1));
        }
        if raw["additionalProperties"].is_object() {
            let inner = self.at(&raw["additionalProperties"]).type_at(depth + 1);
            return format!("map[string]{inner}");
        }
        if let Some(reference) = self.reference() {
            let target = self.resolved();
            let name = reference.rsplit('.').next().unwrap_or(reference);
            let plain = target.raw["properties"].is_null() && target.raw["type"] != "object";
            return if plain {
                target.type_at(depth + 1)
            } else {
                name.to_owned()
            };
        }
        if let Some([one]) = raw["allOf"].as_array().map(Vec::as_slice) {
            return self.at(one).type_at(depth + 1);
        }
        match raw["type"].as_str() {
            Some("object") | None => "Object".to_owned(),
            Some(name) => name.to_owned(),
        }
    }

    /// What the field is for: its own words, else those of its type.
    pub(crate) fn description(self) -> &'d str {
        let own = self.raw["description"].as_str();
        own.or_else(|| self.resolved().raw["description"].as_str())
            .unwrap_or_default()
    }

    /// The values that are allowed, where they are a closed set.
    pub(crate) fn values(self) -> Vec<String> {
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let values = self.inside().raw["enum"].as_array();
        values.into_iter().flatten().map(text).collect()
    }

    /// The value that counts when there is none.
    pub(crate) fn default(self) -> Option<&'d Value> {
        [self.raw, self.resolved().raw]
            .into_iter()
            .map(|raw| &raw["default"])
            .find(|value| !value.is_null())
    }

    /// The schema with references replaced, for machines.
    pub(crate) fn expanded(self) -> Value {
        self.expand(0)
    }

    fn expand(self, depth: usize) -> Value {
        let schema = self.resolved();
        if depth > DEEPEST {
            return schema.raw.clone();
        }
        match schema.raw {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), schema.at(value).expand(depth + 1)))
                .collect(),
            other => other.clone(),
        }
    }
}

fn no_field(path: &[&str], known: &[(&str, Schema<'_>)]) -> Failure {
    let (name, parents) = path.split_last().expect("only called for a path");
    let place = if parents.is_empty() {
        String::new()
    } else {
        format!(" in {}", parents.join("."))
    };
    let failure = Failure::new(Kind::NotFound, format!("there is no field `{name}`{place}"));
    match nova_core::suggest::hint(name, known.iter().map(|(name, _)| *name)) {
        Some(hint) => failure.with_hint(hint),
        None if known.is_empty() => failure.with_hint("it has no fields that are known"),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            failure.with_hint(format!("the fields are {}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_api::{Resource, VirtualMachine};
    use serde_json::json;

    fn document() -> Document {
        Document(json!({"components": {"schemas": {
            "dev.nova.v1.VirtualMachine": {
                "type": "object", "description": "A machine.",
                "x-kubernetes-group-version-kind": [{"group": "nova.dev", "version": "v1", "kind": "VirtualMachine"}],
                "properties": {
                    "kind": {"type": "string"},
                    "spec": {"allOf": [{"$ref": "#/components/schemas/dev.nova.v1.VmSpec"}], "description": "Wanted."},
                },
            },
            "dev.nova.v1.VmSpec": {
                "type": "object", "required": ["disks"],
                "properties": {
                    "disks": {"type": "array", "items": {"$ref": "#/components/schemas/dev.nova.v1.Disk"}},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "state": {"type": "string", "enum": ["Running", "Stopped"], "default": "Running"},
                },
            },
            "dev.nova.v1.Disk": {"type": "object", "properties": {"size": {"type": "string"}}},
        }}}))
    }

    #[test]
    fn fields_are_found_through_references_and_lists() {
        let document = document();
        let vm = document.kind(&VirtualMachine::INFO).unwrap();
        assert_eq!(
            vm.field(&["spec", "disks", "size"]).unwrap().type_name(),
            "string"
        );
        let spec = vm.field(&["spec"]).unwrap();
        assert_eq!(
            (spec.type_name().as_str(), spec.description()),
            ("VmSpec", "Wanted.")
        );
        assert!(spec.requires("disks") && !spec.requires("state"));
        let type_of = |name| spec.field(&[name]).unwrap().type_name();
        assert_eq!(type_of("disks"), "[]Disk");
        assert_eq!(type_of("labels"), "map[string]string");
        let state = spec.field(&["state"]).unwrap();
        assert_eq!(state.values(), ["Running", "Stopped"]);
        assert_eq!(state.default(), Some(&json!("Running")));
    }

    #[test]
    fn a_field_that_is_not_there_has_its_nearest_names() {
        let document = document();
        let vm = document.kind(&VirtualMachine::INFO).unwrap();
        let failure = vm.field(&["spec", "disk"]).unwrap_err();
        assert_eq!(failure.message(), "there is no field `disk` in spec");
        assert_eq!(failure.hints(), ["did you mean \"disks\"?"]);
    }

    #[test]
    fn expanded_schemas_have_no_references() {
        let document = document();
        let vm = document.kind(&VirtualMachine::INFO).unwrap().expanded();
        assert!(!vm.to_string().contains("$ref"), "{vm}");
        assert_eq!(
            vm["properties"]["spec"]["properties"]["disks"]["items"]["properties"]["size"]["type"],
            "string"
        );
    }
}
