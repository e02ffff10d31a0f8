//! `PATCH` of an item.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value};

use super::apply::{Config, apply};
use super::body::{json_error, same_kind, strip_unknown};
use super::create::same_namespace;
use super::json_patch::{self, Refusal};
use super::options::{FieldValidation, Of, Options};
use super::update::{Part, Terms, doubled_owners, finish, same_name, store};
use super::{answer, go, owners, run, strict};
use crate::api::error::ApiError;
use crate::api::request::Call;
use crate::store::Tx;

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";
const APPLY_JSON: &str = "application/apply-patch+json";

/// A change that is applied to whatever is stored.
enum Change {
    Merge(Value),
    Json(Vec<Map<String, Value>>),
}

pub(crate) async fn patch(call: &Call, body: Body, part: Part) -> Result<Response, ApiError> {
    let core = call.kind.info.group.is_empty();
    let kind = call.content_type();
    match kind.as_str() {
        APPLY | APPLY_JSON => applied(call, body, part).await,
        MERGE | JSON => changed(call, body, part, kind == JSON).await,
        // Their lists have no merge keys that we would need.
        STRATEGIC if core => changed(call, body, part, false).await,
        _ if core => Err(ApiError::unsupported_media_type(&[
            JSON, MERGE, STRATEGIC, APPLY,
        ])),
        _ => Err(ApiError::unsupported_media_type(&[JSON, MERGE, APPLY])),
    }
}

async fn changed(call: &Call, body: Body, part: Part, is_json: bool) -> Result<Response, ApiError> {
    let bytes = call.read(body).await?;
    let options = Options::of(call, Of::Patch)?;
    // What is not there is told before what the patch says.
    call.app.store.require(&call.key())?;
    let (change, faults) = if is_json {
        json_change(&bytes)?
    } else {
        merge_change(&bytes)?
    };
    let terms = Terms::of(call, part, options);
    let namespace = call.namespace.clone();
    let (written, warnings) = run(call, move |tx| {
        let before = tx.require(&terms.key)?;
        let stored = before.value();
        let mut after = stored.clone();
        change.apply(&mut after)?;
        let mut warnings = known(&terms, &mut after, faults)?;
        let author = owners::author(tx.now(), terms.kind, terms.part, &terms.options);
        owners::changed(&stored, &mut after, &author);
        same_namespace(namespace.as_deref(), terms.kind, &after)?;
        same_name(&terms.key.name, &after)?;
        let when = " after mutating admission happens";
        warnings.extend(doubled_owners(&mut after, when));
        Ok((store(tx, &terms, &before, after)?, warnings))
    })
    .await?;
    finish(call, written, warnings)
}

/// A merge patch, and what it says twice.
fn merge_change(bytes: &[u8]) -> Result<(Change, Vec<String>), ApiError> {
    let (value, doubles) =
        strict::parse(bytes).map_err(|error| undecodable(&json_error(bytes, &error)))?;
    match value {
        Value::Object(_) => {}
        Value::Null => return Err(ApiError::bad_request("Invalid JSON Patch")),
        other => {
            let place = "value of type map[string]interface {}";
            return Err(undecodable(&go::cannot(&other, place)));
        }
    }
    let faults = doubles
        .iter()
        .map(|path| format!("duplicate field \"{path}\""));
    Ok((Change::Merge(value), faults.collect()))
}

/// A JSON patch, and what it says twice or for nothing.
fn json_change(bytes: &[u8]) -> Result<(Change, Vec<String>), ApiError> {
    let (value, doubles) =
        strict::parse(bytes).map_err(|error| undecodable(&json_error(bytes, &error)))?;
    let mismatch = |value: &Value, place: &str| undecodable(&go::cannot(value, place));
    let operations = match value {
        Value::Array(operations) => operations,
        Value::Null => Vec::new(),
        other => return Err(mismatch(&other, "value of type []handlers.jsonPatchOp")),
    };
    let mut faults: Vec<String> = doubles
        .iter()
        .map(|path| format!("json patch duplicate field \"{path}\""))
        .collect();
    let mut patch = Vec::with_capacity(operations.len());
    for (index, operation) in operations.into_iter().enumerate() {
        let operation = match operation {
            Value::Object(operation) => operation,
            // It says nothing, so it is refused when its turn comes.
            Value::Null => Map::new(),
            other => return Err(mismatch(&other, "value of type handlers.jsonPatchOp")),
        };
        for name in ["op", "path", "from"] {
            let text = operation.get(name).unwrap_or(&Value::Null);
            if !text.is_string() && !text.is_null() {
                let place = format!("struct field jsonPatchOp.{name} of type string");
                return Err(mismatch(text, &place));
            }
        }
        let unknown = operation
            .keys()
            .filter(|name| !["op", "path", "from", "value"].contains(&name.as_str()));
        faults.extend(unknown.map(|name| format!("json patch unknown field \"[{index}].{name}\"")));
        patch.push(operation);
    }
    Ok((Change::Json(patch), faults))
}

fn undecodable(why: &str) -> ApiError {
    ApiError::bad_request(format!("error decoding patch: {why}"))
}

impl Change {
    fn apply(&self, document: &mut Value) -> Result<(), ApiError> {
        match self {
            Self::Merge(change) => ::json_patch::merge(document, change),
            Self::Json(change) => {
                json_patch::apply(document, change).map_err(|refusal| match &refusal {
                    Refusal::TooMany(_) => ApiError::too_large_because(&refusal.to_string()),
                    Refusal::Test(_) => ApiError::rejected(&refusal.to_string()).test_failed(),
                    Refusal::Operation(_) => ApiError::rejected(&refusal.to_string()),
                })?;
            }
        }
        if !document["kind"].is_string() {
            let why = format!("Object 'Kind' is missing in '{document}'");
            return Err(ApiError::invalid_patch(document, &why));
        }
        match document["apiVersion"].as_str() {
            Some(version) if version.matches('/').count() > 1 => {
                let why = format!("unexpected GroupVersion string: {version}");
                Err(ApiError::invalid_patch(document, &why))
            }
            Some(_) => Ok(()),
            None => Err(ApiError::internal(
                "Object 'apiVersion' is missing in 'object has no apiVersion field'",
            )),
        }
    }
}

/// Takes out what the kind does not have, or refuses it; answers the warnings.
fn known(terms: &Terms, after: &mut Value, faults: Vec<String>) -> Result<Vec<String>, ApiError> {
    same_kind(terms.kind, after)?;
    let patched = after.clone();
    let mut all = faults;
    let unknown = strip_unknown(terms.kind, after, &[]).map_err(|error| {
        // What cannot be read at all is the fault of the patch.
        match error.status() {
            StatusCode::BAD_REQUEST => {
                let why = error.message().rsplit(" as a ").next().unwrap_or_default();
                let why = why.split_once(": ").map_or(why, |(_, why)| why);
                ApiError::invalid_patch(&patched, why)
            }
            _ => error,
        }
    })?;
    all.extend(unknown);
    match terms.options.validation {
        FieldValidation::Strict if !all.is_empty() => {
            let why = format!("strict decoding error: {}", all.join(", "));
            Err(ApiError::invalid_patch(&patched, &why))
        }
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Strict | FieldValidation::Warn => Ok(all),
    }
}

async fn applied(call: &Call, body: Body, part: Part) -> Result<Response, ApiError> {
    let bytes = call.read(body).await?;
    let options = Options::of(call, Of::Apply)?;
    let config = Config::read(&bytes)?;
    let terms = Terms::of(call, part, options);
    let namespace = call.namespace.clone();
    let work = move |tx: &mut Tx<'_>| apply(tx, &terms, namespace.as_deref(), config);
    let (created, written, warnings) = run(call, work).await?;
    if !created {
        return finish(call, written, warnings);
    }
    answer(call, StatusCode::CREATED, written, &warnings)
}
