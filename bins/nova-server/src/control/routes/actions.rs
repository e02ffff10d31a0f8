//! start, stop, restart, pause, resume; and the cancelling of operations.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
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
    pub(super) app: Arc<App>,
    pub(super) key: Key,
    pub(super) caller: Caller,
}

type Place = Path<(String, String)>;
type Parts = (State<Arc<App>>, Extension<Identity>, Place, HeaderMap);

fn call(
    (State(app), Extension(identity), Path((namespace, name)), headers): Parts,
) -> Result<Call, ApiError> {
    identity.authorize(Right::Operate, VMS, Some(&namespace))?;
    let key = vm_key(&namespace, &name);
    Ok(Call {
        app,
        key,
        caller: caller(&identity, &headers),
    })
}

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

async fn start(
    state: State<Arc<App>>,
    identity: Extension<Identity>,
    place: Place,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let call = call((state, identity, place, headers))?;
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

async fn stop(
    state: State<Arc<App>>,
    identity: Extension<Identity>,
    place: Place,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let call = call((state, identity, place, headers))?;
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

async fn restart(
    state: State<Arc<App>>,
    identity: Extension<Identity>,
    place: Place,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let call = call((state, identity, place, headers))?;
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

async fn pause(
    state: State<Arc<App>>,
    identity: Extension<Identity>,
    place: Place,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    run(
        call((state, identity, place, headers))?,
        Verb::Pause,
        Asks::default(),
    )
    .await
}

async fn resume(
    state: State<Arc<App>>,
    identity: Extension<Identity>,
    place: Place,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    run(
        call((state, identity, place, headers))?,
        Verb::Resume,
        Asks::default(),
    )
    .await
}

async fn run(call: Call, verb: Verb, asks: Asks) -> Result<Response, ApiError> {
    let Call { app, key, caller } = call;
    let target = key.clone();
    let work = move |tx: &mut Tx<'_>| act(tx, &key, verb, &asks, &caller);
    match app.store.write(Durability::Spec, work).await? {
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
