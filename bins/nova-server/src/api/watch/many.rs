//! Many watches over one WebSocket (nova-api §6), for a client that shows several kinds at once.
//!
//! ```text
//! client  {"id":"a","op":"subscribe","kind":"vm","namespace":"default","resourceVersion":"7",…}
//!         {"id":"a","op":"unsubscribe"}
//! server  {"id":"a","type":"ADDED|MODIFIED|DELETED|BOOKMARK","object":{…}}
//!         {"id":"a","type":"ERROR","object":{Status}}     this subscription is over
//!         {"id":"a","type":"UNSUBSCRIBED"}                nothing of it follows
//! ```
//! Each subscription is a task that pulls its feed and waits for room in one short queue, so that a
//! slow reader holds no memory: its feeds fold what they have not sent yet.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{
    Message, Utf8Bytes, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
};
use axum::response::Response;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval, sleep_until, timeout};

use super::serve::{Opened, PING_EVERY, PROTOCOL, open, some_time};
use crate::api::error::ApiError;
use crate::api::kinds::{ALL, Kind};
use crate::api::request::{Call, Query, RequestId};
use crate::app::App;
use crate::auth::{Identity, Verb};

/// Subscriptions of one connection.
const MOST: usize = 100;
/// Events that wait for the client.
const QUEUE: usize = 64;
/// A client that takes nothing for this long is gone.
const STUCK: std::time::Duration = std::time::Duration::from_mins(2);

/// `GET /apis/nova.dev/v1/watch` with an upgrade.
pub(crate) async fn many(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let socket = socket.map_err(|_| {
        ApiError::bad_request(
            "several watches at once need a WebSocket of subprotocol nova.watch.v1",
        )
    })?;
    let connection = Connection {
        app,
        identity,
        request_id,
        open: HashMap::new(),
        begun: 0,
    };
    Ok(socket
        .protocols([PROTOCOL])
        .max_message_size(64 * 1024)
        .on_upgrade(|socket| connection.serve(socket)))
}

/// What a client sends.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    id: String,
    op: String,
    kind: String,
    namespace: Option<String>,
    label_selector: Option<String>,
    field_selector: Option<String>,
    resource_version: Option<String>,
    resource_version_match: Option<String>,
    send_initial_events: Option<bool>,
    allow_watch_bookmarks: Option<bool>,
    view: Option<String>,
    include_object: Option<String>,
}

struct Connection {
    app: Arc<App>,
    identity: Identity,
    request_id: String,
    /// By id: which of all subscriptions it is, so that a new one of the same id gets nothing of the
    /// old one.
    open: HashMap<String, (u64, AbortHandle)>,
    begun: u64,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.values().for_each(|(_, task)| task.abort());
    }
}

/// One event on its way.
struct Line {
    id: String,
    serial: u64,
    text: String,
    /// Nothing of its subscription follows.
    last: bool,
}

impl Connection {
    async fn serve(mut self, socket: WebSocket) {
        let _here = self.app.activity.guard();
        let (mut sink, mut stream) = socket.split();
        let (sender, mut events) = mpsc::channel(QUEUE);
        let until = Instant::now() + some_time();
        let mut ping = interval(PING_EVERY);
        ping.tick().await;
        let app = Arc::clone(&self.app);
        let identity = self.identity.clone();
        let mut expired = std::pin::pin!(app.access.ended(&identity));
        loop {
            let message = tokio::select! {
                // Before anything else that it would still be sent.
                biased;
                error = &mut expired => {
                    let line = refusal("", &error, &self.request_id);
                    // It may have left before.
                    let _told = send(&mut sink, Message::text(line)).await;
                    break;
                }
                () = app.activity.stopping() => break,
                () = sleep_until(until) => break,
                got = stream.next() => match got {
                    Some(Ok(Message::Text(text))) => match self.take(&text, &sender) {
                        Some(line) => Message::text(line),
                        None => continue,
                    },
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => continue,
                },
                line = next(&mut events) => match self.pass(line) {
                    Some(line) => Message::text(line),
                    None => continue,
                },
                _ = ping.tick() => Message::Ping(Bytes::new()),
            };
            if send(&mut sink, message).await.is_err() {
                return;
            }
        }
        // The client may be gone already; there is nobody left to tell.
        drop(timeout(STUCK, sink.close()).await);
    }

    /// An event of a subscription that is still wanted.
    fn pass(&mut self, line: Line) -> Option<String> {
        let (serial, _) = self.open.get(&line.id)?;
        if *serial != line.serial {
            return None;
        }
        if line.last {
            self.open.remove(&line.id);
        }
        Some(line.text)
    }

    /// Does what a message asks; answers what is to be said at once.
    fn take(&mut self, text: &Utf8Bytes, sender: &Sender<Line>) -> Option<String> {
        let asked: Asked = match serde_json::from_str(text) {
            Ok(asked) => asked,
            Err(error) => {
                let error = ApiError::bad_request(format!("the message cannot be read: {error}"));
                return Some(refusal("", &error, &self.request_id));
            }
        };
        let id = asked.id.clone();
        match self.act(asked, sender) {
            Ok(line) => line,
            Err(error) => Some(refusal(&id, &error, &self.request_id)),
        }
    }

    fn act(&mut self, asked: Asked, sender: &Sender<Line>) -> Result<Option<String>, ApiError> {
        if asked.id.is_empty() {
            return Err(ApiError::bad_request("id: name the subscription"));
        }
        match asked.op.as_str() {
            "subscribe" => self.subscribe(asked, sender).map(|()| None),
            "unsubscribe" => {
                if let Some((_, task)) = self.open.remove(&asked.id) {
                    task.abort();
                }
                let line = json!({"id": asked.id, "type": "UNSUBSCRIBED"});
                Ok(Some(line.to_string()))
            }
            other => Err(ApiError::bad_request(format!(
                "op {other:?} is not one of \"subscribe\", \"unsubscribe\""
            ))),
        }
    }

    fn subscribe(&mut self, asked: Asked, sender: &Sender<Line>) -> Result<(), ApiError> {
        if self.open.contains_key(&asked.id) {
            return Err(ApiError::bad_request(format!(
                "id {:?} is subscribed already",
                asked.id
            )));
        }
        if self.open.len() >= MOST {
            let message = format!("a connection has at most {MOST} subscriptions");
            return Err(ApiError::too_many(message));
        }
        let id = asked.id.clone();
        let feed = open(&self.call(asked)?)?;
        self.begun += 1;
        let place = (id.clone(), self.begun);
        let task = tokio::spawn(pump(feed, place, sender.clone()));
        self.open.insert(id, (self.begun, task.abort_handle()));
        Ok(())
    }

    /// The request that a subscription would be by itself.
    fn call(&self, asked: Asked) -> Result<Call, ApiError> {
        let kind = kind(&asked.kind)?;
        let namespace = asked
            .namespace
            .filter(|name| kind.namespaced() && !name.is_empty());
        self.identity
            .authorize(Verb::Watch, kind.info.plural, namespace.as_deref())?;
        let flag = |value: bool| value.to_string();
        let initial = asked.send_initial_events.map(flag);
        let matched = asked
            .resource_version_match
            .or_else(|| initial.is_some().then(|| "NotOlderThan".to_owned()));
        let parameters = [
            ("labelSelector", asked.label_selector),
            ("fieldSelector", asked.field_selector),
            ("resourceVersion", asked.resource_version),
            ("resourceVersionMatch", matched),
            ("sendInitialEvents", initial),
            ("allowWatchBookmarks", asked.allow_watch_bookmarks.map(flag)),
            ("view", asked.view),
            ("includeObject", asked.include_object),
            // The connection has the limit.
            ("timeoutSeconds", Some("86400".to_owned())),
        ];
        let given = parameters
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        Ok(Call {
            app: Arc::clone(&self.app),
            kind,
            identity: self.identity.clone(),
            request_id: self.request_id.clone(),
            namespace,
            name: String::new(),
            query: Query::of(given),
            headers: HeaderMap::new(),
        })
    }
}

fn kind(word: &str) -> Result<&'static Kind, ApiError> {
    let found = ALL.iter().copied().find(|kind| kind.info.is_called(word));
    found.ok_or_else(|| ApiError::bad_request(format!("the server has no kind {word:?}")))
}

async fn next(events: &mut Receiver<Line>) -> Line {
    match events.recv().await {
        Some(line) => line,
        // This side holds a sender, so that cannot be.
        None => std::future::pending().await,
    }
}

/// Brings the events of one feed into the queue, marked with its id.
async fn pump(mut feed: Opened, (id, serial): (String, u64), queue: Sender<Line>) {
    let line = |text: String, last: bool| Line {
        id: id.clone(),
        serial,
        text,
        last,
    };
    let mark = format!("{{\"id\":{},", json!(id));
    while let Some(event) = feed.next().await {
        // An event is an object with members: `{"type":…}`.
        let text = format!("{mark}{}", &event[1..]);
        let last = event.starts_with("{\"type\":\"ERROR\"");
        if queue.send(line(text, last)).await.is_err() || last {
            return;
        }
    }
    let text = json!({"id": id, "type": "UNSUBSCRIBED"}).to_string();
    // The connection may have ended first.
    drop(queue.send(line(text, true)).await);
}

fn refusal(id: &str, error: &ApiError, request_id: &str) -> String {
    let id = if id.is_empty() {
        Value::Null
    } else {
        json!(id)
    };
    json!({"id": id, "type": "ERROR", "object": error.body(Some(request_id))}).to_string()
}

async fn send(sink: &mut SplitSink<WebSocket, Message>, message: Message) -> Result<(), ()> {
    match timeout(STUCK, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(()),
    }
}
