//! Create, replace, patch, delete.

mod apply;
mod body;
mod collection;
mod collector;
mod create;
mod decode;
mod delete;
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
use super::negotiate::View;
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
    pub(crate) value: Value,
    pub(crate) rv: u64,
    /// The revision before; nothing for a new object.
    pub(crate) before: Option<u64>,
    pub(crate) operation: Option<String>,
    /// What the client had better do otherwise.
    pub(crate) warnings: Vec<String>,
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
    if object.json().len() > MAX_OBJECT {
        return Err(ApiError::too_large(MAX_OBJECT));
    }
    Ok(object)
}

/// The answer to a write: the object, its tag, its operation and the warnings.
fn answer(
    call: &Call,
    status: StatusCode,
    mut written: Written,
    warnings: &[String],
) -> Result<axum::response::Response, ApiError> {
    if call.dry_run()?
        && let Some(metadata) = written.value["metadata"].as_object_mut()
    {
        // Nothing was stored that could have another revision.
        match written.before {
            Some(rv) => metadata.insert("resourceVersion".into(), rv.to_string().into()),
            None => metadata.remove("resourceVersion"),
        };
    }
    let view = View::of(&call.headers, &call.query)?;
    let body = Renderer {
        kind: call.kind,
        view,
    }
    .value(written.value);
    let mut response = json_response(status, body, Some(written.rv));
    let operation = written
        .operation
        .and_then(|name| HeaderValue::try_from(name).ok());
    if let Some(name) = operation.filter(|_| !call.dry_run().unwrap_or(true)) {
        response.headers_mut().insert(OPERATION, name);
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
