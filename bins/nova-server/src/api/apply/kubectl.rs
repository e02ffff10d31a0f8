//! From kubectl's own apply to server-side apply: the annotation that it kept its last
//! configuration in says which conflicts are with itself.

use serde_json::Value;

use super::own::Applied;
use super::set::Set;
use super::shape::OBJECT;
use super::walk::{Comparison, fields};

/// The field manager of kubectl's server-side apply.
pub(super) const MANAGER: &str = "kubectl";
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn last_applied(object: &Value) -> Option<&str> {
    let text = object["metadata"]["annotations"][ANNOTATION].as_str();
    text.filter(|text| !text.is_empty())
}

/// Fields that kubectl applied itself and that are still as it left them.
pub(super) fn allowed(live: &Value, api_version: &str) -> Option<Set> {
    let last: Value = serde_json::from_str(last_applied(live)?).ok()?;
    if last["apiVersion"] != api_version {
        return None;
    }
    let found = Comparison::of(&OBJECT, &last, live);
    let changed = found.brought().union(&found.removed);
    Some(fields(&OBJECT, &last).difference(&changed))
}

/// Lets the annotation follow where there is one, so that the way back stays open.
pub(super) fn keep_annotation(live: &Value, config: &Value, mut applied: Applied) -> Applied {
    let value = applied.value.as_ref().unwrap_or(live);
    if last_applied(value).is_none() {
        return applied;
    }
    let mut config = config.clone();
    let annotations = config.pointer_mut("/metadata/annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    let mut value = value.clone();
    value["metadata"]["annotations"][ANNOTATION] = format!("{config}\n").into();
    applied.value = (value != *live).then_some(value);
    applied
}
