//! Several watches over one connection, which survive what happens to it.
//!
//! ```text
//! subscribe ──► state as ADDED ──► Synced ──► changes ◄──────────────────────────────┐
//!                    ▲                           │                                   │
//!     410: compare with what was seen ◄──────────┘   connection lost: again at the last revision
//! ```
//! What was told is remembered by name, uid and revision, so that nothing is told twice and nothing that went away
//! meanwhile is forgotten.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use nova_http::{Frame, WebSocket};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::Api;
use super::error::ApiError;
use crate::types::{INITIAL_EVENTS_END, Status, WatchEvent, WatchEventType};

const PATH: &str = "/apis/nova.dev/v1/watch";
const PROTOCOL: &str = "nova.watch.v1";
/// Every subscription is told something at least every 30 s; longer silence is a dead connection.
const SILENCE: Duration = Duration::from_secs(90);
const PAUSES: [u64; 7] = [100, 200, 400, 800, 1600, 3200, 5000];

/// What to watch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Any name of the kind.
    pub kind: String,
    /// Namespace; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels to have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<String>,
    /// Fields to have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_selector: Option<String>,
}

/// Something that happened to a subscription.
#[derive(Debug)]
pub enum MultiEvent {
    /// An object was added, changed or deleted. A deletion that was missed carries only what names the object.
    Change(WatchEvent<Value>),
    /// What exists was told; changes follow.
    Synced,
    /// The subscription is over, and why.
    Ended(ApiError),
}

/// Several watches over one connection.
#[derive(Debug)]
pub struct MultiWatch {
    api: Api,
    socket: Option<WebSocket>,
    open: BTreeMap<String, Open>,
    /// Messages that the server must still get.
    outbox: VecDeque<String>,
    ready: VecDeque<(String, MultiEvent)>,
    /// Whether a connection ever stood: before that there is nothing to survive for.
    stood: bool,
    failures: usize,
}

/// One subscription.
#[derive(Debug)]
struct Open {
    asked: Subscription,
    revision: Option<String>,
    known: HashMap<Place, Known>,
    /// What the state that is being told held so far.
    listing: Option<HashSet<Place>>,
}

type Place = (String, String);

/// What is remembered of an object.
#[derive(Debug)]
struct Known {
    uid: String,
    revision: u64,
    /// What names it, for a deletion that is found out later.
    name: Value,
}

/// A message of the server.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: Option<String>,
    #[serde(rename = "type")]
    type_: String,
    #[serde(default)]
    object: Value,
}

impl Api {
    /// A connection for several watches; it is opened with the first question.
    #[must_use]
    pub fn multi_watch(&self) -> MultiWatch {
        MultiWatch {
            api: self.clone(),
            socket: None,
            open: BTreeMap::new(),
            outbox: VecDeque::new(),
            ready: VecDeque::new(),
            stood: false,
            failures: 0,
        }
    }
}

impl MultiWatch {
    /// Begins a watch under an id of the caller's choice; one of the same id is replaced.
    pub fn subscribe(&mut self, id: &str, asked: Subscription) {
        self.unsubscribe(id);
        let open = Open {
            asked,
            revision: None,
            known: HashMap::new(),
            listing: None,
        };
        self.open.insert(id.to_owned(), open);
        if self.socket.is_some() {
            self.ask(id);
        }
    }

    /// Ends a watch; nothing of it follows.
    pub fn unsubscribe(&mut self, id: &str) {
        if self.open.remove(id).is_none() {
            return;
        }
        self.ready.retain(|(of, _)| of != id);
        if self.socket.is_some() {
            let message = json!({"id": id, "op": "unsubscribe"});
            self.outbox.push_back(message.to_string());
        }
    }

    /// Whether there is a subscription left.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.open.is_empty() || !self.ready.is_empty()
    }

    /// The next event and the id of its subscription; waits as long as it takes.
    pub async fn next(&mut self) -> Result<(String, MultiEvent), ApiError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if let Err(error) = self.advance().await {
                if !self.stood || !error.is_transient() {
                    return Err(error);
                }
                tracing::info!(%error, "the watches were interrupted");
                self.socket = None;
                self.pause().await;
            }
        }
    }

    async fn advance(&mut self) -> Result<(), ApiError> {
        if self.socket.is_none() {
            return self.connect().await;
        }
        let Some(socket) = &mut self.socket else {
            return Ok(());
        };
        // Taken before it is sent: what a cancelled call leaves in the connection goes out with the next one.
        if let Some(message) = self.outbox.pop_front() {
            return Ok(socket.send(Frame::Text(message)).await?);
        }
        match tokio::time::timeout(SILENCE, socket.receive()).await {
            Ok(Ok(Some(Frame::Text(text)))) => self.take(&text),
            Ok(Ok(Some(Frame::Binary(_)))) => Ok(()),
            // The server closes connections now and then, and when it ends.
            Ok(Ok(Some(Frame::Close(_)) | None)) => {
                self.socket = None;
                self.pause().await;
                Ok(())
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) if self.open.is_empty() => Ok(()),
            Err(_) => {
                self.socket = None;
                Ok(())
            }
        }
    }

    async fn connect(&mut self) -> Result<(), ApiError> {
        let run = async || {
            let opened = self.api.http().websocket(PATH, PROTOCOL).await;
            opened.map_err(|error| ApiError::of(error, None, false))
        };
        let socket = self.api.reviving(run).await?;
        self.socket = Some(socket);
        self.stood = true;
        self.outbox.clear();
        let ids: Vec<String> = self.open.keys().cloned().collect();
        for id in ids {
            self.ask(&id);
        }
        Ok(())
    }

    /// Asks for a subscription: its changes after what was told, or its whole state.
    fn ask(&mut self, id: &str) {
        let Some(open) = self.open.get_mut(id) else {
            return;
        };
        let mut message = serde_json::to_value(&open.asked).unwrap_or_default();
        message["id"] = json!(id);
        message["op"] = json!("subscribe");
        message["allowWatchBookmarks"] = json!(true);
        if let Some(revision) = &open.revision {
            message["resourceVersion"] = json!(revision);
        } else {
            message["sendInitialEvents"] = json!(true);
            open.listing = Some(HashSet::new());
        }
        self.outbox.push_back(message.to_string());
    }

    fn take(&mut self, text: &str) -> Result<(), ApiError> {
        let message: Message = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(%error, "a message of the server cannot be read");
                return Ok(());
            }
        };
        self.failures = 0;
        let Some(id) = message.id else {
            // Of the whole connection: what the client showed is no longer good.
            return Err(refusal(message.object));
        };
        let Some(open) = self.open.get_mut(&id) else {
            // An answer to a subscription that is no longer wanted.
            return Ok(());
        };
        let type_ = WatchEventType::from(message.type_.as_str());
        match type_ {
            WatchEventType::Added | WatchEventType::Modified | WatchEventType::Deleted => {
                let event = open.change(type_, message.object);
                self.ready
                    .extend(event.map(|event| (id, MultiEvent::Change(event))));
            }
            WatchEventType::Bookmark => {
                let events = open.bookmark(&message.object);
                self.ready
                    .extend(events.into_iter().map(|event| (id.clone(), event)));
            }
            WatchEventType::Error => self.ended(&id, message.object),
            // The server's own end of a feed: go on where it was.
            WatchEventType::Other(word) if word == "UNSUBSCRIBED" => self.ask(&id),
            WatchEventType::Other(_) => {}
        }
        Ok(())
    }

    fn ended(&mut self, id: &str, status: Value) {
        let error = refusal(status);
        if error.is_expired() {
            if let Some(open) = self.open.get_mut(id) {
                open.revision = None;
            }
            return self.ask(id);
        }
        self.open.remove(id);
        self.ready
            .push_back((id.to_owned(), MultiEvent::Ended(error)));
    }

    async fn pause(&mut self) {
        let pause = PAUSES[self.failures.min(PAUSES.len() - 1)];
        self.failures += 1;
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

fn refusal(status: Value) -> ApiError {
    let status: Status = serde_json::from_value(status).unwrap_or_default();
    ApiError::of_status(status)
}

impl Open {
    /// An event to tell, unless it says nothing new.
    fn change(&mut self, type_: WatchEventType, object: Value) -> Option<WatchEvent<Value>> {
        let meta = &object["metadata"];
        let text = |key: &str| meta[key].as_str().unwrap_or_default().to_owned();
        let place = (text("namespace"), text("name"));
        let (uid, written) = (text("uid"), text("resourceVersion"));
        let revision: u64 = written.parse().unwrap_or_default();
        // While a state is told, its objects come in the order of their names, not of their revisions.
        match &mut self.listing {
            Some(listing) => drop(listing.insert(place.clone())),
            None => self.revision = Some(written),
        }
        let before = self.known.get(&place);
        if type_ == WatchEventType::Deleted {
            before?;
            self.known.remove(&place);
            return Some(WatchEvent { type_, object });
        }
        let type_ = match before {
            Some(known) if known.uid == uid && known.revision >= revision => return None,
            Some(known) if known.uid == uid => WatchEventType::Modified,
            _ => WatchEventType::Added,
        };
        let name = json!({
            "apiVersion": object["apiVersion"], "kind": object["kind"],
            "metadata": {"name": place.1, "namespace": place.0, "uid": uid},
        });
        let known = Known {
            uid,
            revision,
            name,
        };
        self.known.insert(place, known);
        Some(WatchEvent { type_, object })
    }

    /// Moves on; at the end of a state, tells what is no longer there.
    fn bookmark(&mut self, object: &Value) -> Vec<MultiEvent> {
        let meta = &object["metadata"];
        if let Some(revision) = meta["resourceVersion"].as_str() {
            self.revision = Some(revision.to_owned());
        }
        let ends = meta["annotations"][INITIAL_EVENTS_END] == "true";
        let Some(listed) = self.listing.take_if(|_| ends) else {
            return Vec::new();
        };
        let gone = self.known.extract_if(|place, _| !listed.contains(place));
        let mut gone: Vec<(Place, Known)> = gone.collect();
        gone.sort_by(|(a, _), (b, _)| a.cmp(b));
        let deleted = gone.into_iter().map(|(_, known)| {
            MultiEvent::Change(WatchEvent {
                type_: WatchEventType::Deleted,
                object: known.name,
            })
        });
        deleted.chain([MultiEvent::Synced]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ServerOrigin;

    fn watch() -> MultiWatch {
        let endpoint = "unix:/nowhere".parse().unwrap();
        let http = nova_http::Client::new(nova_http::ClientConfig::new(endpoint)).unwrap();
        Api::new(http, "d".to_owned(), ServerOrigin::Explicit, None).multi_watch()
    }

    fn event(word: &str, name: &str, uid: &str, revision: u64) -> String {
        json!({"id": "a", "type": word, "object": {"apiVersion": "v1", "kind": "K",
            "metadata": {"namespace": "d", "name": name, "uid": uid, "resourceVersion": revision.to_string()}}})
        .to_string()
    }

    fn end_of_state(revision: u64) -> String {
        json!({"id": "a", "type": "BOOKMARK", "object": {"metadata": {
            "resourceVersion": revision.to_string(), "annotations": {INITIAL_EVENTS_END: "true"}}}})
        .to_string()
    }

    fn told(watch: &mut MultiWatch) -> Vec<String> {
        let line = |(id, event): (String, MultiEvent)| match event {
            MultiEvent::Change(event) => {
                let name = event.object["metadata"]["name"].as_str().unwrap();
                format!("{id} {} {name}", event.type_)
            }
            MultiEvent::Synced => format!("{id} synced"),
            MultiEvent::Ended(error) => format!("{id} {error}"),
        };
        watch.ready.drain(..).map(line).collect()
    }

    #[test]
    fn a_state_is_told_once_and_differences_after_it() {
        let mut watch = watch();
        watch.subscribe("a", Subscription::default());
        watch.ask("a");
        for text in [
            event("ADDED", "x", "1", 9),
            event("ADDED", "y", "2", 5),
            end_of_state(10),
            event("MODIFIED", "y", "2", 11),
            event("MODIFIED", "y", "2", 11),
        ] {
            watch.take(&text).unwrap();
        }
        let expected = ["a ADDED x", "a ADDED y", "a synced", "a MODIFIED y"];
        assert_eq!(told(&mut watch), expected);
        assert_eq!(watch.open["a"].revision.as_deref(), Some("11"));

        // Too old: the state is told again, and only what differs gets through.
        let expired = json!({"id": "a", "type": "ERROR",
            "object": {"kind": "Status", "reason": "Expired", "code": 410}});
        watch.take(&expired.to_string()).unwrap();
        let asked: Value = serde_json::from_str(watch.outbox.back().unwrap()).unwrap();
        assert_eq!(asked["sendInitialEvents"], true);
        assert!(asked.get("resourceVersion").is_none());
        for text in [
            event("ADDED", "y", "2", 11),
            event("ADDED", "z", "3", 20),
            end_of_state(21),
        ] {
            watch.take(&text).unwrap();
        }
        assert_eq!(told(&mut watch), ["a ADDED z", "a DELETED x", "a synced"]);
    }

    #[test]
    fn a_refusal_ends_one_subscription_and_a_lost_login_all() {
        let mut watch = watch();
        watch.subscribe("a", Subscription::default());
        let denied = json!({"id": "a", "type": "ERROR",
            "object": {"kind": "Status", "reason": "Forbidden", "code": 403, "message": "no"}});
        watch.take(&denied.to_string()).unwrap();
        assert_eq!(told(&mut watch), ["a no"]);
        assert!(watch.open.is_empty());
        watch.take(&event("ADDED", "x", "1", 9)).unwrap();
        assert!(told(&mut watch).is_empty());
        let gone = json!({"id": null, "type": "ERROR", "object": {"kind": "Status", "code": 401}});
        assert!(!watch.take(&gone.to_string()).unwrap_err().is_transient());
    }
}
