//! Patches (nova-api §7).

use serde::Serialize;
use serde_json::Value;

pub use json_patch::{Patch as JsonPatch, PatchError, patch as apply_json_patch};

/// A patch with its media type.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// RFC 7386.
    Merge(Value),
    /// RFC 6902.
    Json(JsonPatch),
    /// Server-side apply of this object; needs a field manager.
    Apply(Value),
}

impl Patch {
    /// Media type of the body.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Merge(_) => "application/merge-patch+json",
            Self::Json(_) => "application/json-patch+json",
            Self::Apply(_) => "application/apply-patch+json",
        }
    }
}

impl Serialize for Patch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Merge(value) | Self::Apply(value) => value.serialize(serializer),
            Self::Json(patch) => patch.serialize(serializer),
        }
    }
}

/// Applies a merge patch to a document.
pub fn apply_merge_patch(document: &mut Value, patch: &Value) {
    json_patch::merge(document, patch);
}

/// The merge patch that turns one document into another; nothing when they are equal.
#[must_use]
pub fn merge_diff(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return Some(after.clone());
    };
    let removed = old
        .keys()
        .filter(|key| !new.contains_key(*key))
        .map(|key| (key.clone(), Value::Null));
    let changed = new.iter().filter_map(|(key, value)| match old.get(key) {
        Some(earlier) => merge_diff(earlier, value).map(|patch| (key.clone(), patch)),
        None => Some((key.clone(), value.clone())),
    });
    Some(Value::Object(removed.chain(changed).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_diff_leads_from_one_to_the_other() {
        let before = json!({"a": 1, "b": {"c": [1, 2], "d": "x"}, "e": true});
        let after = json!({"a": 1, "b": {"c": [1], "n": {"m": 2}}, "f": "y"});
        let patch = merge_diff(&before, &after).unwrap();
        assert_eq!(
            patch,
            json!({"b": {"c": [1], "d": null, "n": {"m": 2}}, "e": null, "f": "y"})
        );
        let mut document = before.clone();
        apply_merge_patch(&mut document, &patch);
        assert_eq!(document, after);
        assert_eq!(merge_diff(&after, &after), None);
    }
}
