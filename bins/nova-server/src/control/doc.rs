//! Reading and changing objects as JSON, where a typed copy would lose what a newer client wrote.

use serde_json::{Map, Value};

/// The text at `pointer`; absent reads as empty.
pub(super) fn text<'a>(doc: &'a Value, pointer: &str) -> &'a str {
    doc.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The truth at `pointer`, where there is one.
pub(super) fn flag(doc: &Value, pointer: &str) -> Option<bool> {
    doc.pointer(pointer).and_then(Value::as_bool)
}

/// The whole number at `pointer`, where there is one.
pub(super) fn whole(doc: &Value, pointer: &str) -> Option<u64> {
    doc.pointer(pointer).and_then(Value::as_u64)
}

/// The list at `pointer`; absent reads as empty.
pub(super) fn list<'a>(doc: &'a Value, pointer: &str) -> &'a [Value] {
    doc.pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Whether the object is going away.
pub(super) fn deleting(doc: &Value) -> bool {
    !text(doc, "/metadata/deletionTimestamp").is_empty()
}

/// The member `name` of `doc` as an object, made where it is missing or something else.
pub(super) fn member<'a>(doc: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    if !doc.is_object() {
        *doc = Value::Object(Map::new());
    }
    let slot = &mut doc[name];
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut().expect("it was made an object above")
}

/// Adds `finalizer` to the object, once.
pub(super) fn add_finalizer(doc: &mut Value, finalizer: &str) {
    let meta = member(doc, "metadata");
    let list = meta
        .entry("finalizers")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Some(list) = list.as_array_mut()
        && !list.iter().any(|f| f == finalizer)
    {
        list.push(finalizer.into());
    }
}

/// Takes `finalizer` from the object; answers whether others remain.
pub(super) fn drop_finalizer(doc: &mut Value, finalizer: &str) -> bool {
    let meta = member(doc, "metadata");
    let Some(list) = meta.get_mut("finalizers").and_then(Value::as_array_mut) else {
        return false;
    };
    list.retain(|f| f != finalizer);
    let others = !list.is_empty();
    if !others {
        meta.remove("finalizers");
    }
    others
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_finalizer_is_added_once_and_taken_away() {
        let mut doc = json!({});
        add_finalizer(&mut doc, "a");
        add_finalizer(&mut doc, "a");
        add_finalizer(&mut doc, "b");
        assert_eq!(doc, json!({"metadata": {"finalizers": ["a", "b"]}}));
        assert!(drop_finalizer(&mut doc, "a"));
        assert!(!drop_finalizer(&mut doc, "b"));
        assert_eq!(doc, json!({"metadata": {}}));
    }
}
