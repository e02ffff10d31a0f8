//! `/openapi/v3`: as much as stock clients need to find out that the server checks fields itself.
//!
//! Schemas are open objects: `kubectl explain` learns the fields with the kit.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::health::VERSION;
use super::item::json_response;
use super::kinds::{ALL, Kind};

/// `GET /openapi/v3`.
pub(super) async fn index() -> Response {
    let entry =
        |path: &str| json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={VERSION}")});
    let paths = json!({"api/v1": entry("api/v1"), "apis/nova.dev/v1": entry("apis/nova.dev/v1")});
    json_response(StatusCode::OK, json!({"paths": paths}).to_string(), None)
}

/// `GET /openapi/v3/api/v1` and `/openapi/v3/apis/nova.dev/v1`.
pub(super) async fn document(request: Request) -> Response {
    let group = match request.uri().path() {
        "/openapi/v3/api/v1" => "",
        "/openapi/v3/apis/nova.dev/v1" => "nova.dev",
        _ => return ApiError::no_such_path().into_response(),
    };
    let tag = HeaderValue::try_from(format!("\"{VERSION}-{group}\"")).ok();
    let known = request.headers().get(header::IF_NONE_MATCH);
    let mut response = if known.is_some() && known == tag.as_ref() {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        json_response(StatusCode::OK, describe(group).to_string(), None)
    };
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// `GET /openapi/v2`: kubectl reads it before it sends a `List`, and only to check what it knows.
/// The document knows nothing, so the server's own checks decide.
pub(super) async fn version2() -> Response {
    let text = |number: u8, bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).unwrap_or_default();
        [&[number << 3 | 2, length][..], bytes].concat()
    };
    let info = [text(1, b"NovaCron"), text(2, VERSION.as_bytes())].concat();
    let document = [text(1, b"2.0"), text(2, &info)].concat();
    // Asked for with `@v1.0`, which is no media type; Kubernetes answers with a dot, too.
    let kind = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
        document,
    )
        .into_response()
}

fn describe(group: &str) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for kind in ALL.iter().filter(|kind| kind.info.group == group) {
        schemas.insert(schema_name(kind), schema(kind));
        let collection = kind.collection_template("{namespace}");
        paths.insert(
            format!("{collection}/{{name}}"),
            json!({
                "get": operation(kind, "get", &[]),
                "put": operation(kind, "put", WRITE),
                "patch": operation(kind, "patch", WRITE),
            }),
        );
        paths.insert(
            collection,
            json!({
                "get": operation(kind, "list", &[]),
                "post": operation(kind, "post", WRITE),
            }),
        );
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "NovaCron", "version": VERSION},
        "paths": paths, "components": {"schemas": schemas},
    })
}

/// Query parameters of writes.
const WRITE: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];

fn operation(kind: &Kind, action: &str, parameters: &[&str]) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}))
        .collect();
    let reference = json!({"$ref": format!("#/components/schemas/{}", schema_name(kind))});
    json!({
        "parameters": parameters, "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk(kind),
        "responses": {"200": {
            "description": "OK", "content": {"application/json": {"schema": reference}},
        }},
    })
}

fn gvk(kind: &Kind) -> Value {
    json!({"group": kind.info.group, "version": kind.info.version, "kind": kind.info.kind})
}

fn schema_name(kind: &Kind) -> String {
    let group = if kind.info.group.is_empty() {
        "io.k8s.api.core"
    } else {
        "dev.nova"
    };
    format!("{group}.{}.{}", kind.info.version, kind.info.kind)
}

fn schema(kind: &Kind) -> Value {
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "metadata": open, "spec": open, "status": open,
        },
        "x-kubernetes-preserve-unknown-fields": true,
        "x-kubernetes-group-version-kind": [gvk(kind)],
    })
}
