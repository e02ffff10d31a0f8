//! What the server's own controllers own, kept cheaply: they write often, and mostly the status.
//!
//! As long as nobody else writes a status, it goes without saying that the server owns it: nothing is
//! kept of it, and a client sees the managers that it would see of any custom resource. When a client
//! writes there, the server's part is put down first, so that both own what they wrote.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::managers::{Entry, Managers, Operation};
use super::own::{Author, Scope, updated};
use super::shape::OBJECT;
use super::walk::fields;
use super::{put, take};

/// The manager's name.
pub(super) const SERVER: &str = "nova-server";
/// Kinds whose objects only the server makes and changes; nobody's ownership matters there.
const UNTRACKED: &[&str] = &["events", "operations", "machinerecords"];
/// The status, among the fields that somebody owns.
const STATUS: &str = "f:status";
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
    let of_status = |entry: &Value| !entry["fieldsV1"][STATUS].is_null();
    if !owners
        .as_array()
        .is_some_and(|all| all.iter().any(of_status))
    {
        return;
    }
    let managers = Managers::stored(owners);
    let before = before.and_then(|status| serde_json::from_str(status.get()).ok());
    let before: Value = json!({"status": before.unwrap_or(Value::Null)});
    let author = Author {
        scope: Scope::Status,
        ..author(value, now)
    };
    let after = json!({"status": value["status"]});
    let managers = updated(Some(&before), &after, managers, &author);
    *owners = managers.write().unwrap_or(Value::Null);
}

/// Makes the server the owner of a new object that its author said nothing of but the name, so that
/// a later apply does not take the server's part for somebody's that was there before.
pub(crate) fn own_bare(value: &mut Value, now: &str) {
    if value["metadata"]["managedFields"].is_null() {
        let managers = updated(None, value, Managers::default(), &author(value, now));
        put(value, managers.write());
    }
}

/// Puts down that the server owns the status, before somebody else writes into it.
pub(crate) fn share_status(managers: &mut Managers, live: &Value) {
    let known = |entry: &Entry| entry.fields.has(STATUS) || entry.fields.below(STATUS).is_some();
    if managers.is_empty() || !live["status"].is_object() || managers.0.iter().any(known) {
        return;
    }
    let api_version = live["apiVersion"].as_str().unwrap_or_default();
    let since = live["metadata"]["creationTimestamp"].as_str();
    managers.0.push(Entry {
        manager: SERVER.to_owned(),
        operation: Operation::Update,
        api_version: api_version.to_owned(),
        subresource: "status".to_owned(),
        time: since.map(str::to_owned),
        fields: fields(&OBJECT, &json!({"status": live["status"]})),
    });
}
