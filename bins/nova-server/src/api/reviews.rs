//! Who am I, and may I.

use axum::Extension;
use axum::body::Bytes;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;
use super::item::json_response;
use super::proto;
use crate::auth::{Identity, Role, Transport, Verb};

/// `GET /apis/nova.dev/v1/whoami`.
pub(super) async fn whoami(Extension(identity): Extension<Identity>) -> Response {
    let transport = match identity.transport {
        Transport::Unix => "unix",
        Transport::Https => "https",
        Transport::Http => "http",
    };
    let body = json!({
        "apiVersion": "nova.dev/v1", "kind": "WhoAmI", "user": identity.user,
        "role": role(identity.role), "transport": transport,
    });
    json_response(StatusCode::OK, body.to_string(), None)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Editor => "editor",
        Role::Admin => "admin",
    }
}

/// `POST /apis/nova.dev/v1/access-reviews`.
pub(super) async fn access(
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let asked = read(&body)?;
    let verb = asked["verb"].as_str().unwrap_or("get");
    let (allowed, reason) = allows(&identity, verb);
    let body = json!({
        "apiVersion": "nova.dev/v1", "kind": "AccessReview", "allowed": allowed, "reason": reason,
    });
    Ok(json_response(StatusCode::CREATED, body.to_string(), None))
}

/// `POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews`.
pub(super) async fn self_access(
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut review = read(&body)?;
    let verb = review
        .pointer("/spec/resourceAttributes/verb")
        .and_then(Value::as_str);
    let (allowed, reason) = allows(&identity, verb.unwrap_or("get"));
    review["status"] = json!({"allowed": allowed, "reason": reason});
    Ok(json_response(StatusCode::CREATED, review.to_string(), None))
}

/// `POST /apis/authentication.k8s.io/v1/selfsubjectreviews`.
pub(super) async fn self_subject(
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut review = read(&body)?;
    let groups = json!([
        format!("nova:{}", role(identity.role)),
        "system:authenticated"
    ]);
    review["status"] = json!({"userInfo": {"username": identity.user, "groups": groups}});
    Ok(json_response(StatusCode::CREATED, review.to_string(), None))
}

fn read(body: &[u8]) -> Result<Value, ApiError> {
    if body.starts_with(b"k8s\0") {
        return proto::decode(body);
    }
    serde_json::from_slice(body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| ApiError::unsupported_media_type(&["application/json"]))
}

fn allows(identity: &Identity, verb: &str) -> (bool, String) {
    let needed = if verb == "*" {
        Role::Admin
    } else {
        Verb::role_of(verb)
    };
    let allowed = identity.role >= needed;
    let word = if allowed { "covers" } else { "does not cover" };
    (
        allowed,
        format!("role {} {word} {verb}", role(identity.role)),
    )
}
