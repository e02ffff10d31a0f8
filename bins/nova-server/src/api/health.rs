//! Version, health and metrics.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::item::json_response;
use super::request::Query;
use crate::app::App;

/// Version of this server.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Oldest client that is served.
pub(crate) const MIN_CLIENT: &str = "0.1.0";
/// The Kubernetes release whose conventions are spoken, for clients that read nothing else.
const KUBERNETES: (&str, &str) = ("1", "33");

/// `GET /version`.
pub(super) async fn version(State(app): State<Arc<App>>) -> Response {
    let (major, minor) = KUBERNETES;
    let body = json!({
        "major": major, "minor": minor,
        "gitVersion": format!("v{major}.{minor}.0+nova.{VERSION}"),
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        "serverVersion": VERSION, "minClient": MIN_CLIENT,
        "engine": app.engine.name(), "features": app.engine.features(),
    });
    json_response(StatusCode::OK, body.to_string(), None)
}

/// `GET /healthz`, `/livez`, `/readyz`: a sentence, with `?verbose` one line per check.
pub(super) async fn health(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path().trim_matches('/').to_owned();
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let ready = path != "readyz" || app.controller.get().is_some();
    let checks = [("ping", true), ("store", true), ("controllers", ready)];
    let good = checks.iter().all(|(_, good)| *good);
    let status = if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    if good && !query.flag("verbose") {
        return (status, "ok").into_response();
    }
    let line = |(name, good): (&str, bool)| {
        let (mark, word) = if good { ('+', "ok") } else { ('-', "failed") };
        format!("[{mark}]{name} {word}\n")
    };
    let lines: String = checks.into_iter().map(line).collect();
    let verdict = if good { "passed" } else { "failed" };
    let text = format!("{lines}{path} check {verdict}\n");
    (status, text).into_response()
}
