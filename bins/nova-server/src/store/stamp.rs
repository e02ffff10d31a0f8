//! Server-set members of `metadata`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Key, Object};
use crate::api::error::ApiError;

/// The members of the stored revision that a new one inherits.
#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    metadata: StoredMeta<'a>,
    #[serde(borrow, default)]
    spec: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredMeta<'a> {
    #[serde(borrow, default)]
    creation_timestamp: Cow<'a, str>,
    #[serde(default)]
    generation: Option<u64>,
}

/// Sets name, namespace, uid, creation time and generation; the revision is that of the object before, or empty.
pub(super) fn stamp(
    key: &Key,
    before: Option<&Object>,
    mut value: Value,
    now: &str,
) -> Result<Value, ApiError> {
    let broken = |e: serde_json::Error| ApiError::internal(format!("{key} cannot be encoded: {e}"));
    let text = before.map(Object::json);
    let stored: Option<Stored<'_>> = text
        .as_deref()
        .map(serde_json::from_str)
        .transpose()
        .map_err(broken)?;
    let has_spec = value.get("spec").is_some();
    let spec = value
        .get("spec")
        .filter(|_| before.is_some())
        .map(Value::to_string);
    let metadata = metadata_of(&mut value, key)?;
    metadata.insert("name".into(), json!(key.name));
    if key.namespace.is_empty() {
        metadata.remove("namespace");
    } else {
        metadata.insert("namespace".into(), json!(key.namespace));
    }
    if let (Some(before), Some(stored)) = (before, &stored) {
        metadata.insert("uid".into(), json!(before.uid()));
        let created = stored.metadata.creation_timestamp.as_ref();
        metadata.insert("creationTimestamp".into(), json!(created));
        let generation = stored.metadata.generation.unwrap_or(1);
        let changed = stored.spec.map(RawValue::get) != spec.as_deref();
        set_generation(metadata, has_spec, generation + u64::from(changed));
        metadata.insert("resourceVersion".into(), json!(before.rv.to_string()));
    } else {
        // Admission may have given one already, where something had to name the object.
        metadata
            .entry("uid")
            .or_insert_with(|| json!(uuid::Uuid::now_v7().to_string()));
        metadata.insert("creationTimestamp".into(), json!(now));
        set_generation(metadata, has_spec, 1);
        metadata.insert("resourceVersion".into(), json!(""));
    }
    Ok(value)
}

fn metadata_of<'a>(
    value: &'a mut Value,
    key: &Key,
) -> Result<&'a mut serde_json::Map<String, Value>, ApiError> {
    let object = value
        .as_object_mut()
        .ok_or_else(|| ApiError::internal(format!("{key} is not an object")))?;
    let metadata = object.entry("metadata").or_insert_with(|| json!({}));
    if !metadata.is_object() {
        *metadata = json!({});
    }
    metadata
        .as_object_mut()
        .ok_or_else(|| ApiError::internal("metadata is not an object"))
}

/// Kinds without a spec (events) have no generation.
fn set_generation(metadata: &mut serde_json::Map<String, Value>, has_spec: bool, number: u64) {
    if has_spec {
        metadata.insert("generation".into(), json!(number));
    } else {
        metadata.remove("generation");
    }
}

/// Whether the object was deleted and nothing holds it any longer.
pub(super) fn is_finalized(value: &Value) -> bool {
    let metadata = &value["metadata"];
    let held = metadata["finalizers"]
        .as_array()
        .is_some_and(|f| !f.is_empty());
    !held && metadata["deletionTimestamp"].is_string()
}
