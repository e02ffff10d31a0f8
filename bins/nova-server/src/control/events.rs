//! Events: what happened, for people. The same news within ten minutes is one event with a count.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{after, stamp};
use super::doc::{text, whole};
use crate::api::error::ApiError;
use crate::store::{Key, Tx};

/// Plural of the kind.
pub(super) const KIND: &str = "events";
/// How long the same news counts as one event.
const FOLD: Duration = Duration::from_mins(10);
/// Keys remembered for folding before the old ones are forgotten.
const REMEMBERED: usize = 1024;

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Note {
    pub(super) warning: bool,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Note {
    pub(super) fn normal(reason: &str, message: impl Into<String>) -> Self {
        Self {
            warning: false,
            reason: reason.to_owned(),
            message: message.into(),
        }
    }

    pub(super) fn warning(reason: &str, message: impl Into<String>) -> Self {
        Self {
            warning: true,
            reason: reason.to_owned(),
            message: message.into(),
        }
    }
}

/// Events by object and news, with the time of their last fold.
type Recent = HashMap<(String, Note), (Key, Timestamp)>;

/// Writes events and remembers which to fold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder {
    recent: Arc<Mutex<Recent>>,
}

impl Recorder {
    /// Records news about `object` in the transaction that makes it true.
    pub(super) fn record(
        &self,
        tx: &mut Tx<'_>,
        object: &Value,
        note: &Note,
        operation: &str,
    ) -> Result<(), ApiError> {
        let now = tx.now();
        let slot = (text(object, "/metadata/uid").to_owned(), note.clone());
        if let Some(key) = self.fold_into(&slot, now)
            && let Some(stored) = tx.get(&key)
        {
            let mut event = stored.value();
            event["count"] = json!(whole(&event, "/count").unwrap_or(1) + 1);
            event["lastTimestamp"] = json!(stamp(now));
            tx.put(&key, event)?;
            return Ok(());
        }
        let key = new_key(object);
        tx.put(&key, event(object, note, now, operation))?;
        self.remember(slot, key, now);
        Ok(())
    }

    fn fold_into(&self, slot: &(String, Note), now: Timestamp) -> Option<Key> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, at) = recent.get(slot)?;
        (after(*at, FOLD) > now).then(|| key.clone())
    }

    fn remember(&self, slot: (String, Note), key: Key, now: Timestamp) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= REMEMBERED {
            recent.retain(|_, (_, at)| after(*at, FOLD) > now);
        }
        if recent.len() >= REMEMBERED {
            recent.clear();
        }
        recent.insert(slot, (key, now));
    }
}

/// Events of cluster-scoped objects live in `default`, as in Kubernetes.
fn new_key(object: &Value) -> Key {
    let namespace = match text(object, "/metadata/namespace") {
        "" => "default",
        namespace => namespace,
    };
    let id = uuid::Uuid::now_v7().simple().to_string();
    let name = text(object, "/metadata/name");
    Key::new(KIND, namespace, format!("{name}.{id}"))
}

fn event(object: &Value, note: &Note, now: Timestamp, operation: &str) -> Value {
    let at = stamp(now);
    let involved = json!({
        "apiVersion": text(object, "/apiVersion"), "kind": text(object, "/kind"),
        "namespace": text(object, "/metadata/namespace"),
        "name": text(object, "/metadata/name"), "uid": text(object, "/metadata/uid"),
        "resourceVersion": text(object, "/metadata/resourceVersion"),
    });
    let host = super::node::host_name();
    let mut event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {}, "involvedObject": involved,
        "type": if note.warning { "Warning" } else { "Normal" }, "reason": note.reason,
        "message": note.message, "source": {"component": "nova-server", "host": host},
        "firstTimestamp": at, "lastTimestamp": at, "count": 1, "eventTime": Value::Null,
        "reportingComponent": "nova-server", "reportingInstance": host,
    });
    if !operation.is_empty() {
        event["metadata"]["annotations"] = json!({"nova.dev/operation": operation});
    }
    event
}
