//! A client of the QEMU machine protocol: one JSON object per line, replies by id, events between.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

use crate::engine::EngineError;

/// QEMU answers its control commands at once; one that takes longer hangs.
const REPLY: Duration = Duration::from_secs(10);

/// QEMU greets one client at a time; no greeting means that another one holds the socket.
const GREETING: Duration = Duration::from_secs(2);

/// A connection in command mode. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Qmp {
    requests: mpsc::UnboundedSender<String>,
    pending: Arc<Pending>,
    next_id: Arc<AtomicU64>,
}

/// Something that QEMU tells on its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Event {
    #[serde(rename = "event")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) data: Value,
}

/// Why a command has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum QmpError {
    /// QEMU refused it.
    #[error("{desc}")]
    Refused { class: String, desc: String },
    /// The connection ended.
    #[error("QEMU closed its control connection")]
    Closed,
    /// No answer in time.
    #[error("QEMU did not answer {0}")]
    Silent(String),
}

impl From<QmpError> for EngineError {
    fn from(error: QmpError) -> Self {
        match error {
            QmpError::Refused { desc, .. } => Self::Other(desc),
            QmpError::Closed => Self::NotRunning,
            QmpError::Silent(command) => Self::Timeout {
                what: format!("QEMU ({command})"),
                after: REPLY,
            },
        }
    }
}

#[derive(Debug, Deserialize)]
struct Refusal {
    class: String,
    desc: String,
}

type Answer = Result<Value, QmpError>;

/// Commands that wait for their answer; `None` once the connection is closed.
#[derive(Debug)]
struct Pending(Mutex<Option<HashMap<u64, oneshot::Sender<Answer>>>>);

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<Answer>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Qmp {
    /// Connects and leaves negotiation mode. The events end when the connection does.
    pub(super) async fn connect(path: &Path) -> io::Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let stream = UnixStream::connect(path).await?;
        Self::negotiate(stream).await
    }

    async fn negotiate(stream: UnixStream) -> io::Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let (read, write) = stream.into_split();
        let mut lines = BufReader::new(read);
        let mut greeting = String::new();
        match tokio::time::timeout(GREETING, lines.read_line(&mut greeting)).await {
            Err(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    "another client holds it",
                ));
            }
            Ok(Ok(0)) => return Err(io::ErrorKind::ConnectionReset.into()),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(_)) => {}
        }
        let (requests, outgoing) = mpsc::unbounded_channel();
        let (events, received) = mpsc::unbounded_channel();
        let pending = Arc::new(Pending(Mutex::new(Some(HashMap::new()))));
        tokio::spawn(write_requests(write, outgoing));
        tokio::spawn(read_replies(lines, Arc::clone(&pending), events));
        let qmp = Self {
            requests,
            pending,
            next_id: Arc::default(),
        };
        qmp.run("qmp_capabilities", &json!({}))
            .await
            .map_err(io::Error::other)?;
        Ok((qmp, received))
    }

    /// Runs a command and answers what it returns.
    pub(super) async fn run(&self, command: &str, arguments: &Value) -> Answer {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.pending
            .lock()
            .as_mut()
            .ok_or(QmpError::Closed)?
            .insert(id, answer);
        let request = json!({"execute": command, "arguments": arguments, "id": id});
        self.requests
            .send(format!("{request}\n"))
            .map_err(|_| QmpError::Closed)?;
        match tokio::time::timeout(REPLY, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(QmpError::Closed),
            Err(_) => {
                if let Some(waiting) = self.pending.lock().as_mut() {
                    waiting.remove(&id);
                }
                Err(QmpError::Silent(command.to_owned()))
            }
        }
    }

    /// Runs a command without arguments.
    pub(super) async fn ask(&self, command: &str) -> Answer {
        self.run(command, &json!({})).await
    }

    /// Runs a command of the human monitor, for what has no other form.
    pub(super) async fn human(&self, line: &str) -> Result<String, QmpError> {
        let answer = self
            .run("human-monitor-command", &json!({"command-line": line}))
            .await?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }
}

async fn write_requests(mut write: OwnedWriteHalf, mut outgoing: mpsc::UnboundedReceiver<String>) {
    while let Some(request) = outgoing.recv().await {
        if write.write_all(request.as_bytes()).await.is_err() {
            // The reader sees the end too and tells those who wait.
            return;
        }
    }
}

async fn read_replies(
    mut lines: BufReader<OwnedReadHalf>,
    pending: Arc<Pending>,
    events: mpsc::UnboundedSender<Event>,
) {
    let mut line = String::new();
    while matches!(lines.read_line(&mut line).await, Ok(1..)) {
        match serde_json::from_str::<Value>(&line) {
            Ok(message) => dispatch(message, &pending, &events),
            Err(error) => tracing::warn!(%error, "QEMU sent a line that is no JSON"),
        }
        line.clear();
    }
    // Dropping the senders wakes everyone who waits.
    pending.lock().take();
}

fn dispatch(mut message: Value, pending: &Pending, events: &mpsc::UnboundedSender<Event>) {
    if message.get("event").is_some() {
        if let Ok(event) = serde_json::from_value(message) {
            // A listener that is gone has no use for it.
            drop(events.send(event));
        }
        return;
    }
    let Some(id) = message.get("id").and_then(Value::as_u64) else {
        return;
    };
    let Some(waiting) = pending
        .lock()
        .as_mut()
        .and_then(|waiting| waiting.remove(&id))
    else {
        return;
    };
    let answer = match serde_json::from_value::<Refusal>(message["error"].take()) {
        Ok(Refusal { class, desc }) => Err(QmpError::Refused { class, desc }),
        Err(_) => Ok(message["return"].take()),
    };
    drop(waiting.send(answer));
}

#[cfg(test)]
mod tests {
    use tokio::io::Lines;

    use super::*;

    struct Peer {
        lines: Lines<BufReader<OwnedReadHalf>>,
        write: OwnedWriteHalf,
    }

    impl Peer {
        async fn say(&mut self, text: &str) {
            self.write.write_all(text.as_bytes()).await.unwrap();
        }

        async fn hear(&mut self) -> Value {
            serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
        }
    }

    /// A connected client and the test's end of the line.
    async fn connected() -> (Qmp, mpsc::UnboundedReceiver<Event>, Peer) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (read, write) = theirs.into_split();
        let mut peer = Peer {
            lines: BufReader::new(read).lines(),
            write,
        };
        let client = tokio::spawn(Qmp::negotiate(ours));
        peer.say("{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n")
            .await;
        let request = peer.hear().await;
        assert_eq!(request["execute"], "qmp_capabilities");
        peer.say(&format!(
            "{{\"return\": {{}}, \"id\": {}}}\n",
            request["id"]
        ))
        .await;
        let (qmp, events) = client.await.unwrap().unwrap();
        (qmp, events, peer)
    }

    #[tokio::test]
    async fn replies_find_their_commands_in_any_order_and_events_pass() {
        let (qmp, mut events, mut peer) = connected().await;
        let (one, two) = (qmp.clone(), qmp.clone());
        let one = tokio::spawn(async move { one.ask("query-one").await });
        let first = peer.hear().await;
        let two = tokio::spawn(async move { two.ask("query-two").await });
        let second = peer.hear().await;
        peer.say(&format!(
            "{{\"return\": 2, \"id\": {}}}\n{{\"event\": \"STOP\"}}\n",
            second["id"]
        ))
        .await;
        peer.say(&format!("{{\"return\": 1, \"id\": {}}}\n", first["id"]))
            .await;
        assert_eq!(one.await.unwrap(), Ok(json!(1)));
        assert_eq!(two.await.unwrap(), Ok(json!(2)));
        assert_eq!(events.recv().await.unwrap().name, "STOP");
    }

    #[tokio::test]
    async fn a_refusal_keeps_class_and_words() {
        let (qmp, _events, mut peer) = connected().await;
        let asked = tokio::spawn(async move { qmp.ask("nosuch").await });
        let id = peer.hear().await["id"].clone();
        let error = json!({"error": {"class": "CommandNotFound", "desc": "no"}, "id": id});
        peer.say(&format!("{error}\n")).await;
        let refused = QmpError::Refused {
            class: "CommandNotFound".into(),
            desc: "no".into(),
        };
        assert_eq!(asked.await.unwrap(), Err(refused));
    }

    #[tokio::test]
    async fn the_end_of_the_connection_wakes_who_waits_and_refuses_who_comes() {
        let (qmp, mut events, mut peer) = connected().await;
        let late = qmp.clone();
        let asked = tokio::spawn(async move { qmp.ask("query-status").await });
        peer.hear().await;
        drop(peer);
        assert_eq!(asked.await.unwrap(), Err(QmpError::Closed));
        assert_eq!(events.recv().await, None);
        assert_eq!(late.ask("query-status").await, Err(QmpError::Closed));
    }

    #[tokio::test]
    async fn a_silent_socket_is_busy() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let error = Qmp::negotiate(ours).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    }
}
