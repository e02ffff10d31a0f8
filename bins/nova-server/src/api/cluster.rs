//! The cluster as a whole: what it is, how it does.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::health::{MIN_CLIENT, VERSION};
use super::item::json_response;
use super::kinds::text;
use crate::app::App;
use crate::store::format_time;

/// `GET /apis/nova.dev/v1/cluster`.
pub(super) async fn info(State(app): State<Arc<App>>) -> Response {
    answer(json!({
        "kind": "ClusterInfo", "serverVersion": VERSION, "minClient": MIN_CLIENT,
        "engine": app.engine.name(), "features": app.engine.features(),
        "versions": versions(&app), "startedAt": format_time(app.started),
        "nodes": app.store.list("nodes", None).len(),
        "namespaces": app.store.list("namespaces", None).len(),
        "dataDir": app.dirs.data,
    }))
}

/// `GET /apis/nova.dev/v1/cluster/status`.
pub(super) async fn status(State(app): State<Arc<App>>) -> Response {
    let nodes: Vec<Value> = app
        .store
        .list("nodes", None)
        .iter()
        .map(|n| n.value())
        .collect();
    let entries: Vec<Value> = nodes
        .iter()
        .map(|node| {
            json!({
                "name": node["metadata"]["name"], "phase": node["status"]["phase"],
                "capacity": node["status"]["capacity"], "allocated": node["status"]["allocated"],
                "usage": node["status"]["usage"], "vmCount": node["status"]["vmCount"],
            })
        })
        .collect();
    answer(json!({
        "kind": "ClusterStatus", "engine": app.engine.name(), "serverVersion": VERSION,
        "nodes": entries, "virtualMachines": phases(&app, "virtualmachines"),
        "images": phases(&app, "images"), "operations": phases(&app, "operations"),
        "resourceVersion": app.store.revision().to_string(),
    }))
}

/// `GET /apis/nova.dev/v1/cluster/health`.
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let nodes: Vec<Value> = app
        .store
        .list("nodes", None)
        .iter()
        .map(|n| n.value())
        .collect();
    let not_ready: Vec<&str> = nodes
        .iter()
        .filter(|node| text(node, "/status/phase") != "Ready")
        .map(|node| text(node, "/metadata/name"))
        .collect();
    let said = match not_ready.as_slice() {
        [] => format!("{} ready", nodes.len()),
        names => format!("not ready: {}", names.join(", ")),
    };
    let failed = phases(&app, "virtualmachines")["Failed"]
        .as_u64()
        .unwrap_or(0);
    let checks = vec![
        check("store", true, &format!("revision {}", app.store.revision())),
        check(
            "controllers",
            app.controller.get().is_some(),
            "work is being done",
        ),
        check("nodes", not_ready.is_empty() && !nodes.is_empty(), &said),
        check("virtualmachines", failed == 0, &format!("{failed} failed")),
    ];
    let good = checks.iter().all(|check| check["healthy"] == true);
    answer(json!({"kind": "ClusterHealth", "healthy": good, "checks": checks}))
}

fn check(name: &str, healthy: bool, message: &str) -> Value {
    json!({"name": name, "healthy": healthy, "message": message})
}

fn answer(mut body: Value) -> Response {
    body["apiVersion"] = json!("nova.dev/v1");
    json_response(StatusCode::OK, body.to_string(), None)
}

fn versions(app: &App) -> Value {
    let pairs = app.engine.versions().into_iter();
    Value::Object(
        pairs
            .map(|(name, version)| (name, json!(version)))
            .collect(),
    )
}

/// How many objects of a kind are in each phase.
fn phases(app: &App, kind: &'static str) -> Value {
    let mut counts = json!({});
    for object in app.store.list(kind, None) {
        let value = object.value();
        let phase = match text(&value, "/status/phase") {
            "" => "Unknown",
            phase => phase,
        };
        counts[phase] = json!(counts[phase].as_u64().unwrap_or(0) + 1);
    }
    counts
}
