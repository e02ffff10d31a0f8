//! What the server can do, as Kubernetes' discovery documents.

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::columns::Column;
use super::item::json_response;
use super::kinds::{ALL, Kind};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// `GET /api`.
pub(super) async fn core_versions(request: Request) -> Response {
    if wants_aggregated(request.headers()) {
        return aggregated(&[""]);
    }
    answer(&json!({
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    }))
}

/// `GET /apis`.
pub(super) async fn groups(request: Request) -> Response {
    if wants_aggregated(request.headers()) {
        return aggregated(&["nova.dev"]);
    }
    answer(&json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group()]}))
}

/// `GET /apis/nova.dev`.
pub(super) async fn one_group() -> Response {
    let mut group = group();
    group["kind"] = json!("APIGroup");
    group["apiVersion"] = json!("v1");
    answer(&group)
}

/// `GET /api/v1`.
pub(super) async fn core_resources() -> Response {
    answer(&resources("", "v1"))
}

/// `GET /apis/nova.dev/v1`.
pub(super) async fn resources_of_group() -> Response {
    answer(&resources("nova.dev", "nova.dev/v1"))
}

fn answer(value: &Value) -> Response {
    json_response(StatusCode::OK, value.to_string(), None)
}

fn group() -> Value {
    let version = json!({"groupVersion": "nova.dev/v1", "version": "v1"});
    json!({"name": "nova.dev", "versions": [version], "preferredVersion": version})
}

fn kinds_of(group: &str) -> impl Iterator<Item = &'static Kind> {
    ALL.iter()
        .copied()
        .filter(move |kind| kind.info.group == group)
}

fn resources(group: &'static str, version: &str) -> Value {
    let entries: Vec<Value> = kinds_of(group).flat_map(entries).collect();
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version,
        "resources": entries,
    })
}

/// A kind and its subresources.
fn entries(kind: &Kind) -> Vec<Value> {
    let info = &kind.info;
    let mut main = json!({
        "name": info.plural, "singularName": info.singular, "namespaced": kind.namespaced(),
        "kind": info.kind, "verbs": kind.verbs, "shortNames": info.short_names,
        "columns": columns(kind),
    });
    if !kind.categories.is_empty() {
        main["categories"] = json!(kind.categories);
    }
    let below = kind.subresources.iter().map(|(name, verbs)| {
        json!({
            "name": format!("{}/{name}", info.plural), "singularName": "",
            "namespaced": kind.namespaced(), "kind": info.kind, "verbs": verbs,
        })
    });
    std::iter::once(main).chain(below).collect()
}

/// Printer columns for clients that make their tables from objects.
fn columns(kind: &Kind) -> Value {
    let entry = |column: &Column| {
        json!({
            "name": column.name, "type": column.kind, "jsonPath": column.path,
            "priority": column.priority,
        })
    };
    kind.columns.iter().map(entry).collect()
}

fn wants_aggregated(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|clause| {
            let clause = clause.replace(' ', "");
            clause.contains("as=APIGroupDiscoveryList")
                && clause.contains("v=v2")
                && !clause.contains("v=v2beta1")
                && clause.starts_with("application/json")
        })
}

/// `apidiscovery.k8s.io/v2`: everything of some groups in one document.
fn aggregated(groups: &[&'static str]) -> Response {
    let items: Vec<Value> = groups.iter().map(|group| aggregated_group(group)).collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": items,
    });
    let mut response = answer(&list);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(AGGREGATED));
    response
}

fn aggregated_group(group: &'static str) -> Value {
    let resources: Vec<Value> = kinds_of(group).map(aggregated_kind).collect();
    let metadata = if group.is_empty() {
        json!({})
    } else {
        json!({"name": group})
    };
    json!({
        "metadata": metadata,
        "versions": [{"version": "v1", "resources": resources, "freshness": "Current"}],
    })
}

fn aggregated_kind(kind: &'static Kind) -> Value {
    let info = &kind.info;
    let scope = if kind.namespaced() {
        "Namespaced"
    } else {
        "Cluster"
    };
    let response = json!({"group": info.group, "version": info.version, "kind": info.kind});
    let below: Vec<Value> = kind
        .subresources
        .iter()
        .map(|(name, verbs)| json!({"subresource": name, "responseKind": response, "verbs": verbs}))
        .collect();
    let mut entry = json!({
        "resource": info.plural, "responseKind": response, "scope": scope,
        "singularResource": info.singular, "verbs": kind.verbs, "shortNames": info.short_names,
        "columns": columns(kind),
    });
    if !kind.categories.is_empty() {
        entry["categories"] = json!(kind.categories);
    }
    if !below.is_empty() {
        entry["subresources"] = json!(below);
    }
    entry
}
