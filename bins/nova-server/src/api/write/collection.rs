//! `DELETE` of a collection.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::delete::{asked, remove};
use super::run_if;
use crate::api::error::ApiError;
use crate::api::item::json_response;
use crate::api::request::Call;
use crate::api::select::Selection;
use crate::store::Object;

/// Objects per transaction, so that other writes get their turn.
const AT_ONCE: usize = 100;

pub(crate) async fn delete_collection(call: &Call, body: Body) -> Result<Response, ApiError> {
    let selection = Selection::of(call)?;
    if selection.is_all() && !call.query.flag("all") {
        return Err(ApiError::bad_request(
            "deleting a whole collection needs a labelSelector, a fieldSelector or all=true",
        ));
    }
    let asked = asked(call, body).await?;
    let dry_run = asked.dry_run;
    let (kind, namespace) = (call.kind.info.plural, call.namespace.as_deref());
    let (all, revision) = call.app.store.snapshot(kind, namespace, None);
    let chosen: Vec<Arc<Object>> = all.into_iter().filter(|o| selection.matches(o)).collect();
    let (mut failed, mut gone) = (None, Vec::with_capacity(chosen.len()));
    for some in chosen.chunks(AT_ONCE) {
        let (kind, context, asked) = (call.kind, call.context(), asked.clone());
        let some: Vec<_> = some.to_vec();
        let outcome = run_if(call, !dry_run, move |tx| {
            let mut deleted = Vec::new();
            for object in some {
                // Somebody else may have deleted it since it was listed.
                let Some(object) = tx.get(&object.key) else {
                    continue;
                };
                // A refusal happens before anything is changed, so the others go on.
                match remove(tx, kind, &context, &object, &asked) {
                    Ok(_) => deleted.push(Ok(object)),
                    Err(error) => deleted.push(Err(error)),
                }
            }
            Ok(deleted)
        });
        for result in outcome.await? {
            match result {
                Ok(object) => gone.push(object),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
    }
    if !dry_run {
        call.kind.rules.deleted(&call.app);
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(listed(call, &gone, revision)),
    }
}

fn listed(call: &Call, gone: &[Arc<Object>], revision: u64) -> Response {
    let items: Vec<String> = gone.iter().map(|object| object.json()).collect();
    let metadata = json!({"continue": "", "resourceVersion": revision.to_string()});
    let body = format!(
        r#"{{"apiVersion":"{}","kind":"{}","metadata":{metadata},"items":[{}]}}"#,
        call.kind.info.api_version(),
        call.kind.info.list_kind(),
        items.join(",")
    );
    json_response(StatusCode::OK, body, None)
}
