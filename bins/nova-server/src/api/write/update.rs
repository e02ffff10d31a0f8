//! `PUT` of an item, and what all changes of stored objects share.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::body::{FieldValidation, known_fields, object};
use super::create::{check, same_namespace};
use super::{Written, answer, run};
use crate::api::error::{ApiError, Cause};
use crate::api::item::tag_matches;
use crate::api::kinds::{Context, Kind, text};
use crate::api::request::Call;
use crate::store::{Key, Object, Tx};

/// Which part of an object a request changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything but the status.
    Main,
    /// The status alone.
    Status,
}

/// What a change goes by beside the new object.
pub(super) struct Terms {
    pub(super) kind: &'static Kind,
    pub(super) key: Key,
    pub(super) part: Part,
    pub(super) context: Context,
    pub(super) if_match: Option<String>,
    /// Whether a change without a revision overwrites whatever is there.
    pub(super) force: bool,
}

impl Terms {
    pub(super) fn of(call: &Call, part: Part) -> Self {
        // Kubernetes' own kinds are replaced without a revision; a patch builds on what is there.
        let core = call.kind.info.group.is_empty();
        Self {
            kind: call.kind,
            key: call.key(),
            part,
            context: call.context(),
            if_match: call.header("if-match").map(str::to_owned),
            force: core || call.query.flag("force"),
        }
    }
}

pub(crate) async fn replace(call: &Call, body: Body, part: Part) -> Result<Response, ApiError> {
    let bytes = call.read(body).await?;
    let mut value = object(call, &bytes)?;
    let warnings = known_fields(call.kind, &mut value, FieldValidation::of(call)?)?;
    same_namespace(call, &value)?;
    same_name(call, &value)?;
    let terms = Terms::of(call, part);
    let written = run(call, move |tx| {
        let before = tx.require(&terms.key)?;
        store(tx, &terms, &before, value)
    })
    .await?;
    finish(call, written, &warnings)
}

/// The answer to a change.
pub(super) fn finish(
    call: &Call,
    written: Written,
    warnings: &[String],
) -> Result<Response, ApiError> {
    answer(call, StatusCode::OK, written, warnings)
}

fn same_name(call: &Call, value: &Value) -> Result<(), ApiError> {
    match text(value, "/metadata/name") {
        name if name == call.name => Ok(()),
        "" => Err(ApiError::bad_request("name must be provided")),
        name => Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.name
        ))),
    }
}

/// Stores a changed object: only the part that the request may change, only if nothing else changed
/// meanwhile, only if it is valid.
pub(super) fn store(
    tx: &mut Tx<'_>,
    terms: &Terms,
    before: &Object,
    mut after: Value,
) -> Result<Written, ApiError> {
    let stored = before.value();
    preconditions(terms, before, &after)?;
    match terms.part {
        Part::Main => keep(&mut after, &stored, "status"),
        Part::Status => {
            let status = after.get("status").cloned();
            after = stored.clone();
            match status {
                Some(status) => after["status"] = status,
                None => keep(&mut after, &json!({}), "status"),
            }
        }
    }
    keep_metadata(terms, &mut after, &stored)?;
    let mut operation = None;
    if terms.part == Part::Main {
        check(terms.kind, &terms.key, &after, Some(&stored))?;
        operation = terms
            .kind
            .rules
            .admit(tx, Some(&stored), &mut after, &terms.context)?;
    }
    let object = tx.put(&terms.key, after)?;
    Ok(Written {
        value: object.value(),
        rv: object.rv,
        operation,
    })
}

fn preconditions(terms: &Terms, before: &Object, after: &Value) -> Result<(), ApiError> {
    if let Some(tags) = &terms.if_match
        && !tag_matches(tags, before.rv)
    {
        let error = ApiError::conflict(&terms.key, before.rv);
        return Err(error.with_status(StatusCode::PRECONDITION_FAILED));
    }
    let uid = text(after, "/metadata/uid");
    if !uid.is_empty() && uid != before.uid {
        return Err(wrong_uid(&terms.key, uid, &before.uid));
    }
    match text(after, "/metadata/resourceVersion") {
        "" if terms.force || terms.if_match.is_some() => Ok(()),
        "" => {
            let detail = "must be specified for an update";
            let cause = Cause::invalid("metadata.resourceVersion", &json!(0), detail);
            Err(ApiError::invalid(
                &terms.key,
                terms.kind.info.kind,
                vec![cause],
            ))
        }
        rv if rv == before.rv.to_string() => Ok(()),
        _ => Err(ApiError::conflict(&terms.key, before.rv)),
    }
}

/// The words of a uid that is another object's.
pub(super) fn wrong_uid(key: &Key, wanted: &str, found: &str) -> ApiError {
    let why =
        format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}");
    ApiError::conflict_because(key, &why)
}

/// Puts back a member as it was stored.
fn keep(after: &mut Value, stored: &Value, member: &str) {
    let Some(object) = after.as_object_mut() else {
        return;
    };
    match stored.get(member) {
        Some(value) => drop(object.insert(member.to_owned(), value.clone())),
        None => drop(object.remove(member)),
    }
}

/// Members of metadata that only the server sets stay; a dying object takes no new finalizers.
fn keep_metadata(terms: &Terms, after: &mut Value, stored: &Value) -> Result<(), ApiError> {
    if !after["metadata"].is_object() {
        after["metadata"] = json!({});
    }
    let (metadata, old) = (&mut after["metadata"], &stored["metadata"]);
    for member in [
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generateName",
        "selfLink",
    ] {
        keep(metadata, old, member);
    }
    let finalizers = |value: &Value| -> Vec<String> {
        let list = value["finalizers"].as_array().into_iter().flatten();
        list.filter_map(|f| f.as_str().map(str::to_owned)).collect()
    };
    let had = finalizers(old);
    let new: Vec<String> = finalizers(metadata)
        .into_iter()
        .filter(|f| !had.contains(f))
        .collect();
    if !new.is_empty() && old["deletionTimestamp"].is_string() {
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, \
             found new finalizers []string{{{}}}",
            new.iter()
                .map(|f| format!("{f:?}"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        let cause = Cause::forbidden("metadata.finalizers", &detail);
        return Err(ApiError::invalid(
            &terms.key,
            terms.kind.info.kind,
            vec![cause],
        ));
    }
    Ok(())
}
