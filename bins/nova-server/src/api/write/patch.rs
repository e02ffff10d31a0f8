//! `PATCH` of an item.

use axum::body::Body;
use axum::response::Response;
use json_patch::{Patch, PatchErrorKind};
use serde_json::Value;

use super::body::{FieldValidation, fill_kind, json, known_fields};
use super::run;
use super::update::{Part, Terms, finish, store};
use crate::api::error::{ApiError, Cause};
use crate::api::kinds::text;
use crate::api::request::Call;

const ACCEPTED: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
];

/// A change that is applied to whatever is stored.
enum Change {
    Merge(Value),
    Json(Patch),
}

pub(crate) async fn patch(call: &Call, body: Body, part: Part) -> Result<Response, ApiError> {
    let bytes = call.read(body).await?;
    let change = read(call, &bytes)?;
    let validation = FieldValidation::of(call)?;
    let terms = Terms::of(call, part);
    let (written, warnings) = run(call, move |tx| {
        let before = tx.require(&terms.key)?;
        let mut after = before.value();
        change.apply(&mut after)?;
        fill_kind(terms.kind, &mut after)?;
        immutable_names(&terms, &after)?;
        let warnings = known_fields(terms.kind, &mut after, validation)?;
        Ok((store(tx, &terms, &before, after)?, warnings))
    })
    .await?;
    finish(call, written, &warnings)
}

fn read(call: &Call, bytes: &[u8]) -> Result<Change, ApiError> {
    let core = call.kind.info.group.is_empty();
    match call.content_type().as_str() {
        "application/merge-patch+json" => Ok(Change::Merge(json(bytes)?)),
        // Their lists have no merge keys that we would need.
        "application/strategic-merge-patch+json" if core => Ok(Change::Merge(json(bytes)?)),
        "application/json-patch+json" => serde_json::from_slice(bytes)
            .map(Change::Json)
            .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}"))),
        _ => Err(ApiError::unsupported_media_type(ACCEPTED)),
    }
}

impl Change {
    fn apply(&self, document: &mut Value) -> Result<(), ApiError> {
        match self {
            Self::Merge(change) => json_patch::merge(document, change),
            Self::Json(change) => json_patch::patch(document, change).map_err(|error| {
                let refused = ApiError::unprocessable(format!(
                    "the server rejected our request due to an error in our request: {error}"
                ));
                match error.kind {
                    PatchErrorKind::TestFailed => refused.test_failed(),
                    _ => refused,
                }
            })?,
        }
        if document.is_object() {
            return Ok(());
        }
        Err(ApiError::unprocessable("the patch leaves no object"))
    }
}

fn immutable_names(terms: &Terms, after: &Value) -> Result<(), ApiError> {
    let (name, namespace) = (
        text(after, "/metadata/name"),
        text(after, "/metadata/namespace"),
    );
    let mut causes = Vec::new();
    for (member, is, was) in [
        ("name", name, &terms.key.name),
        ("namespace", namespace, &terms.key.namespace),
    ] {
        if is != was {
            let field = format!("metadata.{member}");
            causes.push(Cause::invalid(field, &is.into(), "field is immutable"));
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    Err(ApiError::immutable(
        &terms.key,
        terms.kind.info.kind,
        causes,
    ))
}
