//! `DELETE` of an item.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::update::wrong_uid;
use super::{Written, answer, run};
use crate::api::error::ApiError;
use crate::api::item::{json_response, tag_matches};
use crate::api::kinds::{Context, DeleteOptions, Kind};
use crate::api::request::Call;
use crate::store::{Key, Object, Tx};

pub(crate) async fn delete(call: &Call, body: Body) -> Result<Response, ApiError> {
    let options = options(call, body).await?;
    let (kind, context, key) = (call.kind, call.context(), call.key());
    let if_match = call.header("if-match").map(str::to_owned);
    let (object, deleted) = run(call, move |tx| {
        let object = tx.require(&key)?;
        if if_match.is_some_and(|tags| !tag_matches(&tags, object.rv)) {
            let error = ApiError::conflict(&key, object.rv);
            return Err(error.with_status(StatusCode::PRECONDITION_FAILED));
        }
        let deleted = remove(tx, kind, &context, &object, &options)?;
        Ok((object, deleted))
    })
    .await?;
    if !call.dry_run()? {
        call.kind.rules.deleted(&call.app);
    }
    match deleted.value {
        Value::Null => Ok(json_response(
            StatusCode::OK,
            success(call.kind, &object.key, &object.uid),
            None,
        )),
        _ => answer(call, StatusCode::OK, deleted, &[]),
    }
}

/// Deletes one object on the terms of the request. A null value means that it is gone.
pub(super) fn remove(
    tx: &mut Tx<'_>,
    kind: &Kind,
    context: &Context,
    object: &Object,
    options: &DeleteOptions,
) -> Result<Written, ApiError> {
    let key = &object.key;
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != object.uid) {
        return Err(wrong_uid(key, uid, &object.uid));
    }
    let rv = object.rv.to_string();
    if let Some(wanted) = options
        .resource_version
        .as_deref()
        .filter(|wanted| *wanted != rv)
    {
        let why = format!(
            "Precondition failed: ResourceVersion in precondition: {wanted}, \
             ResourceVersion in object meta: {rv}"
        );
        return Err(ApiError::conflict_because(key, &why).detail("currentResourceVersion", rv));
    }
    let deletion = kind.rules.delete(tx, object, options, context)?;
    let rv = tx.get(key).map_or(object.rv, |now| now.rv);
    let value = deletion.finalizing.unwrap_or(Value::Null);
    Ok(Written {
        value,
        rv,
        operation: deletion.operation,
    })
}

/// The `Status` of a deletion that is complete.
fn success(kind: &Kind, key: &Key, uid: &str) -> String {
    let mut details = json!({"name": key.name, "kind": kind.info.plural, "uid": uid});
    if !kind.info.group.is_empty() {
        details["group"] = json!(kind.info.group);
    }
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    })
    .to_string()
}

/// DeleteOptions from body and query; the query wins.
pub(super) async fn options(call: &Call, body: Body) -> Result<DeleteOptions, ApiError> {
    let bytes = call.read(body).await?;
    let body: Value = match &bytes[..] {
        [] => Value::Null,
        bytes => super::body::json(bytes)?,
    };
    let text = |pointer: &str| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let grace = match &body["gracePeriodSeconds"] {
        Value::Null => None,
        given => Some(given.as_u64().ok_or_else(|| {
            ApiError::bad_request("gracePeriodSeconds must be a non-negative integer")
        })?),
    };
    let policy = text("/propagationPolicy");
    let policy = call
        .query
        .get("propagationPolicy")
        .map(str::to_owned)
        .or(policy);
    if let Some(other) =
        policy.filter(|p| !matches!(p.as_str(), "Background" | "Foreground" | "Orphan"))
    {
        return Err(ApiError::bad_request(format!(
            "propagationPolicy: Unsupported value: {other:?}: \
             supported values: \"Background\", \"Foreground\", \"Orphan\""
        )));
    }
    Ok(DeleteOptions {
        grace: call.query.number("gracePeriodSeconds")?.or(grace),
        uid: text("/preconditions/uid"),
        resource_version: text("/preconditions/resourceVersion"),
    })
}
