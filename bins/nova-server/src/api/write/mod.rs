//! Create, replace, patch, delete.

mod apply;
mod body;
mod collection;
mod collector;
mod create;
mod decode;
mod delete;
mod go;
pub(crate) mod json_patch;
mod meta;
mod options;
mod owners;
mod patch;
mod strict;
mod update;

use std::sync::Arc;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::error::ApiError;
use super::item::json_response;
use super::render::Renderer;
use super::request::Call;
use crate::store::{Durability, Key, Object, Tx};

pub(crate) use collection::delete_collection;
pub(crate) use collector::start as start_collector;
pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use patch::patch;
pub(crate) use update::{Part, replace};

/// Names the operation that goes on after the answer.
pub(super) const OPERATION: HeaderName = HeaderName::from_static("nova-operation");

/// Largest object that is stored.
const MAX_OBJECT: usize = 1024 * 1024;

/// What a write came to.
pub(crate) struct Written {
    pub(crate) shown: Shown,
    pub(crate) rv: u64,
    /// The revision before; nothing for a new object.
    pub(crate) before: Option<u64>,
    pub(crate) operation: Option<String>,
    /// What the client had better do otherwise.
    pub(crate) warnings: Vec<String>,
}

/// What the answer to a write shows.
pub(crate) enum Shown {
    /// The object as it is stored now.
    Stored(Arc<Object>),
    /// An object that is not stored so.
    Value(Value),
    /// Nothing: it is gone.
    Nothing,
}

impl Shown {
    /// As a tree.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Stored(object) => object.value(),
            Self::Value(value) => value.clone(),
            Self::Nothing => Value::Null,
        }
    }

    /// As text.
    fn text(&self) -> String {
        match self {
            Self::Stored(object) => object.json(),
            Self::Value(_) | Self::Nothing => self.value().to_string(),
        }
    }
}

/// Runs a write, or with `dryRun=All` rehearses it.
async fn run<T: Send + 'static>(
    call: &Call,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    run_if(call, !call.dry_run()?, work).await
}

/// Runs a write, or rehearses it unless it is `meant`.
async fn run_if<T: Send + 'static>(
    call: &Call,
    meant: bool,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    if !meant {
        return call.app.store.rehearse(work).await;
    }
    call.app.store.write(Durability::Spec, work).await
}

/// Stores what a client made, unless it is too large; its encoding tells.
fn put(tx: &mut Tx<'_>, key: &Key, value: Value) -> Result<Arc<Object>, ApiError> {
    let object = tx.put_owned(key, value)?;
    if object.length() > MAX_OBJECT {
        return Err(ApiError::too_large(MAX_OBJECT));
    }
    Ok(object)
}

/// The answer to a write: the object, its tag, its operation and the warnings.
fn answer(
    call: &Call,
    status: StatusCode,
    written: Written,
    warnings: &[String],
) -> Result<axum::response::Response, ApiError> {
    let renderer = Renderer::of(call)?;
    let body = match &written.shown {
        _ if call.dry_run()? => renderer.value(rehearsed(&written)),
        Shown::Stored(object) => renderer.object(object),
        shown => renderer.value(shown.value()),
    };
    let mut response = json_response(status, body, Some(written.rv));
    if !call.dry_run()? {
        name_operation(&mut response, written.operation);
    }
    for warning in warnings {
        let text = format!(
            "299 - \"{}\"",
            warning.replace('\\', "\\\\").replace('"', "\\\"")
        );
        if let Ok(value) = HeaderValue::try_from(text) {
            response.headers_mut().append(http::header::WARNING, value);
        }
    }
    Ok(response)
}

/// Tells of the operation that goes on after the answer.
fn name_operation(response: &mut axum::response::Response, name: Option<String>) {
    let name = name.and_then(|name| HeaderValue::try_from(name).ok());
    if let Some(name) = name {
        response.headers_mut().insert(OPERATION, name);
    }
}

/// What a rehearsal shows: nothing was stored that could have another revision.
fn rehearsed(written: &Written) -> Value {
    let mut value = written.shown.value();
    if let Some(metadata) = value["metadata"].as_object_mut() {
        match written.before {
            Some(rv) => metadata.insert("resourceVersion".into(), rv.to_string().into()),
            None => metadata.remove("resourceVersion"),
        };
    }
    value
}
