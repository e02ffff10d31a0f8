//! Who am I, and may I: the same table answers here that routes ask.

use axum::Extension;
use axum::body::Bytes;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::item::json_response;
use super::kinds::{ALL, Kind};
use super::proto;
use crate::auth::{Ask, Credential, Identity, Role, Transport};

/// `GET /apis/nova.dev/v1/whoami`.
pub(super) async fn whoami(Extension(identity): Extension<Identity>) -> Response {
    let transport = match identity.transport {
        Transport::Unix => "unix",
        Transport::Https => "https",
        Transport::Http => "http",
    };
    let mut body = json!({
        "apiVersion": "nova.dev/v1", "kind": "WhoAmI", "user": identity.user,
        "role": identity.role.as_str(), "transport": transport, "groups": identity.groups(),
    });
    if let Some(namespaces) = &identity.namespaces {
        body["namespaces"] = json!(namespaces);
    }
    if !identity.scopes.is_empty() {
        let scopes: Vec<String> = identity.scopes.iter().map(ToString::to_string).collect();
        body["scopes"] = json!(scopes);
    }
    if let Some(expires) = identity.expires {
        body["expiresAt"] = json!(crate::store::format_time(expires));
    }
    if let Credential::Token { id, name, .. } = &identity.credential {
        body["token"] = json!({"name": name, "id": id});
    }
    json_response(StatusCode::OK, body.to_string(), None)
}

/// `POST /apis/nova.dev/v1/access-reviews`; takes any name of a kind.
pub(super) async fn access(
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let asked = read(&body)?;
    let word = |key: &str| asked[key].as_str().unwrap_or_default();
    let Some((kind, below)) = kind_and_subresource(word("kind")) else {
        let message = format!("the server has no kind {:?}", word("kind"));
        return Err(ApiError::bad_request(message));
    };
    let below = match word("subresource") {
        "" => below,
        given => given,
    };
    let namespace = match word("namespace") {
        "" => None,
        namespace => Some(namespace),
    };
    let ask = Ask {
        subresource: below,
        name: word("name"),
        ..Ask::new(word("verb"), kind, namespace)
    };
    let (allowed, reason) = decide(&identity, &ask);
    let body = json!({
        "apiVersion": "nova.dev/v1", "kind": "AccessReview", "allowed": allowed, "reason": reason,
    });
    Ok(json_response(StatusCode::CREATED, body.to_string(), None))
}

/// `vm/exec` as plural and subresource.
fn kind_and_subresource(word: &str) -> Option<(&'static str, &str)> {
    let (kind, below) = word.split_once('/').unwrap_or((word, ""));
    if kind == "*" {
        return Some(("*", below));
    }
    let kind = ALL.iter().find(|known| known.info.is_called(kind))?;
    Some((kind.info.plural, below))
}

/// `POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews`.
pub(super) async fn self_access(
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut review = read(&body)?;
    let spec = &review["spec"];
    let (allowed, reason) = match (&spec["resourceAttributes"], &spec["nonResourceAttributes"]) {
        (Value::Object(resource), _) => decide(&identity, &asked_of(resource)),
        (_, Value::Object(path)) => {
            let text = |key: &str| path.get(key).and_then(Value::as_str).unwrap_or_default();
            decide_path(&identity, text("verb"), text("path"))
        }
        _ => {
            return Err(ApiError::bad_request(
                "spec.resourceAttributes or spec.nonResourceAttributes must be given",
            ));
        }
    };
    // kubectl shows the reason of a refusal, and Kubernetes gives none.
    review["status"] = json!({"allowed": allowed});
    if allowed {
        review["status"]["reason"] = json!(reason);
    }
    Ok(json_response(StatusCode::CREATED, review.to_string(), None))
}

fn asked_of(resource: &Map<String, Value>) -> Ask<'_> {
    let text = |key: &str| {
        resource
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    Ask {
        subresource: text("subresource"),
        name: text("name"),
        ..Ask::new(text("verb"), text("resource"), Some(text("namespace")))
    }
}

/// `POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews`.
pub(super) async fn self_rules(
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut review = read(&body)?;
    let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
    let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
    let rules: Vec<Value> = if identity.allows(&Ask::new("*", "*", None)) {
        vec![json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})]
    } else {
        let kinds = ALL
            .iter()
            .flat_map(|kind| rules(&identity, kind, namespace));
        kinds.collect()
    };
    let paths: Vec<&str> = PATHS
        .iter()
        .copied()
        .filter(|path| decide_path(&identity, "get", path).0)
        .collect();
    review["status"] = json!({
        "resourceRules": rules, "incomplete": false,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": paths}],
    });
    Ok(json_response(StatusCode::CREATED, review.to_string(), None))
}

/// Paths that are no objects.
const PATHS: &[&str] = &[
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
];

/// What the caller may do with a kind and below it, asked verb by verb.
fn rules(identity: &Identity, kind: &Kind, namespace: Option<&str>) -> Vec<Value> {
    let namespace = namespace.filter(|_| kind.namespaced());
    let allowed = |verbs: &[&'static str], subresource: &str| -> Vec<&'static str> {
        let asks = |verb: &&'static str| {
            identity.allows(&Ask {
                subresource,
                ..Ask::new(verb, kind.info.plural, namespace)
            })
        };
        verbs.iter().copied().filter(|verb| asks(verb)).collect()
    };
    let rule = |verbs: Vec<&str>, resource: String| {
        (!verbs.is_empty()).then(
            || json!({"verbs": verbs, "apiGroups": [kind.info.group], "resources": [resource]}),
        )
    };
    let mut verbs = allowed(kind.verbs, "");
    // Tokens are made under a path of their own.
    if kind.info.plural == "tokens" {
        verbs.splice(0..0, allowed(&["create"], ""));
    }
    let main = rule(verbs, kind.info.plural.to_owned());
    let below = kind.subresources.iter().filter_map(|(name, verbs)| {
        rule(allowed(verbs, name), format!("{}/{name}", kind.info.plural))
    });
    main.into_iter().chain(below).collect()
}

/// `POST /apis/authentication.k8s.io/v1/selfsubjectreviews`.
pub(super) async fn self_subject(
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut review = read(&body)?;
    let info = json!({"username": identity.user, "groups": identity.groups()});
    review["status"] = json!({"userInfo": info});
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

fn decide(identity: &Identity, ask: &Ask<'_>) -> (bool, String) {
    let allowed = identity.allows(ask);
    let role = identity.role.as_str();
    let reason = if allowed {
        format!("role {role} covers {}", ask.verb)
    } else if ask.needs() > identity.role {
        format!(
            "role {role} does not cover {}, {} does",
            ask.verb,
            ask.needs().as_str()
        )
    } else if identity.is_confined() && !ask_in_sight(identity, ask) {
        let own = identity.namespaces.iter().flatten().cloned();
        let own: Vec<String> = own.collect();
        format!("role {role} holds in {} only", own.join(", "))
    } else {
        format!("the scopes of the token do not cover {}", ask.verb)
    };
    (allowed, reason)
}

fn ask_in_sight(identity: &Identity, ask: &Ask<'_>) -> bool {
    let unscoped = Identity {
        scopes: Vec::new(),
        ..identity.clone()
    };
    unscoped.allows(ask)
}

fn decide_path(identity: &Identity, verb: &str, path: &str) -> (bool, String) {
    let role = identity.role.as_str();
    let metrics = path.trim_end_matches('/') == "/metrics";
    let known = PATHS.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path.trim_end_matches('/') == *pattern || path == *pattern,
    });
    let open = verb == "get" && known && !(metrics && identity.is_confined());
    let allowed = open || identity.role == Role::Admin;
    let word = if allowed { "covers" } else { "does not cover" };
    (allowed, format!("role {role} {word} {verb} of {path}"))
}
