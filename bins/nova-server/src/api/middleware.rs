//! Around every request: an id, a log line, headers, and an answer even to a bug.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, header};
use tokio::time::Instant;

use super::error::{ApiError, Raised};
use super::health::VERSION;
use super::request::RequestId;
use crate::app::App;
use crate::auth::Identity;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_VERSION: HeaderName = HeaderName::from_static("nova-server-version");
/// Longest request id that is taken from a client.
const MAX_ID: usize = 128;

/// Wraps a request from the outside in.
pub(super) async fn around(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let _guard = app.activity.guard();
    let began = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let user = request
        .extensions()
        .get::<Identity>()
        .map(|identity| identity.user.clone());
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => ApiError::internal("this request met a bug").into_response(),
    };
    let reason = response
        .extensions()
        .get::<Raised>()
        .map(|raised| raised.0.nova_reason());
    tracing::info!(
        %method, path, status = response.status().as_u16(), id, user = user.unwrap_or_default(), reason,
        ms = began.elapsed().as_secs_f64() * 1000.0, "request"
    );
    stamp(&mut response, &id);
    response
}

fn request_id(request: &Request) -> String {
    let given = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let usable = |id: &&str| !id.is_empty() && id.len() <= MAX_ID;
    given
        .filter(usable)
        .map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

/// Adds the headers of every answer, and the request id to the body of an error.
fn stamp(response: &mut Response, id: &str) {
    if let Some(Raised(error)) = response.extensions_mut().remove::<Raised>() {
        *response.body_mut() = Body::from(error.body(Some(id)).to_string());
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    headers.insert(SERVER_VERSION, HeaderValue::from_static(VERSION));
    if let Ok(value) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, value);
    }
}

/// Refuses whoever the listener could not name; a few paths are open to all.
pub(super) async fn authenticated(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let open = matches!(
        request.uri().path(),
        "/version" | "/healthz" | "/livez" | "/readyz"
    );
    let admitted = match request.extensions().get::<Identity>() {
        Some(identity) => app.limits.request(identity),
        None if open => Ok(()),
        None => Err(ApiError::unauthorized("TokenMissing")),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}
