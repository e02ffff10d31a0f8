//! `DELETE` of an item.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::body::{ACCEPTED, VERSION, json_error, no_version};
use super::options::{dry_run, policy};
use super::update::ENGINE_FINALIZER;
use super::{Shown, Written, answer, go, meta, name_operation, run_if};
use crate::api::error::{ApiError, Cause};
use crate::api::item::{json_response, tag_matches};
use crate::api::kinds::{Context, DeleteOptions, Kind};
use crate::api::request::Call;
use crate::store::{Key, Object, Tx};

/// Milliseconds between looks whether an object is gone: a quarter of a second in all.
const GONE_WITHIN: [u64; 8] = [2, 4, 8, 16, 32, 64, 128, 0];
/// Keeps an object until those that it owns are gone.
pub(super) const FOREGROUND: &str = "foregroundDeletion";
/// Keeps an object until those that it owns have no owner.
pub(super) const ORPHAN: &str = "orphan";

pub(crate) async fn delete(call: &Call, body: Body) -> Result<Response, ApiError> {
    let asked = asked(call, body).await?;
    let (kind, context, key) = (call.kind, call.context(), call.key());
    let if_match = call.header("if-match").map(str::to_owned);
    let meant = !asked.dry_run;
    let (object, mut deleted) = run_if(call, meant, move |tx| {
        let object = tx.require(&key)?;
        if if_match.is_some_and(|tags| !tag_matches(&tags, object.rv)) {
            let error = ApiError::conflict(&key, object.rv);
            return Err(error.with_status(StatusCode::PRECONDITION_FAILED));
        }
        let deleted = remove(tx, kind, &context, &object, &asked)?;
        Ok((object, deleted))
    })
    .await?;
    if meant {
        call.kind.rules.deleted(&call.app);
    } else {
        deleted.operation = None;
    }
    settle(call, &object, &mut deleted, meant).await;
    match deleted.shown {
        Shown::Nothing => {
            let text = success(call.kind, &object.key, object.uid());
            let mut response = json_response(StatusCode::OK, text, None);
            name_operation(&mut response, deleted.operation);
            Ok(response)
        }
        _ => answer(call, StatusCode::OK, deleted, &[]),
    }
}

/// Waits a moment until the engine has let go of a machine that is off, so that a client finds gone
/// what it was told is, and finds held only by others what others hold.
async fn settle(call: &Call, before: &Object, deleted: &mut Written, meant: bool) {
    let shown = deleted.shown.value();
    let finalizers = meta::texts(&shown["metadata"]["finalizers"]);
    if !is_off(before) || !finalizers.contains(&ENGINE_FINALIZER) {
        return;
    }
    if !meant {
        if finalizers.len() == 1 {
            deleted.shown = Shown::Nothing;
        }
        return;
    }
    for pause in GONE_WITHIN {
        let now = call.app.store.get(&before.key);
        match now.filter(|now| now.uid() == before.uid()) {
            None => {
                deleted.shown = Shown::Nothing;
                return;
            }
            Some(now) if !is_held(&now) => {
                deleted.rv = now.rv;
                deleted.shown = Shown::Stored(now);
                return;
            }
            Some(_) => tokio::time::sleep(Duration::from_millis(pause)).await,
        }
    }
}

/// Whether the engine has not let go.
fn is_held(vm: &Object) -> bool {
    meta::texts(&vm.value()["metadata"]["finalizers"]).contains(&ENGINE_FINALIZER)
}

/// Whether the engine has nothing to end.
fn is_off(vm: &Object) -> bool {
    let phase = vm.field("status.phase");
    vm.field("spec.runState") == "Stopped"
        && ["", "Pending", "Provisioning", "Stopped", "Failed"].contains(&phase.as_str())
}

/// What a deletion asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    options: DeleteOptions,
    /// What becomes of the objects that it owns.
    cascade: Cascade,
    /// Nothing may be stored; kubectl says so in the body.
    pub(super) dry_run: bool,
}

impl Asked {
    /// A deletion that waits for what the object owns.
    pub(super) fn foreground() -> Self {
        Self {
            cascade: Cascade::Foreground,
            ..Self::default()
        }
    }
}

/// What becomes of the objects that a deleted one owns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Cascade {
    /// They go after it.
    #[default]
    Background,
    /// They go before it.
    Foreground,
    /// They stay, without an owner.
    Orphan,
}

impl Cascade {
    /// The finalizer that stands for it until the collector has done its part.
    fn finalizer(self) -> Option<&'static str> {
        match self {
            Self::Background => None,
            Self::Foreground => Some(FOREGROUND),
            Self::Orphan => Some(ORPHAN),
        }
    }
}

/// Deletes one object on the terms of the request. It shows nothing when it is gone.
pub(super) fn remove(
    tx: &mut Tx<'_>,
    kind: &Kind,
    context: &Context,
    object: &Object,
    asked: &Asked,
) -> Result<Written, ApiError> {
    let key = &object.key;
    preconditions(kind, object, &asked.options)?;
    let marked = cascading(tx, object, asked.cascade)?;
    let object = marked.as_deref().unwrap_or(object);
    let deletion = kind.rules.delete(tx, object, &asked.options, context)?;
    let rv = tx.get(key).map_or(object.rv, |now| now.rv);
    Ok(Written {
        shown: deletion.finalizing.map_or(Shown::Nothing, Shown::Value),
        rv,
        before: Some(object.rv),
        operation: deletion.operation,
        warnings: Vec::new(),
    })
}

fn preconditions(kind: &Kind, object: &Object, options: &DeleteOptions) -> Result<(), ApiError> {
    let (key, name) = (&object.key, kind.info.kind);
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != object.uid()) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). \
             The object might have been deleted and then recreated",
            object.uid()
        );
        return Err(ApiError::delete_conflict(key, name, &why));
    }
    let rv = object.rv.to_string();
    let wanted = options.resource_version.as_deref();
    if let Some(wanted) = wanted.filter(|wanted| *wanted != rv) {
        let why = format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the \
             ResourceVersion in record ({rv}). The object might have been modified"
        );
        let error = ApiError::delete_conflict(key, name, &why);
        return Err(error.detail("currentResourceVersion", rv));
    }
    Ok(())
}

/// Marks the object with what becomes of those that it owns; `None` when nothing is to be marked.
fn cascading(
    tx: &mut Tx<'_>,
    object: &Object,
    cascade: Cascade,
) -> Result<Option<Arc<Object>>, ApiError> {
    let mut value = object.value();
    let had = meta::texts(&value["metadata"]["finalizers"]);
    let mut finalizers: Vec<&str> = had.clone();
    // A later word on it replaces an earlier one.
    finalizers.retain(|finalizer| ![FOREGROUND, ORPHAN].contains(finalizer));
    finalizers.extend(cascade.finalizer());
    let going = value["metadata"]["deletionTimestamp"].is_string();
    if finalizers == had || (going && cascade == Cascade::Background) {
        return Ok(None);
    }
    let finalizers = json!(finalizers);
    value["metadata"]["finalizers"] = finalizers;
    tx.put_owned(&object.key, value).map(Some)
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
pub(super) async fn asked(call: &Call, body: Body) -> Result<Asked, ApiError> {
    let bytes = call.read(body).await?;
    let body = options(call, &bytes)?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    if let Some(kind) = text("/kind").filter(|kind| *kind != "DeleteOptions") {
        let version = text("/apiVersion").unwrap_or_default();
        return Err(ApiError::bad_request(format!(
            "no kind {kind:?} is registered for version {version:?} in scheme"
        )));
    }
    let grace = match &body["gracePeriodSeconds"] {
        Value::Null => None,
        given => Some(given.as_i64().ok_or_else(|| {
            let field = "struct field DeleteOptions.gracePeriodSeconds of type int64";
            ApiError::bad_request(go::cannot(given, field))
        })?),
    };
    // Kubernetes takes a negative grace for the shortest there is.
    let grace = grace.map(|grace| u64::try_from(grace).unwrap_or(1));
    let rehearsed = body["dryRun"]
        .as_array()
        .is_some_and(|stages| !stages.is_empty());
    Ok(Asked {
        cascade: cascade(call, &body)?,
        dry_run: rehearsed || call.dry_run()?,
        options: DeleteOptions {
            grace: call.query.number("gracePeriodSeconds")?.or(grace),
            uid: text("/preconditions/uid").map(str::to_owned),
            resource_version: text("/preconditions/resourceVersion").map(str::to_owned),
        },
    })
}

/// The body of a deletion; an empty one asks for nothing in particular.
fn options(call: &Call, bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let media = call.content_type();
    if !media.is_empty() && !ACCEPTED.contains(&media.as_str()) {
        return Err(ApiError::unsupported_media_type(ACCEPTED));
    }
    let refused = |why: &str| ApiError::bad_request(no_version(why));
    let body: Value =
        serde_json::from_slice(bytes).map_err(|error| refused(&json_error(bytes, &error)))?;
    if !body.is_object() {
        return Err(refused(&go::cannot(&body, VERSION)));
    }
    Ok(body)
}

fn cascade(call: &Call, body: &Value) -> Result<Cascade, ApiError> {
    let mut causes = Vec::new();
    let given = call.query.get("propagationPolicy");
    let given = given.or(body["propagationPolicy"].as_str());
    let orphan = body["orphanDependents"].as_bool();
    let orphan = orphan.or(call
        .query
        .get("orphanDependents")
        .map(|given| given == "true"));
    if let (Some(_), Some(given)) = (orphan, given) {
        let detail = "orphanDependents and deletionPropagation cannot be both set";
        causes.push(Cause::invalid("propagationPolicy", &json!(given), detail));
    }
    causes.extend(given.and_then(policy));
    causes.extend(dry_run(call));
    let stages = body["dryRun"].as_array().into_iter().flatten();
    if stages.filter(|stage| *stage != "All").count() > 0 {
        causes.push(Cause::unsupported("dryRun", &body["dryRun"], &["All"]));
    }
    if !causes.is_empty() {
        return Err(ApiError::invalid_options("DeleteOptions", causes));
    }
    Ok(match (given, orphan) {
        (Some("Foreground"), _) => Cascade::Foreground,
        (Some("Orphan"), _) | (_, Some(true)) => Cascade::Orphan,
        _ => Cascade::Background,
    })
}
