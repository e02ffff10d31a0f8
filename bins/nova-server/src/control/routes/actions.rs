//! start, stop, restart, pause, resume; and the cancelling of operations.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::intent::{Answer, VMS, act};
use super::super::op::{self, Asks, Caller, Verb};
use super::super::subject::vm_key;
use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::{Identity, Verb as Right};
use crate::engine::RebootMode;
use crate::store::{Durability, Key, Tx};

use super::VM;

const OP: &str = "/apis/nova.dev/v1/namespaces/{namespace}/operations/{name}/cancel";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(&format!("{VM}/start"), post(start))
        .route(&format!("{VM}/stop"), post(stop))
        .route(&format!("{VM}/restart"), post(restart))
        .route(&format!("{VM}/pause"), post(pause))
        .route(&format!("{VM}/resume"), post(resume))
        .route(OP, post(cancel))
}

/// What every action is called with.
pub(super) struct Call {
    app: Arc<App>,
    key: Key,
    caller: Caller,
    dry_run: bool,
}

impl FromRequestParts<Arc<App>> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let missing = |_| ApiError::internal("a route without its name");
        let place = Place::from_request_parts(parts, app).await;
        let Path((namespace, name)) = place.map_err(missing)?;
        let identity = parts.extensions.get::<Identity>();
        let identity = identity.ok_or_else(|| ApiError::internal("a request of nobody"))?;
        identity.authorize(Right::Operate, VMS, Some(&namespace))?;
        Ok(Self {
            app: Arc::clone(app),
            key: vm_key(&namespace, &name),
            caller: caller(identity, &parts.headers),
            dry_run: dry_run(parts.uri.query().unwrap_or_default())?,
        })
    }
}

/// Whether the query asks for a rehearsal.
fn dry_run(query: &str) -> Result<bool, ApiError> {
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("dryRun="));
    match value {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(ApiError::bad_request(format!(
            "dryRun: Unsupported value: {other:?}: supported values: \"All\""
        ))),
    }
}

type Place = Path<(String, String)>;

/// Who asks, for the operation.
pub(super) fn caller(identity: &Identity, headers: &HeaderMap) -> Caller {
    let id = headers
        .get("x-request-id")
        .and_then(|value| value.to_str().ok());
    Caller {
        user: identity.user.clone(),
        request_id: id.map(str::to_owned),
    }
}

/// Reads a body that may be left out.
pub(super) fn body<T: for<'de> Deserialize<'de> + Default>(bytes: &Bytes) -> Result<T, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(T::default());
    }
    serde_json::from_slice(bytes)
        .map_err(|e| ApiError::bad_request(format!("the body cannot be read: {e}")))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StartBody {
    paused: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StopBody {
    grace_period_seconds: Option<u64>,
    force: bool,
    escalate: Option<bool>,
    suspend: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RestartBody {
    mode: Option<String>,
    grace_period_seconds: Option<u64>,
    force: bool,
    escalate: Option<bool>,
}

async fn start(call: Call, bytes: Bytes) -> Result<Response, ApiError> {
    let body: StartBody = body(&bytes)?;
    run(
        call,
        Verb::Start,
        Asks {
            paused: body.paused,
            ..Asks::default()
        },
    )
    .await
}

async fn stop(call: Call, bytes: Bytes) -> Result<Response, ApiError> {
    let body: StopBody = body(&bytes)?;
    if body.suspend {
        return Err(ApiError::not_supported(
            "this server cannot suspend virtual machines yet",
        ));
    }
    let force = body.force || body.grace_period_seconds == Some(0);
    let asks = Asks {
        grace: body.grace_period_seconds,
        force,
        escalate: body.escalate,
        ..Asks::default()
    };
    run(call, Verb::Stop, asks).await
}

async fn restart(call: Call, bytes: Bytes) -> Result<Response, ApiError> {
    let body: RestartBody = body(&bytes)?;
    let reboot = match body.mode.as_deref() {
        None | Some("" | "cold") => None,
        Some("soft") => Some(RebootMode::Soft),
        Some("hard") => Some(RebootMode::Hard),
        Some(other) => {
            let text = format!("mode {other:?} is not one of \"soft\", \"hard\", \"cold\"");
            return Err(ApiError::bad_request(text));
        }
    };
    let asks = Asks {
        grace: body.grace_period_seconds,
        force: body.force || body.grace_period_seconds == Some(0),
        escalate: body.escalate,
        reboot,
        ..Asks::default()
    };
    run(call, Verb::Restart, asks).await
}

async fn pause(call: Call) -> Result<Response, ApiError> {
    run(call, Verb::Pause, Asks::default()).await
}

async fn resume(call: Call) -> Result<Response, ApiError> {
    run(call, Verb::Resume, Asks::default()).await
}

async fn run(call: Call, verb: Verb, asks: Asks) -> Result<Response, ApiError> {
    let Call {
        app,
        key,
        caller,
        dry_run,
    } = call;
    let target = key.clone();
    let work = move |tx: &mut Tx<'_>| act(tx, &key, verb, &asks, &caller);
    let answer = if dry_run {
        app.store.rehearse(work).await?
    } else {
        app.store.write(Durability::Spec, work).await?
    };
    match answer {
        Answer::Unchanged => Ok(Json(unchanged(verb, &target)).into_response()),
        Answer::Operation(op) => Ok((StatusCode::ACCEPTED, Json(op)).into_response()),
    }
}

/// The answer where nothing had to be done: an operation that is over before it was stored.
fn unchanged(verb: Verb, key: &Key) -> Value {
    json!({
        "apiVersion": "nova.dev/v1", "kind": "Operation",
        "metadata": {"namespace": key.namespace},
        "spec": {"verb": verb.as_str(),
            "target": {"kind": "VirtualMachine", "namespace": key.namespace, "name": key.name}},
        "status": {"phase": "Succeeded", "percent": 100, "result": {"changed": false}},
        "changed": false,
    })
}

/// Asks a running operation to stop; its driver decides what that means.
async fn cancel(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Path((namespace, name)): Place,
) -> Result<Response, ApiError> {
    identity.authorize(Right::Operate, op::KIND, Some(&namespace))?;
    let key = Key::new(op::KIND, namespace, name);
    let work = move |tx: &mut Tx<'_>| {
        let mut op = tx.require(&key)?.value();
        if !op::is_active(&op) {
            return Ok(op);
        }
        if op.pointer("/status/cancellable") != Some(&json!(true)) {
            let verb = op::verb(&op).map_or("it", Verb::as_str);
            let message = format!(
                "operation {:?} cannot be cancelled: {verb} goes on",
                key.name
            );
            let phase = super::super::doc::text(&op, "/status/phase").to_owned();
            return Err(ApiError::invalid_state(&key, &phase, &[], &message));
        }
        op["status"]["phase"] = json!("Cancelling");
        tx.put(&key, op).map(|stored| stored.value())
    };
    let op = app.store.write(Durability::Spec, work).await?;
    Ok((StatusCode::ACCEPTED, Json(op)).into_response())
}
