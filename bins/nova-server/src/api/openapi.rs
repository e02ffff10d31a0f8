//! `/openapi/v3`: what `kubectl explain` reads and clients check objects by.

mod schema;

use std::sync::OnceLock;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::health::VERSION;
use super::item::json_response;
use super::kinds::{ALL, Kind};
use super::request::Query;
use crate::app::hex;

/// A document and what it is known by.
struct Document {
    path: &'static str,
    text: String,
    hash: String,
}

/// Both documents, made at the first question.
fn documents() -> &'static [Document; 2] {
    static MADE: OnceLock<[Document; 2]> = OnceLock::new();
    MADE.get_or_init(|| {
        [("api/v1", ""), ("apis/nova.dev/v1", "nova.dev")].map(|(path, group)| {
            let text = describe(group).to_string();
            let hash = hex(&Sha256::digest(&text));
            Document { path, text, hash }
        })
    })
}

/// `GET /openapi/v3`.
pub(super) async fn index() -> Response {
    let entry = |document: &Document| {
        let url = format!("/openapi/v3/{}?hash={}", document.path, document.hash);
        (document.path.to_owned(), json!({"serverRelativeURL": url}))
    };
    let paths: Map<String, Value> = documents().iter().map(entry).collect();
    json_response(StatusCode::OK, json!({"paths": paths}).to_string(), None)
}

/// `GET /openapi/v3/api/v1` and `/openapi/v3/apis/nova.dev/v1`.
pub(super) async fn document(request: Request) -> Response {
    let path = request.uri().path();
    let asked = path.strip_prefix("/openapi/v3/").unwrap_or_default();
    let Some(document) = documents().iter().find(|document| document.path == asked) else {
        return ApiError::no_such_path().into_response();
    };
    let tag = HeaderValue::try_from(format!("\"{}\"", document.hash)).ok();
    let known = request.headers().get(header::IF_NONE_MATCH);
    let mut response = if known.is_some() && known == tag.as_ref() {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        json_response(StatusCode::OK, document.text.clone(), None)
    };
    let headers = response.headers_mut();
    if let Some(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    // Under its hash a document never changes, so clients may keep it as long as they like.
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let keep = if query.get("hash") == Some(&document.hash) {
        "public, immutable, max-age=31536000"
    } else {
        "no-cache, private"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
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
    let mut paths = Map::new();
    for kind in ALL.iter().filter(|kind| kind.info.group == group) {
        add_paths(&mut paths, kind);
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "NovaCron", "version": VERSION},
        "paths": paths, "components": {"schemas": schema::schemas(group)},
    })
}

/// Bodies that patches come as.
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
];

fn add_paths(paths: &mut Map<String, Value>, kind: &Kind) {
    let collection = kind.collection_template("{namespace}");
    let (mut item, mut all) = (json!({}), json!({}));
    for (member, verb, action) in [
        ("get", "get", "get"),
        ("put", "update", "put"),
        ("patch", "patch", "patch"),
        ("delete", "delete", "delete"),
    ] {
        if kind.allows(verb) {
            item[member] = operation(kind, action);
        }
    }
    for (member, verb, action) in [
        ("get", "list", "list"),
        ("post", "create", "post"),
        ("delete", "deletecollection", "deletecollection"),
    ] {
        if kind.allows(verb) {
            all[member] = operation(kind, action);
        }
    }
    let place = parameters(kind.namespaced().then_some("namespace").as_slice(), "path");
    all["parameters"] = json!(place);
    let mut named = place;
    named.extend(parameters(&["name"], "path"));
    item["parameters"] = json!(named);
    paths.insert(format!("{collection}/{{name}}"), item);
    if kind.namespaced() {
        let list = json!({"get": operation(kind, "list")});
        paths.insert(kind.info.collection_path(None), list);
    }
    paths.insert(collection, all);
}

/// Query parameters of lists.
const LIST: &[&str] = &[
    "labelSelector",
    "fieldSelector",
    "limit",
    "continue",
    "resourceVersion",
    "resourceVersionMatch",
    "watch",
    "allowWatchBookmarks",
    "sendInitialEvents",
    "timeoutSeconds",
];
/// Query parameters of writes.
const WRITE: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];
/// Query parameters of deletions.
const DELETE: &[&str] = &["dryRun", "gracePeriodSeconds", "propagationPolicy"];

fn parameters(names: &[&str], place: &str) -> Vec<Value> {
    let parameter = |name: &&str| {
        let kind = match *name {
            "limit" | "timeoutSeconds" | "gracePeriodSeconds" => "integer",
            "watch" | "allowWatchBookmarks" | "sendInitialEvents" | "force" => "boolean",
            _ => "string",
        };
        let mut made = json!({"name": name, "in": place, "schema": {"type": kind}});
        if place == "path" {
            made["required"] = json!(true);
        }
        made
    };
    names.iter().map(parameter).collect()
}

fn operation(kind: &Kind, action: &str) -> Value {
    let names: Vec<&str> = match action {
        "list" => LIST.to_vec(),
        "deletecollection" => [LIST, DELETE].concat(),
        "patch" => [WRITE, &["force"]].concat(),
        "post" | "put" => WRITE.to_vec(),
        "delete" => DELETE.to_vec(),
        _ => Vec::new(),
    };
    let name = match action {
        "list" | "deletecollection" => format!("{}List", schema_name(kind)),
        _ => schema_name(kind),
    };
    let content = |name: &str| json!({"schema": {"$ref": format!("#/components/schemas/{name}")}});
    let code = if action == "post" { "201" } else { "200" };
    let mut made = json!({
        "parameters": parameters(&names, "query"), "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk(kind), "tags": [kind.info.plural],
        "responses": {code: {
            "description": "OK", "content": {"application/json": content(&name)},
        }},
    });
    let bodies: &[&str] = match action {
        "post" | "put" => &["application/json"],
        "patch" => PATCHES,
        _ => &[],
    };
    if !bodies.is_empty() {
        let body = match action {
            // A patch is any part of an object, or a list of changes to it.
            "patch" => json!({"schema": {}}),
            _ => content(&name),
        };
        let bodies: Map<String, Value> = bodies
            .iter()
            .map(|media| ((*media).to_owned(), body.clone()))
            .collect();
        made["requestBody"] = json!({"required": true, "content": bodies});
    }
    made
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
