//! From the bytes of a request to an object of the kind.

use serde_json::{Map, Value, json};

use super::decode::{TypeFault, lists_for_objects, type_faults};
use super::options::FieldValidation;
use super::{go, strict};
use crate::api::error::{ApiError, Cause};
use crate::api::kinds::{Kind, text};
use crate::api::proto;
use crate::api::request::Call;
use crate::store::Key;

/// Media types of objects.
pub(super) const ACCEPTED: &[&str] = &["application/json", "application/yaml", proto::MEDIA_TYPE];
/// As much of a body as an error shows.
const MAX_SHOWN: usize = 30;

/// An object from a request.
pub(super) struct Body {
    pub(super) value: Value,
    /// Paths of members that it says twice.
    pub(super) doubles: Vec<String>,
}

/// Reads the body of a create or replace.
pub(super) fn object(call: &Call, bytes: &[u8]) -> Result<Body, ApiError> {
    let core = call.kind.info.group.is_empty();
    let mut body = match call.content_type().as_str() {
        "" | "application/json" => strict::parse(bytes)
            .map(|(value, doubles)| Body { value, doubles })
            .map_err(|error| unreadable(call.kind, &json_error(bytes, &error), bytes))?,
        "application/yaml" => yaml(bytes)
            .map_err(|error| unrecognized(call.kind, &format!("yaml: {error}"), bytes))?,
        proto::MEDIA_TYPE if core => Body {
            value: proto::decode(bytes)?,
            doubles: Vec::new(),
        },
        _ => return Err(ApiError::unsupported_media_type(ACCEPTED)),
    };
    if !body.value.is_object() {
        return Err(no_object(call.kind, &body.value, bytes));
    }
    fill_kind(call.kind, &mut body.value)?;
    Ok(body)
}

/// Reads YAML, of which JSON is a part.
pub(super) fn yaml(bytes: &[u8]) -> Result<Body, String> {
    if bytes.trim_ascii_start().starts_with(b"{")
        && let Ok((value, doubles)) = strict::parse(bytes)
    {
        return Ok(Body { value, doubles });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let value = serde_saphyr::from_str(text).map_err(|error| {
        // What follows the first line shows the place in a picture.
        let error = error.to_string();
        error.lines().next().unwrap_or_default().to_owned()
    })?;
    let doubles = Vec::new();
    Ok(Body { value, doubles })
}

/// What a decoder that looks for the kind alone says.
pub(super) fn no_version(error: &str) -> String {
    format!("couldn't get version/kind; json parse error: {error}")
}

/// What it decodes into.
pub(super) const VERSION: &str = r#"value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

fn unreadable(kind: &Kind, error: &str, bytes: &[u8]) -> ApiError {
    unrecognized(kind, &no_version(error), bytes)
}

fn no_object(kind: &Kind, found: &Value, bytes: &[u8]) -> ApiError {
    if found.is_null() {
        return unrecognized(kind, "Object 'Kind' is missing in 'null'", bytes);
    }
    unreadable(kind, &go::cannot(found, VERSION), bytes)
}

fn unrecognized(kind: &Kind, error: &str, bytes: &[u8]) -> ApiError {
    ApiError::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): {error} ({})",
        kind.info.kind,
        shown(bytes)
    ))
}

fn shown(bytes: &[u8]) -> String {
    let (part, more) = match bytes.get(..MAX_SHOWN) {
        Some(part) => (part, " ..."),
        None => (bytes, ""),
    };
    match bytes.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(part)),
        Some(_) => {
            let digits: Vec<String> = part.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{}{more}", digits.concat())
        }
    }
}

/// A parser's complaint about a text, in Kubernetes' words where it is about the text's form.
pub(super) fn json_error(bytes: &[u8], error: &serde_json::Error) -> String {
    go::syntax_fault(bytes).unwrap_or_else(|| error.to_string())
}

/// Refuses another kind or version; an absent one is that of the path.
pub(super) fn fill_kind(kind: &Kind, value: &mut Value) -> Result<(), ApiError> {
    let (api_version, name) = (kind.info.api_version(), kind.info.kind);
    match text(value, "/apiVersion") {
        "" => value["apiVersion"] = api_version.into(),
        given if given == api_version => {}
        given => {
            return Err(ApiError::bad_request(format!(
                "the API version in the data ({given}) does not match \
                 the expected API version ({api_version})"
            )));
        }
    }
    if text(value, "/kind").is_empty() {
        value["kind"] = name.into();
    }
    same_kind(kind, value)
}

/// Refuses an object that is of another kind or version, as its own kind's fault.
pub(super) fn same_kind(kind: &Kind, value: &Value) -> Result<(), ApiError> {
    let mut causes = Vec::new();
    let wanted = [
        ("kind", kind.info.kind.to_owned()),
        ("apiVersion", kind.info.api_version()),
    ];
    for (member, wanted) in wanted {
        if value[member] != *wanted {
            let detail = format!("must be {wanted}");
            causes.push(Cause::invalid(member, &value[member], &detail));
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    let key = Key::new(kind.info.plural, "", text(value, "/metadata/name"));
    Err(ApiError::invalid(&key, text(value, "/kind"), causes))
}

/// What a body says that its kind does not have, or says twice. The first is taken out.
pub(super) fn strip_unknown(
    kind: &Kind,
    value: &mut Value,
    doubles: &[String],
) -> Result<Vec<String>, ApiError> {
    no_nulls(value);
    if let Some(fault) = go::metadata_fault(&value["metadata"]) {
        return Err(undecodable(kind, &fault));
    }
    let mut unknown = (kind.unknown)(value).map_err(|error| unfit(kind, value, &error))?;
    let lists = lists_for_objects(kind, value);
    if !lists.is_empty() {
        return Err(unfit_by(kind, value, &lists));
    }
    // A status may hold what only others know: newer servers, and controllers of their own.
    unknown.retain(|path| !path.starts_with("status."));
    // Kubernetes decodes metadata before the rest.
    unknown.sort_by_key(|path| (!path.starts_with("metadata."), path.clone()));
    for path in &unknown {
        prune(value, path);
    }
    no_empties(value);
    let doubles = doubles
        .iter()
        .map(|path| format!("duplicate field \"{path}\""));
    let unknown = unknown.iter().filter(|path| *path != "metadata.selfLink");
    let unknown = unknown.map(|path| format!("unknown field \"{path}\""));
    Ok(doubles.chain(unknown).collect())
}

/// The error of a body that does not fit the type of its kind.
fn unfit(kind: &Kind, value: &Value, error: &serde_json::Error) -> ApiError {
    let faults = type_faults(kind, value);
    // Metadata is decoded before the rest is checked.
    if faults.is_empty() || faults.iter().any(|fault| fault.cause().is_in("metadata")) {
        return undecodable(kind, &error.to_string());
    }
    unfit_by(kind, value, &faults)
}

fn undecodable(kind: &Kind, why: &str) -> ApiError {
    let (name, version) = (kind.info.kind, kind.info.version);
    ApiError::bad_request(format!(
        "{name} in version {version:?} cannot be handled as a {name}: {why}"
    ))
}

fn unfit_by(kind: &Kind, value: &Value, faults: &[TypeFault]) -> ApiError {
    let causes = faults.iter().map(TypeFault::cause).collect();
    let key = Key::new(
        kind.info.plural,
        text(value, "/metadata/namespace"),
        text(value, "/metadata/name"),
    );
    ApiError::invalid(&key, kind.info.kind, causes)
}

/// Null is the empty value of whatever should be there in metadata, and nothing in a spec.
fn no_nulls(value: &mut Value) {
    if value["metadata"].is_null() {
        value["metadata"] = json!({});
    }
    for member in ["labels", "annotations"] {
        let pointer = format!("/metadata/{member}");
        let texts = value.pointer_mut(&pointer).and_then(Value::as_object_mut);
        for text in texts.into_iter().flat_map(Map::values_mut) {
            if text.is_null() {
                *text = json!("");
            }
        }
    }
    for (member, empty) in [("finalizers", json!("")), ("ownerReferences", json!({}))] {
        let items = value["metadata"].get_mut(member);
        let items = items.and_then(Value::as_array_mut).into_iter().flatten();
        items
            .filter(|item| item.is_null())
            .for_each(|item| *item = empty.clone());
    }
    if let Some(spec) = value.get_mut("spec") {
        drop_nulls(spec);
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Metadata that is there and says nothing is not stored.
fn no_empties(value: &mut Value) {
    let Some(metadata) = value["metadata"].as_object_mut() else {
        return;
    };
    metadata.retain(|name, value| match name.as_str() {
        "labels" | "annotations" => value.as_object().is_some_and(|texts| !texts.is_empty()),
        "finalizers" | "ownerReferences" => value.as_array().is_some_and(|all| !all.is_empty()),
        _ => true,
    });
}

/// Takes out fields that the kind does not have, or refuses them; answers the warnings.
pub(super) fn known_fields(
    kind: &Kind,
    body: &mut Body,
    mode: FieldValidation,
) -> Result<Vec<String>, ApiError> {
    let faults = strip_unknown(kind, &mut body.value, &body.doubles)?;
    match mode {
        FieldValidation::Strict if !faults.is_empty() => {
            let (name, version) = (kind.info.kind, kind.info.version);
            let message = format!(
                "{name} in version {version:?} cannot be handled as a {name}: \
                 strict decoding error: {}",
                faults.join(", ")
            );
            Err(ApiError::unknown_fields(message, &faults))
        }
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Strict | FieldValidation::Warn => Ok(faults),
    }
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

    #[test]
    fn long_bodies_are_shown_in_part() {
        assert_eq!(shown(b""), "<empty>");
        assert_eq!(shown(b"[]"), "5b5d");
        assert_eq!(shown(b"{}"), "{}");
        assert!(shown(&[b'{'; 2000]).ends_with("{ ..."));
    }
}
