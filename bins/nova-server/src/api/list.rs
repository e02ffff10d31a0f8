//! Lists and single objects.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderValue, header};
use serde_json::{Value, json};

use super::error::{ApiError, Cause};
use super::render::Renderer;
use super::request::Call;
use super::select::Selection;
use super::token::Continue;
use crate::store::{Expired, Key, Object, Picked};

/// How long a list waits for a revision that the server has not reached.
const CATCH_UP: Duration = Duration::from_secs(3);
/// Most objects of one page, for callers that limits hold for.
const MAX_PAGE: usize = 5000;
/// Size of the pieces that a list is sent in.
const PIECE: usize = 64 * 1024;

/// `GET` of a collection.
pub(crate) async fn list(call: &Call) -> Result<Response, ApiError> {
    let renderer = Renderer::of(call)?;
    let selection = Selection::of(call)?;
    let page = page(call, &selection).await?;
    let mut metadata = json!({"resourceVersion": page.revision.to_string()});
    if let Some(token) = page.next {
        metadata["continue"] = json!(token);
        if selection.is_all() {
            metadata["remainingItemCount"] = json!(page.remaining);
        }
    }
    let pieces = Pieces::new(renderer, page.objects, &metadata);
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let mut response = Response::new(body);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

/// The objects of one page.
struct Page {
    objects: Vec<Arc<Object>>,
    revision: u64,
    next: Option<String>,
    /// Objects after this page; where some are left out by selectors, whether there are any.
    remaining: usize,
}

async fn page(call: &Call, selection: &Selection) -> Result<Page, ApiError> {
    if call.query.get("sendInitialEvents").is_some() {
        let why = "sendInitialEvents is forbidden for list";
        return Err(options_invalid("sendInitialEvents", why));
    }
    not_continued(call)?;
    let limit = limit(call)?;
    let scope = scope(call, selection);
    let token = match call.query.get("continue") {
        Some(token) => Some(continued(call, token, &scope)?),
        None => None,
    };
    let after = token
        .as_ref()
        .map(|t| Key::new(call.kind.info.plural, &*t.namespace, &*t.name));
    let (kind, namespace) = (call.kind.info.plural, call.namespace.as_deref());
    let (all, revision) = match &token {
        Some(Continue { rv: Some(rv), .. }) => {
            let objects = at(call, (*rv, after.as_ref()), &scope, token.as_ref())?;
            (objects, *rv)
        }
        Some(_) => call.app.store.snapshot(kind, namespace, after.as_ref()),
        None => fresh(call).await?,
    };
    let mut objects = all.into_iter().filter(|object| selection.matches(object));
    let page: Vec<_> = objects.by_ref().take(limit).collect();
    // How many more there are is only told, and cheap to know, where everything is selected.
    let remaining = if selection.is_all() {
        objects.count()
    } else {
        usize::from(objects.next().is_some())
    };
    let next = page.last().filter(|_| remaining > 0).map(|last| {
        let at = token.as_ref().map_or_else(now, |token| token.at);
        let rv = token.as_ref().map_or(Some(revision), |token| token.rv);
        let (namespace, name) = (last.key.namespace.clone(), last.key.name.clone());
        Continue {
            rv,
            namespace,
            name,
            scope,
            at,
        }
        .sign(call.app.store.signing_key())
    });
    Ok(Page {
        objects: page,
        revision,
        next,
        remaining,
    })
}

fn limit(call: &Call) -> Result<usize, ApiError> {
    let most = if call.identity.is_limited() {
        MAX_PAGE
    } else {
        usize::MAX
    };
    let asked = call.query.number("limit")?.filter(|limit| *limit > 0);
    let asked = asked.map_or(most, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(asked.min(most))
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn scope(call: &Call, selection: &Selection) -> String {
    let namespace = call.namespace.as_deref().unwrap_or("*");
    format!(
        "{}|{namespace}|{}",
        call.kind.info.plural,
        selection.canonical()
    )
}

/// How a revision matches has no meaning beside a token, which has its own.
fn not_continued(call: &Call) -> Result<(), ApiError> {
    let given = |name: &str| call.query.get(name).is_some();
    if given("continue") && given("resourceVersionMatch") {
        let why = "resourceVersionMatch is forbidden when continue is provided";
        return Err(options_invalid("resourceVersionMatch", why));
    }
    Ok(())
}

fn continued(call: &Call, token: &str, scope: &str) -> Result<Continue, ApiError> {
    if call
        .query
        .get("resourceVersion")
        .is_some_and(|rv| rv != "0")
    {
        let message = "specifying resource version is not allowed when using continue";
        return Err(ApiError::bad_request(message));
    }
    let token = Continue::read(token, call.app.store.signing_key())?;
    if token.scope != scope {
        let message = "the continue token belongs to another collection or selector";
        return Err(ApiError::bad_request(message));
    }
    if token.is_old(now()) {
        return Err(token_expired(call, &token));
    }
    Ok(token)
}

fn at(
    call: &Call,
    position: (u64, Option<&Key>),
    scope: &str,
    token: Option<&Continue>,
) -> Result<Vec<Arc<Object>>, ApiError> {
    let (kind, namespace) = (call.kind.info.plural, call.namespace.as_deref());
    call.app
        .store
        .list_at(kind, namespace, position)
        .map_err(|expired| match token {
            Some(token) => token_expired(
                call,
                &Continue {
                    scope: scope.to_owned(),
                    ..token.clone()
                },
            ),
            None => too_old(expired),
        })
}

/// 410 with a token that goes on at the same place in today's state.
fn token_expired(call: &Call, token: &Continue) -> ApiError {
    let fresh = Continue {
        rv: None,
        at: now(),
        ..token.clone()
    };
    let message = "The provided continue parameter is too old to display a consistent list result. \
        You can start a new list without the continue parameter, or use the continue token in this \
        response to retrieve the remainder of the results. Continuing with the provided token \
        results in an inconsistent list - objects that were created, modified, or deleted between \
        the time the first chunk was returned and now may show up in the list.";
    ApiError::expired(message).continue_with(fresh.sign(call.app.store.signing_key()))
}

/// The words of a position that the log no longer reaches.
pub(crate) fn too_old(expired: Expired) -> ApiError {
    ApiError::expired(expired.to_string())
}

/// The state that `resourceVersion` and `resourceVersionMatch` ask for, with its revision.
async fn fresh(call: &Call) -> Result<(Vec<Arc<Object>>, u64), ApiError> {
    let (kind, namespace) = (call.kind.info.plural, call.namespace.as_deref());
    let asked = parsed(call.query.get("resourceVersion"))
        .map_err(|why| ApiError::bad_request(format!("invalid resource version: {why}")))?;
    match (call.query.get("resourceVersionMatch"), asked) {
        (Some(_), None) => Err(options_invalid(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        )),
        (Some("Exact"), Some(0)) => Err(options_invalid(
            "resourceVersionMatch",
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        )),
        (Some("Exact"), Some(rv)) => {
            reach(call, rv).await?;
            Ok((
                call.app
                    .store
                    .list_at(kind, namespace, (rv, None))
                    .map_err(too_old)?,
                rv,
            ))
        }
        (None | Some("NotOlderThan"), rv) => {
            reach(call, rv.unwrap_or(0)).await?;
            Ok(call.app.store.snapshot(kind, namespace, None))
        }
        (Some(other), Some(_)) => {
            let allowed = ["Exact", "NotOlderThan", ""];
            let cause = Cause::unsupported("resourceVersionMatch", &json!(other), &allowed);
            Err(list_options(vec![cause]))
        }
    }
}

/// A revision of a query parameter of anything but a list; absent is nothing.
pub(crate) fn revision(text: Option<&str>) -> Result<Option<u64>, ApiError> {
    parsed(text).map_err(ApiError::unclassified)
}

fn parsed(text: Option<&str>) -> Result<Option<u64>, String> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            format!(
                "resourceVersion: Invalid value: {text:?}: \
                 strconv.ParseUint: parsing {text:?}: invalid syntax"
            )
        })
    };
    text.map(parse).transpose()
}

/// A fault of list options.
pub(crate) fn options_invalid(field: &str, detail: &str) -> ApiError {
    list_options(vec![Cause::forbidden(field, detail)])
}

fn list_options(causes: Vec<Cause>) -> ApiError {
    ApiError::invalid_options("ListOptions", causes)
}

/// Waits a moment for a revision that this server has not seen.
pub(crate) async fn reach(call: &Call, rv: u64) -> Result<(), ApiError> {
    let store = &call.app.store;
    if tokio::time::timeout(CATCH_UP, store.reached(rv))
        .await
        .is_ok()
    {
        return Ok(());
    }
    Err(ApiError::revision_ahead(rv, store.revision()))
}

/// A list written piece by piece, so that it never exists as a whole.
struct Pieces {
    renderer: Renderer,
    picked: Option<Picked>,
    objects: std::vec::IntoIter<Arc<Object>>,
    next: Option<String>,
    first: bool,
}

impl Pieces {
    fn new(renderer: Renderer, objects: Vec<Arc<Object>>, metadata: &Value) -> Self {
        let head = renderer.list_head(metadata);
        Self {
            renderer,
            picked: renderer.picked(),
            objects: objects.into_iter(),
            next: Some(head),
            first: true,
        }
    }
}

impl Iterator for Pieces {
    type Item = Result<Bytes, Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = self.next.take()?;
        while piece.len() < PIECE {
            let Some(object) = self.objects.next() else {
                piece.push_str("]}");
                return Some(Ok(piece.into()));
            };
            if !std::mem::take(&mut self.first) {
                piece.push(',');
            }
            self.renderer
                .item(&object, self.picked.as_ref(), &mut piece);
        }
        self.next = Some(String::with_capacity(PIECE + 4096));
        Some(Ok(piece.into()))
    }
}
