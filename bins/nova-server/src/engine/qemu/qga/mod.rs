//! A client of the guest agent: one request at a time, brought into step before the first.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::engine::EngineError;

/// Byte that the agent sends in front of the answer to a `guest-sync-delimited`, and never else.
const SENTINEL: u8 = 0xFF;

/// Longest answer that is read: the agent's own limit on captured output, as base64, twice.
const LONGEST: u64 = 64 << 20;

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum QgaError {
    /// The agent refused it.
    #[error("{0}")]
    Refused(String),
    /// No agent listens, or it went away.
    #[error("the guest agent is not connected")]
    Gone,
    /// No answer in time.
    #[error("the guest agent did not answer")]
    Silent,
}

impl From<QgaError> for EngineError {
    fn from(error: QgaError) -> Self {
        match error {
            QgaError::Refused(desc) => Self::Guest(desc),
            QgaError::Gone | QgaError::Silent => Self::AgentUnavailable(error.to_string()),
        }
    }
}

type Answer = Result<Value, QgaError>;

#[derive(Debug)]
struct Request {
    /// Absent to bring the channel into step and no more.
    line: Option<String>,
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
}

/// The agent of one guest. Clones share the queue.
#[derive(Debug, Clone)]
pub(super) struct Qga {
    requests: mpsc::Sender<Request>,
    /// Whether the guest's end of the channel is open.
    open: watch::Sender<bool>,
}

impl Qga {
    /// A client of the channel at `path`; it connects with the first request after the guest opened.
    pub(super) fn new(path: PathBuf) -> Self {
        let (requests, queue) = mpsc::channel(32);
        let (open, opened) = watch::channel(false);
        let channel = Channel {
            path,
            queue,
            opened,
            stream: None,
            in_step: false,
        };
        tokio::spawn(channel.serve());
        Self { requests, open }
    }

    /// Tells whether the guest has its end open. Closing fails what is under way; opening asks for a
    /// new sync before the next request.
    pub(super) fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// Waits until the guest closes its end.
    pub(super) async fn closed(&self) {
        let mut open = self.open.subscribe();
        drop(open.wait_for(|open| !open).await);
    }

    /// Runs a command and answers what it returns.
    pub(super) async fn run(&self, command: &str, arguments: &Value, patience: Duration) -> Answer {
        let line = json!({"execute": command, "arguments": arguments}).to_string();
        self.enqueue(Some(line), patience).await
    }

    /// Finds out whether an agent answers.
    pub(super) async fn sync(&self, patience: Duration) -> Result<(), QgaError> {
        self.enqueue(None, patience).await.map(drop)
    }

    async fn enqueue(&self, line: Option<String>, patience: Duration) -> Answer {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            line,
            deadline: Instant::now() + patience,
            answer,
        };
        self.requests
            .send(request)
            .await
            .map_err(|_| QgaError::Gone)?;
        answered.await.unwrap_or(Err(QgaError::Gone))
    }
}

/// The task that owns the connection.
///
/// The connection stays for as long as the machine does: closing it could lose a request that the
/// guest has yet to read. What was left unanswered is skipped instead.
struct Channel {
    path: PathBuf,
    queue: mpsc::Receiver<Request>,
    opened: watch::Receiver<bool>,
    stream: Option<BufReader<UnixStream>>,
    /// Whether the next answer belongs to the next request.
    in_step: bool,
}

impl Channel {
    async fn serve(mut self) {
        while let Some(request) = self.queue.recv().await {
            let answer = self.attend(&request).await;
            // After a silence an answer may still come, and would be taken for that of the next request.
            self.in_step = matches!(answer, Ok(_) | Err(QgaError::Refused(_)));
            drop(request.answer.send(answer));
        }
    }

    async fn attend(&mut self, request: &Request) -> Answer {
        // Closed and opened again since the last look: another agent process.
        self.in_step &= !self.opened.has_changed().unwrap_or(false);
        if !*self.opened.borrow_and_update() {
            return Err(QgaError::Gone);
        }
        let mut opened = self.opened.clone();
        tokio::select! {
            answer = tokio::time::timeout_at(request.deadline, self.exchange(request.line.as_deref())) => {
                answer.unwrap_or(Err(QgaError::Silent))
            }
            _ = opened.wait_for(|open| !open) => Err(QgaError::Gone),
        }
    }

    async fn exchange(&mut self, line: Option<&str>) -> Answer {
        if self.stream.is_none() {
            self.stream = UnixStream::connect(&self.path)
                .await
                .ok()
                .map(BufReader::new);
            self.in_step = false;
        }
        let stream = self.stream.as_mut().ok_or(QgaError::Gone)?;
        let answer = converse(stream, self.in_step, line).await;
        if answer.is_err() {
            self.stream = None;
        }
        answer?
    }
}

/// Sends a request and receives its answer; the outer failure is that of the connection.
async fn converse(
    stream: &mut BufReader<UnixStream>,
    in_step: bool,
    line: Option<&str>,
) -> Result<Answer, QgaError> {
    if !in_step || line.is_none() {
        sync(stream).await?;
    }
    let Some(line) = line else {
        return Ok(Ok(Value::Null));
    };
    send(stream, line.as_bytes()).await?;
    parse(&receive(stream, b'\n').await?)
}

/// Discards what older requests may still be answered.
async fn sync(stream: &mut BufReader<UnixStream>) -> Result<(), QgaError> {
    let id = uuid::Uuid::new_v4().as_fields().0;
    let sync = json!({"execute": "guest-sync-delimited", "arguments": {"id": id}});
    let mut request = vec![SENTINEL];
    request.extend(sync.to_string().into_bytes());
    send(stream, &request).await?;
    loop {
        receive(stream, SENTINEL).await?;
        let answer = parse(&receive(stream, b'\n').await?)?;
        if answer.is_ok_and(|value| value == id) {
            return Ok(());
        }
    }
}

async fn send(stream: &mut BufReader<UnixStream>, line: &[u8]) -> Result<(), QgaError> {
    let mut bytes = line.to_vec();
    bytes.push(b'\n');
    stream
        .get_mut()
        .write_all(&bytes)
        .await
        .map_err(|_| QgaError::Gone)
}

async fn receive(stream: &mut BufReader<UnixStream>, end: u8) -> Result<Vec<u8>, QgaError> {
    use tokio::io::AsyncReadExt;
    let mut bytes = Vec::new();
    let read = (&mut *stream)
        .take(LONGEST)
        .read_until(end, &mut bytes)
        .await;
    match read {
        Ok(_) if bytes.last() == Some(&end) => Ok(bytes),
        Ok(_) | Err(_) => Err(QgaError::Gone),
    }
}

/// The outer result is the protocol's, the inner one the agent's.
fn parse(line: &[u8]) -> Result<Answer, QgaError> {
    let mut message: Value = serde_json::from_slice(line).map_err(|_| QgaError::Gone)?;
    Ok(match message["error"]["desc"].as_str() {
        Some(desc) => Err(QgaError::Refused(desc.to_owned())),
        // The guest is not trusted to send an object.
        None => Ok(message
            .get_mut("return")
            .map(Value::take)
            .unwrap_or_default()),
    })
}
