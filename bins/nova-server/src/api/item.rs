//! Single objects.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::error::ApiError;
use super::list::{reach, revision};
use super::render::Renderer;
use super::request::Call;

/// `GET` of an item.
pub(crate) async fn get(call: &Call) -> Result<Response, ApiError> {
    let renderer = Renderer::of(call)?;
    if let Some(rv) = revision(call.query.get("resourceVersion"))? {
        reach(call, rv).await?;
    }
    let object = call.app.store.require(&call.key())?;
    if call
        .header("if-none-match")
        .is_some_and(|tags| tag_matches(tags, object.rv))
    {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        response.headers_mut().insert(header::ETAG, etag(object.rv));
        return Ok(response);
    }
    let body = renderer.object(&object);
    Ok(json_response(StatusCode::OK, body, Some(object.rv)))
}

/// The entity tag of a revision.
pub(crate) fn etag(rv: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{rv}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Whether a list of entity tags holds this revision.
pub(crate) fn tag_matches(tags: &str, rv: u64) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == rv.to_string())
}

/// A JSON answer.
pub(crate) fn json_response(status: StatusCode, body: String, rv: Option<u64>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    if let Some(rv) = rv {
        response.headers_mut().insert(header::ETAG, etag(rv));
    }
    response
}
