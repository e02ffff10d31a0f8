//! `POST` of a collection.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::body::{known_fields, object};
use super::options::{Of, Options};
use super::update::{Part, Terms, doubled_owners};
use super::{Shown, Written, answer, meta, owners, put, run};
use crate::api::apply;
use crate::api::error::{ApiError, Cause};
use crate::api::idempotency::Attempt;
use crate::api::kinds::{Context, Kind, text};
use crate::api::request::Call;
use crate::store::{Key, Reply, Tx};

/// Characters of generated names: no vowels, so that no words come about.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

pub(crate) async fn create(call: &Call, body: Body) -> Result<Response, ApiError> {
    let bytes = call.read(body).await?;
    let options = Options::of(call, Of::Create)?;
    let mut body = object(call, &bytes)?;
    let mut warnings = known_fields(call.kind, &mut body, options.validation)?;
    let mut value = body.value;
    same_namespace(call.namespace.as_deref(), call.kind, &value)?;
    prepare(&mut value)?;
    warnings.extend(doubled_owners(&mut value, ""));
    // Outside of the transaction: creates must not wait for each other's owners.
    let now = jiff::Timestamp::now();
    let author = owners::author(now, call.kind, Part::Main, &options);
    owners::created(&mut value, &author);
    let attempt = Attempt::of(call, &bytes)?;
    let (kind, context, key) = (call.kind, call.context(), call.key_named(""));
    let written = run(call, move |tx| {
        let Some(attempt) = attempt else {
            return store(tx, kind, &context, key, value);
        };
        if let Some(earlier) = attempt.earlier(tx)? {
            return repeated(earlier);
        }
        let written = store(tx, kind, &context, key, value)?;
        attempt.keep(tx, written.shown.text(), written.operation.clone());
        Ok(written)
    })
    .await?;
    warnings.extend(written.warnings.iter().cloned());
    answer(call, StatusCode::CREATED, written, &warnings)
}

/// Stores what an apply made of nothing, its owners in it.
pub(super) fn create_applied(
    tx: &mut Tx<'_>,
    terms: &Terms,
    mut value: Value,
) -> Result<Written, ApiError> {
    let owners = apply::take(&mut value);
    if let Some(metadata) = value
        .pointer_mut("/metadata")
        .and_then(Value::as_object_mut)
    {
        // An apply may name a revision; there is none that it could be about.
        metadata.remove("resourceVersion");
    }
    prepare(&mut value)?;
    apply::put(&mut value, Some(owners).filter(|owners| !owners.is_null()));
    let mut key = terms.key.clone();
    key.name.clear();
    store(tx, terms.kind, &terms.context, key, value)
}

/// What the first request of this key was answered.
fn repeated(earlier: Reply) -> Result<Written, ApiError> {
    let value: Value = serde_json::from_str(&earlier.body)
        .map_err(|error| ApiError::internal(format!("a kept answer cannot be read: {error}")))?;
    let rv = text(&value, "/metadata/resourceVersion")
        .parse()
        .unwrap_or_default();
    Ok(Written {
        shown: Shown::Value(value),
        rv,
        before: None,
        operation: earlier.operation,
        warnings: Vec::new(),
    })
}

/// Refuses what a new object cannot have and drops what only the server sets.
fn prepare(value: &mut Value) -> Result<(), ApiError> {
    if !text(value, "/metadata/resourceVersion").is_empty() {
        return Err(ApiError::unclassified(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    let object = value
        .as_object_mut()
        .ok_or_else(|| ApiError::bad_request("not an object"))?;
    object.remove("status");
    let metadata = object.entry("metadata").or_insert_with(|| json!({}));
    if let Some(metadata) = metadata.as_object_mut() {
        server_set(metadata);
    }
    Ok(())
}

fn server_set(metadata: &mut Map<String, Value>) {
    let fields = [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "selfLink",
        "managedFields",
    ];
    for field in fields {
        metadata.remove(field);
    }
}

/// The namespace of the body must be that of the path.
pub(super) fn same_namespace(
    namespace: Option<&str>,
    kind: &Kind,
    value: &Value,
) -> Result<(), ApiError> {
    let given = text(value, "/metadata/namespace");
    if !kind.namespaced() {
        return match given {
            "" => Ok(()),
            _ => Err(ApiError::bad_request(
                "namespace may not be set on a cluster-scoped object",
            )),
        };
    }
    match namespace {
        None => Err(ApiError::method_not_allowed()),
        Some(namespace) if given.is_empty() || given == namespace => Ok(()),
        Some(_) => Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        )),
    }
}

fn store(
    tx: &mut Tx<'_>,
    kind: &Kind,
    context: &Context,
    mut key: Key,
    mut value: Value,
) -> Result<Written, ApiError> {
    if kind.namespaced() {
        active_namespace(tx, kind, &key.namespace, text(&value, "/metadata/name"))?;
        value["metadata"]["namespace"] = json!(key.namespace);
    }
    key.name = name(tx, &key, &value)?;
    value["metadata"]["name"] = json!(key.name);
    check(kind, &key, &value, None, Vec::new())?;
    if let Some(there) = tx.get(&key) {
        let going = !there.field("metadata.deletionTimestamp").is_empty();
        return Err(if going {
            ApiError::being_deleted(&key)
        } else {
            ApiError::already_exists(&key)
        });
    }
    let warnings = meta::warnings(None, &value);
    let operation = kind.rules.admit(tx, None, &mut value, context)?;
    apply::own_bare(&mut value, &tx.second());
    let stored = put(tx, &key, value)?;
    Ok(Written {
        rv: stored.rv,
        shown: Shown::Stored(stored),
        before: None,
        operation,
        warnings,
    })
}

/// Metadata and the kind's own rules, all faults at once, after those known already.
pub(super) fn check(
    kind: &Kind,
    key: &Key,
    value: &Value,
    before: Option<&Value>,
    mut causes: Vec<Cause>,
) -> Result<(), ApiError> {
    causes.extend(meta::check(kind, value));
    causes.extend(kind.rules.validate(value, before));
    if !causes.is_empty() {
        return Err(ApiError::invalid(key, kind.info.kind, causes));
    }
    Ok(())
}

/// The name given, or one made from `generateName`.
fn name(tx: &Tx<'_>, key: &Key, value: &Value) -> Result<String, ApiError> {
    let given = text(value, "/metadata/name");
    let prefix = text(value, "/metadata/generateName");
    if !given.is_empty() || prefix.is_empty() {
        return Ok(given.to_owned());
    }
    // A prefix leaves room for what is added.
    let prefix: String = prefix.chars().take(58).collect();
    let free = |_| {
        let name = format!("{prefix}{}", suffix());
        let taken = tx
            .get(&Key::new(key.kind, &*key.namespace, &*name))
            .is_some();
        (!taken).then_some(name)
    };
    let found = (0..8).find_map(free);
    found.ok_or_else(|| ApiError::already_exists(&Key::new(key.kind, "", prefix)))
}

fn suffix() -> String {
    let random = uuid::Uuid::new_v4();
    let letters = random.as_bytes().iter().take(5);
    letters
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

/// A namespace that exists and is not going away.
fn active_namespace(tx: &Tx<'_>, kind: &Kind, name: &str, object: &str) -> Result<(), ApiError> {
    let namespace = tx.require(&Key::new("namespaces", "", name))?;
    if namespace.field("metadata.deletionTimestamp").is_empty() {
        return Ok(());
    }
    Err(ApiError::forbidden(format!(
        "{} {object:?} is forbidden: unable to create new content in namespace {name} \
         because it is being terminated",
        kind.info.qualified_plural()
    )))
}
