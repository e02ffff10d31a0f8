//! Around every request: an id, a log line, headers, and an answer even to a bug.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, Stream};
use http::{HeaderName, HeaderValue, header};
use tokio::time::Instant;

use super::compress;
use super::error::{ApiError, Raised};
use super::health::VERSION;
use super::request::RequestId;
use crate::app::App;
use crate::auth::{Credential, Identity};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_VERSION: HeaderName = HeaderName::from_static("nova-server-version");
/// Longest request id that is taken from a client.
const MAX_ID: usize = 128;

/// Time that a stream has to say why it ends.
const PARTING: Duration = Duration::from_secs(1);

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
    let zips = compress::is_wanted(&request);
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
    app.served
        .request(method.as_str(), response.status().as_u16(), began.elapsed());
    if zips {
        return compress::answer(response).await;
    }
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
    if let Err(error) = admitted {
        return error.into_response();
    }
    let identity = request.extensions().get::<Identity>().cloned();
    let response = next.run(request).await;
    match identity.filter(|identity| identity.credential != Credential::Peer) {
        Some(identity) => end_with(app, identity, response),
        None => response,
    }
}

/// Cuts a stream off when what its reader showed is no longer good. Watches say why before.
fn end_with(app: Arc<App>, identity: Identity, response: Response) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let ended = async move {
        let error = app.access.ended(&identity).await;
        tokio::time::sleep(PARTING).await;
        error
    };
    let stream = Cut {
        body: body.into_data_stream(),
        ended: Box::pin(ended),
    };
    Response::from_parts(parts, Body::from_stream(stream))
}

/// A body that breaks off.
struct Cut {
    body: BodyDataStream,
    ended: Pin<Box<dyn Future<Output = ApiError> + Send>>,
}

impl Stream for Cut {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(error) = self.ended.as_mut().poll(cx) {
            return Poll::Ready(Some(Err(error.into())));
        }
        let body = Pin::new(&mut self.body).poll_next(cx);
        body.map(|item| item.map(|piece| piece.map_err(Into::into)))
    }
}
