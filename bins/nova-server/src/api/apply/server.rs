//! What the server's own controllers own, kept cheaply: they write often, and mostly the status.
//!
//! As long as nobody else writes a status, the server owns it as one field, `f:status`. When a client
//! does, the field is taken apart first, so that both own what they wrote.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::managers::{Managers, sort};
use super::own::{Author, Scope, updated};
use super::shape::OBJECT;
use super::walk::fields;
use super::{put, take};

/// The manager's name.
pub(super) const SERVER: &str = "nova-server";
/// Kinds whose objects only the server makes and changes; nobody's ownership matters there.
const UNTRACKED: &[&str] = &["events", "operations", "machinerecords"];
/// Members of metadata that may change hands.
const OWNED_METADATA: &[&str] = &["annotations", "finalizers", "labels", "ownerReferences"];

/// The parts of an encoded object that a write may change.
#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow, default)]
    spec: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
}

/// Puts the owners into an object that the server itself writes.
pub(crate) fn by_server(plural: &str, before: Option<&str>, value: &mut Value, now: &str) {
    if UNTRACKED.contains(&plural) {
        return;
    }
    let parts: Option<Parts<'_>> = before.and_then(|json| serde_json::from_str(json).ok());
    let Some(parts) = parts else {
        let given = take(value);
        let managers = updated(None, value, Managers::stored(&given), &author(value, now));
        put(value, managers.write());
        own_status(value, now);
        return;
    };
    let mut metadata: Value = serde_json::from_str(parts.metadata.get()).unwrap_or_default();
    let Some(mut owners) = metadata
        .as_object_mut()
        .and_then(|m| m.remove("managedFields"))
    else {
        return;
    };
    take(value);
    if differs(parts.spec, value.get("spec"))
        || OWNED_METADATA
            .iter()
            .any(|name| metadata[*name] != value["metadata"][*name])
    {
        let before = before.and_then(|json| serde_json::from_str(json).ok());
        let mut before: Value = before.unwrap_or_default();
        take(&mut before);
        let managers = Managers::stored(&owners);
        let managers = updated(Some(&before), value, managers, &author(value, now));
        owners = managers.write().unwrap_or(Value::Null);
    }
    if differs(parts.status, value.get("status")) {
        status_changed(&mut owners, parts.status, value, now);
    }
    put(value, Some(owners).filter(|owners| !owners.is_null()));
}

fn author(value: &Value, now: &str) -> Author {
    Author {
        manager: SERVER.to_owned(),
        api_version: value["apiVersion"].as_str().unwrap_or_default().to_owned(),
        scope: Scope::Main,
        time: now.to_owned(),
    }
}

fn differs(before: Option<&RawValue>, after: Option<&Value>) -> bool {
    // Keys of an encoded object are sorted, so equal content is equal text.
    let after = after.map(|value| Cow::from(value.to_string()));
    before.map(RawValue::get) != after.as_deref()
}

/// The owners after the server changed the status.
fn status_changed(owners: &mut Value, before: Option<&RawValue>, value: &Value, now: &str) {
    let Some(entries) = owners.as_array_mut() else {
        return;
    };
    let mut of_status = entries
        .iter_mut()
        .filter(|entry| !entry["fieldsV1"]["f:status"].is_null());
    match (of_status.next(), of_status.next()) {
        (None, _) => entries.push(whole_status(value, now)),
        (Some(only), None) if is_whole_status(only) => only["time"] = json!(now),
        _ => {
            let before = before.and_then(|status| serde_json::from_str(status.get()).ok());
            let before: Value = json!({"status": before.unwrap_or(Value::Null)});
            let author = Author {
                scope: Scope::Status,
                ..author(value, now)
            };
            let managers = Managers::stored(owners);
            let after = json!({"status": value["status"]});
            let managers = updated(Some(&before), &after, managers, &author);
            *owners = managers.write().unwrap_or(Value::Null);
            return;
        }
    }
    sort(entries);
}

fn whole_status(value: &Value, now: &str) -> Value {
    json!({
        "apiVersion": value["apiVersion"], "fieldsType": "FieldsV1",
        "fieldsV1": {"f:status": {}}, "manager": SERVER, "operation": "Update",
        "subresource": "status", "time": now,
    })
}

fn is_whole_status(entry: &Value) -> bool {
    entry["manager"] == SERVER && entry["fieldsV1"] == json!({"f:status": {}})
}

/// Makes the server the owner of the status that it gave a new object.
pub(crate) fn own_status(value: &mut Value, now: &str) {
    if !value["status"].is_object() {
        return;
    }
    let entry = whole_status(value, now);
    let mut owners = take(value);
    match owners.as_array_mut() {
        Some(entries) => {
            entries.push(entry);
            sort(entries);
        }
        None => owners = json!([entry]),
    }
    put(value, Some(owners));
}

/// Takes the server's one field apart, before somebody else writes into the status.
pub(crate) fn share_status(managers: &mut Managers, live: &Value) {
    let whole = json!({"f:status": {}});
    let found = managers
        .0
        .iter_mut()
        .find(|entry| entry.manager == SERVER && entry.fields.write() == whole);
    if let Some(entry) = found {
        entry.fields = fields(&OBJECT, &json!({"status": live["status"]}));
    }
}
