//! Starting a watch and carrying its events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use http::request::Parts;
use http::{HeaderValue, header};
use tokio::time::{Instant, interval};

use super::feed::{Feed, Wanted, envelope};
use crate::api::error::ApiError;
use crate::api::list::{options_invalid, revision, too_old};
use crate::api::render::Renderer;
use crate::api::request::Call;
use crate::api::select::Selection;
use crate::auth::Held;
use crate::store::{Object, Watch};

/// Subprotocol of a watch on a WebSocket.
pub(super) const PROTOCOL: &str = "nova.watch.v1";
/// Sign of life on a WebSocket.
pub(super) const PING_EVERY: Duration = Duration::from_secs(20);

/// `GET` of a collection with `watch=true`.
pub(crate) async fn watch(call: &Call, mut parts: Parts) -> Result<Response, ApiError> {
    let socket = parts.headers.contains_key(header::UPGRADE);
    let feed = open(call)?;
    if socket {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
            .await
            .map_err(|refused| ApiError::bad_request(refused.body_text()))?;
        return Ok(upgrade
            .protocols([PROTOCOL])
            .on_upgrade(|socket| carry(socket, feed)));
    }
    Ok(lines(feed))
}

/// A feed, or the one ERROR event that says why there is none.
pub(super) enum Opened {
    Feed(Box<Feed>),
    Refused(String),
}

impl Opened {
    /// The next event as one line without its end; nothing when the watch is over.
    pub(super) async fn next(&mut self) -> Option<String> {
        match self {
            Self::Feed(feed) => feed.next().await,
            Self::Refused(error) if error.is_empty() => None,
            Self::Refused(error) => Some(std::mem::take(error)),
        }
    }
}

/// Begins a watch as a request describes it.
pub(super) fn open(call: &Call) -> Result<Opened, ApiError> {
    let renderer = Renderer::of(call)?;
    let selection = Selection::of(call)?;
    let timeout = call
        .query
        .number("timeoutSeconds")?
        .filter(|seconds| *seconds > 0);
    let start = Start::of(call)?;
    let (initial, watch, revision) = match begin(call, &selection, start) {
        Ok(begun) => begun,
        Err(gone) => {
            let error = envelope("ERROR", &gone.body(Some(&call.request_id)).to_string());
            return Ok(Opened::Refused(error));
        }
    };
    let wanted = Wanted {
        renderer,
        selection,
        namespace: call.namespace.clone(),
        bookmarks: call.query.flag("allowWatchBookmarks"),
        initial,
        mark_initial: (start == Start::Marked).then_some(revision),
        reader: call.identity.clone(),
        _permit: call.app.limits.hold(&call.identity, Held::Watch)?,
        until: Instant::now() + timeout.map_or_else(some_time, Duration::from_secs),
    };
    Ok(Opened::Feed(Box::new(Feed::new(
        Arc::clone(&call.app),
        watch,
        wanted,
    ))))
}

/// Where a watch starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// With today's objects as ADDED.
    State,
    /// The same, closed by a bookmark.
    Marked,
    /// With what happens from now on.
    Now,
    /// After a revision.
    After(u64),
}

impl Start {
    fn of(call: &Call) -> Result<Self, ApiError> {
        let rv = revision(call.query.get("resourceVersion"))?;
        let matched = call.query.get("resourceVersionMatch");
        match (call.query.get("sendInitialEvents"), matched) {
            (None, Some(_)) => Err(options_invalid(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            )),
            (Some(_), other) if other != Some("NotOlderThan") => Err(options_invalid(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            )),
            (Some("true" | "1"), _) => Ok(Self::Marked),
            (Some(_), _) => Ok(rv.filter(|rv| *rv > 0).map_or(Self::Now, Self::After)),
            (None, None) => Ok(rv.filter(|rv| *rv > 0).map_or(Self::State, Self::After)),
        }
    }
}

type Begun = (Vec<Arc<Object>>, Watch, u64);

fn begin(call: &Call, selection: &Selection, start: Start) -> Result<Begun, ApiError> {
    let store = &call.app.store;
    let (initial, revision) = match start {
        Start::State | Start::Marked => {
            store.snapshot(call.kind.info.plural, call.namespace.as_deref(), None)
        }
        Start::Now => (Vec::new(), store.revision()),
        Start::After(rv) => (Vec::new(), rv),
    };
    let watch = store
        .watch(&[call.kind.info.plural], revision)
        .map_err(too_old)?;
    let initial = initial
        .into_iter()
        .filter(|object| selection.matches(object))
        .collect();
    Ok((initial, watch, revision))
}

/// 30 to 60 minutes: clients that started together do not come back together.
pub(super) fn some_time() -> Duration {
    let random = uuid::Uuid::new_v4().as_u128() % 1800;
    Duration::from_secs(1800 + u64::try_from(random).unwrap_or(0))
}

/// One event per line.
fn lines(feed: Opened) -> Response {
    let stream = futures_util::stream::unfold(feed, |mut feed| async {
        let mut event = feed.next().await?;
        event.push('\n');
        Some((Ok::<_, Infallible>(Bytes::from(event)), feed))
    });
    let mut response = Response::new(Body::from_stream(stream));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response.into_response()
}

/// One event per text frame.
async fn carry(socket: WebSocket, mut feed: Opened) {
    let (mut sink, mut stream) = socket.split();
    let mut ping = interval(PING_EVERY);
    ping.tick().await;
    loop {
        let message = tokio::select! {
            event = feed.next() => match event {
                Some(event) => Message::Text(event.into()),
                None => break,
            },
            _ = ping.tick() => Message::Ping(Bytes::new()),
            got = stream.next() => match got {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
    // The client may be gone already; there is nobody left to tell.
    drop(sink.close().await);
}
