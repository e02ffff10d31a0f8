//! JSON patches (RFC 6902) with the liberties that kube-apiserver takes: a replacement of a member
//! that is not there adds it, an absent value is null, `-1` is the last element.

use serde_json::{Map, Value};

/// Operations of one patch at most.
const MAX_OPERATIONS: usize = 10_000;
/// Values that copies may add together, in bytes of their text.
const MAX_COPIED: usize = 16 * 1024 * 1024;

/// Why a patch cannot be applied, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There are too many operations.
    #[error("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {0}")]
    TooMany(usize),
    /// A `test` did not hold.
    #[error("testing value {0} failed: test failed")]
    Test(String),
    /// An operation means nothing for this document.
    #[error("{0}")]
    Operation(String),
}

/// Applies a patch to a document.
///
/// # Errors
///
/// The first operation that cannot be done; the document is of no use then.
pub(crate) fn apply(document: &mut Value, patch: &[Map<String, Value>]) -> Result<(), Refusal> {
    if patch.len() > MAX_OPERATIONS {
        return Err(Refusal::TooMany(patch.len()));
    }
    let mut copied = 0;
    for operation in patch {
        one(document, operation, &mut copied)?;
    }
    Ok(())
}

fn refused<T>(text: String) -> Result<T, Refusal> {
    Err(Refusal::Operation(text))
}

fn one(
    document: &mut Value,
    operation: &Map<String, Value>,
    copied: &mut usize,
) -> Result<(), Refusal> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let verb = text("op").unwrap_or("unknown");
    let path = |name: &str| match text(name) {
        Some(path) => Ok(path),
        None => refused(format!(
            "{verb} operation failed to decode {name}: missing value"
        )),
    };
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    match verb {
        "add" => add(document, path("path")?, value()),
        "remove" => remove(document, path("path")?).map(drop),
        "replace" => replace(document, path("path")?, value()),
        "test" => test(document, path("path")?, &value()),
        "move" => {
            let moved = remove(document, path("from")?)?;
            add(document, path("path")?, moved)
        }
        "copy" => {
            let copy = get(document, path("from")?)?.clone();
            *copied += copy.to_string().len();
            if *copied > MAX_COPIED {
                return refused("the patch copies too much".to_owned());
            }
            add(document, path("path")?, copy)
        }
        other => refused(format!("Unexpected kind: {other}")),
    }
}

/// The container of what a path names, and the last part of the path.
fn parent<'a>(document: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), Refusal> {
    let missing = || Refusal::Operation(format!("doc is missing path: {path:?}: missing value"));
    let mut parts: Vec<String> = path
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    if parts.len() < 2 {
        return Err(missing());
    }
    let last = parts.pop().unwrap_or_default();
    let mut at = document;
    for part in &parts[1..] {
        at = match at {
            Value::Object(members) => members.get_mut(part),
            Value::Array(items) => index(part, items.len()).and_then(|at| items.get_mut(at)),
            _ => None,
        }
        .ok_or_else(missing)?;
    }
    match at {
        Value::Object(_) | Value::Array(_) => Ok((at, last)),
        _ => Err(missing()),
    }
}

/// The index that a part names in a list of this length; negative ones count from its end.
fn index(part: &str, length: usize) -> Option<usize> {
    let number: isize = part.parse().ok()?;
    match usize::try_from(number) {
        Ok(index) => Some(index),
        Err(_) => length.checked_sub(number.unsigned_abs()),
    }
}

fn bad_index<T>(part: &str) -> Result<T, Refusal> {
    refused(format!(
        "Unable to access invalid index: {part}: invalid index referenced"
    ))
}

fn get<'a>(document: &'a mut Value, path: &str) -> Result<&'a Value, Refusal> {
    static NULL: Value = Value::Null;
    let (container, part) = parent(document, path)?;
    match container {
        Value::Array(items) => match index(&part, items.len()).and_then(|at| items.get(at)) {
            Some(item) => Ok(item),
            None => bad_index(&part),
        },
        container => Ok(container.get(&part).unwrap_or(&NULL)),
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), Refusal> {
    let (container, part) = parent(document, path)?;
    match container {
        Value::Array(items) if part == "-" => items.push(value),
        Value::Array(items) => match index(&part, items.len() + 1) {
            Some(at) if at <= items.len() => items.insert(at, value),
            _ => return bad_index(&part),
        },
        Value::Object(members) => drop(members.insert(part, value)),
        _ => {}
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str) -> Result<Value, Refusal> {
    let (container, part) = parent(document, path)?;
    match container {
        Value::Array(items) => match index(&part, items.len()) {
            Some(at) if at < items.len() => Ok(items.remove(at)),
            _ => bad_index(&part),
        },
        container => {
            let removed = container
                .as_object_mut()
                .and_then(|members| members.remove(&part));
            let missing = || format!("Unable to remove nonexistent key: {part}: missing value");
            removed.ok_or_else(|| Refusal::Operation(missing()))
        }
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), Refusal> {
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return refused("replace operation value must be object or array".to_owned());
        }
        *document = value;
        return Ok(());
    }
    let (container, part) = parent(document, path)?;
    match container {
        Value::Array(items) => match index(&part, items.len()).and_then(|at| items.get_mut(at)) {
            Some(item) => *item = value,
            None => return bad_index(&part),
        },
        Value::Object(members) => drop(members.insert(part, value)),
        _ => {}
    }
    Ok(())
}

fn test(document: &mut Value, path: &str, value: &Value) -> Result<(), Refusal> {
    let found = if path.is_empty() {
        &*document
    } else {
        get(document, path)?
    };
    if found == value {
        return Ok(());
    }
    Err(Refusal::Test(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(document: Value, patch: Value) -> Result<Value, String> {
        let mut document = document;
        let patch: Vec<Map<String, Value>> = serde_json::from_value(patch).unwrap();
        apply(&mut document, &patch).map_err(|refusal| refusal.to_string())?;
        Ok(document)
    }

    #[test]
    fn operations_do_what_the_standard_says() {
        let document = json!({"a": {"b": [1, 2]}, "c/d": 1});
        let cases = [
            (
                json!([{"op": "add", "path": "/a/b/1", "value": 9}]),
                json!({"a": {"b": [1, 9, 2]}, "c/d": 1}),
            ),
            (
                json!([{"op": "add", "path": "/a/b/-", "value": 9}]),
                json!({"a": {"b": [1, 2, 9]}, "c/d": 1}),
            ),
            (
                json!([{"op": "remove", "path": "/c~1d"}]),
                json!({"a": {"b": [1, 2]}}),
            ),
            (
                json!([{"op": "replace", "path": "/a/b/-1", "value": 7}]),
                json!({"a": {"b": [1, 7]}, "c/d": 1}),
            ),
            (
                json!([{"op": "replace", "path": "/new", "value": 7}]),
                json!({"a": {"b": [1, 2]}, "c/d": 1, "new": 7}),
            ),
            (
                json!([{"op": "move", "from": "/a/b", "path": "/x"}]),
                json!({"a": {}, "c/d": 1, "x": [1, 2]}),
            ),
            (
                json!([{"op": "copy", "from": "/a/b/0", "path": "/x"}]),
                json!({"a": {"b": [1, 2]}, "c/d": 1, "x": 1}),
            ),
            (
                json!([{"op": "test", "path": "/a/b/0", "value": 1}, {"op": "test", "path": "/none"}]),
                document.clone(),
            ),
            (
                json!([{"op": "replace", "path": "", "value": {"x": 1}}]),
                json!({"x": 1}),
            ),
        ];
        for (patch, expected) in cases {
            assert_eq!(
                patched(document.clone(), patch.clone()),
                Ok(expected),
                "{patch}"
            );
        }
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let document = json!({"a": {"b": [1]}});
        for (patch, why) in [
            (
                json!([{"op": "test", "path": "/a/b/0", "value": 2}]),
                "testing value /a/b/0 failed: test failed",
            ),
            (
                json!([{"op": "remove", "path": "/x"}]),
                "Unable to remove nonexistent key: x: missing value",
            ),
            (
                json!([{"op": "add", "path": "/x/y", "value": 1}]),
                "doc is missing path: \"/x/y\": missing value",
            ),
            (
                json!([{"op": "add", "path": "x", "value": 1}]),
                "doc is missing path: \"x\": missing value",
            ),
            (
                json!([{"op": "add", "path": "/a/b/7", "value": 1}]),
                "Unable to access invalid index: 7: invalid index referenced",
            ),
            (
                json!([{"op": "remove", "path": "/a/b/-2"}]),
                "Unable to access invalid index: -2: invalid index referenced",
            ),
            (json!([{"op": "fly"}]), "Unexpected kind: fly"),
            (json!([{"path": "/a"}]), "Unexpected kind: unknown"),
            (
                json!([{"op": "remove"}]),
                "remove operation failed to decode path: missing value",
            ),
        ] {
            assert_eq!(patched(document.clone(), patch), Err(why.to_owned()));
        }
    }
}
