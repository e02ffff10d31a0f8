//! From the bytes of a request to an object of the kind.

use serde_json::Value;

use crate::api::error::ApiError;
use crate::api::kinds::{Kind, text};
use crate::api::proto;
use crate::api::request::Call;

/// What happens to fields that the kind does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

impl FieldValidation {
    pub(super) fn of(call: &Call) -> Result<Self, ApiError> {
        match call.query.get("fieldValidation") {
            Some("Ignore") => Ok(Self::Ignore),
            Some("Strict") => Ok(Self::Strict),
            None | Some("Warn") => Ok(Self::Warn),
            Some(other) => Err(ApiError::bad_request(format!(
                "fieldValidation: Unsupported value: {other:?}: \
                 supported values: \"Ignore\", \"Strict\", \"Warn\""
            ))),
        }
    }
}

/// Reads the body of a create or replace.
pub(super) fn object(call: &Call, bytes: &[u8]) -> Result<Value, ApiError> {
    let core = call.kind.info.group.is_empty();
    let mut value = match call.content_type().as_str() {
        "" | "application/json" => json(bytes)?,
        proto::MEDIA_TYPE if core => proto::decode(bytes)?,
        _ => return Err(ApiError::unsupported_media_type(&["application/json"])),
    };
    fill_kind(call.kind, &mut value)?;
    Ok(value)
}

/// A JSON object from bytes.
pub(super) fn json(bytes: &[u8]) -> Result<Value, ApiError> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::bad_request(format!("the body is not valid JSON: {error}")))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(ApiError::bad_request("the body is not an object"))
    }
}

/// Refuses another kind or version; an absent one is that of the path.
pub(super) fn fill_kind(kind: &Kind, value: &mut Value) -> Result<(), ApiError> {
    let (api_version, name) = (kind.info.api_version(), kind.info.kind);
    match text(value, "/apiVersion") {
        "" => value["apiVersion"] = api_version.clone().into(),
        given if given == api_version => {}
        given => {
            return Err(ApiError::bad_request(format!(
                "the API version in the data ({given}) does not match \
                 the expected API version ({api_version})"
            )));
        }
    }
    match text(value, "/kind") {
        "" => value["kind"] = name.into(),
        given if given == name => {}
        given => {
            return Err(ApiError::bad_request(format!(
                "{given} in version {api_version:?} cannot be handled as a {name}"
            )));
        }
    }
    Ok(())
}

/// Takes out fields that the kind does not have, or refuses them; answers the warnings.
pub(super) fn known_fields(
    kind: &Kind,
    value: &mut Value,
    mode: FieldValidation,
) -> Result<Vec<String>, ApiError> {
    let unknown = (kind.unknown)(value).map_err(|error| {
        let (name, version) = (kind.info.kind, kind.info.version);
        ApiError::bad_request(format!(
            "{name} in version {version:?} cannot be handled as a {name}: {error}"
        ))
    })?;
    let faults: Vec<String> = unknown
        .iter()
        .map(|path| format!("unknown field {path:?}"))
        .collect();
    if mode == FieldValidation::Strict && !faults.is_empty() {
        let message = format!("strict decoding error: {}", faults.join(", "));
        return Err(ApiError::unknown_fields(message, &unknown));
    }
    for path in &unknown {
        prune(value, path);
    }
    Ok(if mode == FieldValidation::Warn {
        faults
    } else {
        Vec::new()
    })
}

/// Removes `spec.disks[1].sise`. Keys may hold dots, so the longest that fits is taken.
fn prune(value: &mut Value, path: &str) {
    match value {
        Value::Object(map) => {
            let fits = |key: &&String| {
                path.strip_prefix(key.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            let Some(key) = map.keys().filter(fits).max_by_key(|key| key.len()).cloned() else {
                return;
            };
            match &path[key.len()..] {
                "" => drop(map.remove(&key)),
                rest => {
                    if let Some(inner) = map.get_mut(&key) {
                        prune(inner, rest.strip_prefix('.').unwrap_or(rest));
                    }
                }
            }
        }
        Value::Array(items) => {
            let inner = path.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let Some((index, rest)) = inner else { return };
            if let Some(item) = index.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                prune(item, rest.strip_prefix('.').unwrap_or(rest));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_field_is_taken_out_wherever_it_is() {
        let mut value = json!({
            "spec": {"disks": [{"name": "a"}, {"name": "b", "sise": 1}], "a.b": {"c": 1}, "a": 2},
            "extra": true,
        });
        for path in ["spec.disks[1].sise", "spec.a.b.c", "extra", "nothing.here"] {
            prune(&mut value, path);
        }
        let left = json!({"spec": {"disks": [{"name": "a"}, {"name": "b"}], "a.b": {}, "a": 2}});
        assert_eq!(value, left);
    }
}
