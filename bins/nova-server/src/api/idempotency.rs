//! `Idempotency-Key`: a repeated request gets the answer of the first.
//!
//! A create keeps its answer in the transaction of what it stored. The answer of an action is kept
//! right after it, so a crash between the two repeats the action, which its own rules allow.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::item::json_response;
use super::request::{BODY_LIMIT, Call, Query, read_body};
use super::write::OPERATION;
use crate::app::{App, hex};
use crate::auth::Identity;
use crate::store::{Durability, Reply, Tx};

/// Longest key that is taken.
const MAX_KEY: usize = 255;
/// Largest answer of an action that is kept; a larger one holds the output of a command.
const MAX_KEPT: usize = 64 * 1024;

/// A request that may be a repetition.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    id: String,
    fingerprint: String,
}

/// The key of a request, if it has one.
fn key_of(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= MAX_KEY);
    let refused = || {
        ApiError::bad_request(format!(
            "Idempotency-Key must have 1 to {MAX_KEY} characters"
        ))
    };
    key.map(Some).ok_or_else(refused)
}

impl Attempt {
    fn new(user: &str, key: &str, target: &str, body: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(target)
            .chain_update([0])
            .chain_update(body);
        Self {
            id: format!("{user} {key}"),
            fingerprint: hex(&digest.finalize()),
        }
    }

    /// Reads the header of a create; nothing when there is none, or when nothing is to be stored.
    pub(crate) fn of(call: &Call, body: &[u8]) -> Result<Option<Self>, ApiError> {
        let Some(key) = key_of(&call.headers)? else {
            return Ok(None);
        };
        let target = call.kind.info.collection_path(call.namespace.as_deref());
        let attempt = Self::new(&call.identity.user, key, &target, body);
        Ok((!call.dry_run()?).then_some(attempt))
    }

    /// The answer of the first request with this key.
    pub(crate) fn earlier(&self, tx: &Tx<'_>) -> Result<Option<Reply>, ApiError> {
        match tx.recall(&self.id) {
            Some(reply) if reply.fingerprint == self.fingerprint => Ok(Some((*reply).clone())),
            Some(_) => Err(ApiError::unprocessable(
                "this Idempotency-Key was used for another request",
            )),
            None => Ok(None),
        }
    }

    /// Keeps the answer together with what the request changed.
    pub(crate) fn keep(self, tx: &mut Tx<'_>, body: String, operation: Option<String>) {
        let reply = Reply::new(self.fingerprint, 201, body).with_operation(operation);
        tx.remember(self.id, reply);
    }
}

/// Around actions: gives a repeated one the answer of the first.
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let key = key_of(request.headers())?.map(str::to_owned);
    let identity = request.extensions().get::<Identity>().cloned();
    let (Some(key), Some(identity), &Method::POST) = (key, identity, request.method()) else {
        return Ok(next.run(request).await);
    };
    if Query::parse(request.uri().query().unwrap_or_default())
        .get("dryRun")
        .is_some()
    {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let bytes = read_body(body, BODY_LIMIT).await?;
    let attempt = Attempt::new(&identity.user, &key, &parts.uri.to_string(), &bytes);
    let asked = attempt.clone();
    if let Some(earlier) = app.store.rehearse(move |tx| asked.earlier(tx)).await? {
        return Ok(again(earlier));
    }
    let response = next
        .run(Request::from_parts(parts, Body::from(bytes)))
        .await;
    remember(&app, attempt, response).await
}

/// Keeps a small answer that is no fault of the server.
async fn remember(app: &App, attempt: Attempt, response: Response) -> Result<Response, ApiError> {
    let size = response.body().size_hint().upper();
    if !response.status().is_success() || size.is_none_or(|size| size > MAX_KEPT as u64) {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = read_body(body, MAX_KEPT).await?;
    let operation = parts
        .headers
        .get(OPERATION)
        .and_then(|name| name.to_str().ok());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let reply = Reply::new(attempt.fingerprint, parts.status.as_u16(), text)
        .with_operation(operation.map(str::to_owned));
    let kept = app.store.write(Durability::Status, move |tx| {
        tx.remember(attempt.id, reply);
        Ok(())
    });
    if let Err(error) = kept.await {
        tracing::warn!(%error, "an answer could not be kept for repetitions");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn again(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let mut response = json_response(status, reply.body, None).into_response();
    let operation = reply
        .operation
        .and_then(|name| HeaderValue::try_from(name).ok());
    if let Some(name) = operation {
        response.headers_mut().insert(OPERATION, name);
    }
    response
}
