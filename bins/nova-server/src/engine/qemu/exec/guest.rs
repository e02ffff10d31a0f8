//! The agent's commands that an exec is made of.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::engine::qemu::qga::{Qga, QgaError};

/// Patience with one request. A guest under emulation may be slow, and a large read takes a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// The agent, and the files opened through it: the agent keeps them open until told otherwise.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    pub(super) qga: Qga,
    handles: Arc<Mutex<Vec<i64>>>,
}

/// How a program in the guest ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

impl Guest {
    pub(super) fn new(qga: Qga) -> Self {
        Self {
            qga,
            handles: Arc::default(),
        }
    }

    async fn run(&self, command: &str, arguments: &Value) -> Result<Value, QgaError> {
        self.qga.run(command, arguments, PATIENCE).await
    }

    /// Starts a shell script with arguments; answers its process id.
    pub(super) async fn spawn(
        &self,
        script: &str,
        arguments: &[String],
        capture: bool,
    ) -> Result<i64, QgaError> {
        let mut words = vec!["-c", script, "nova"];
        words.extend(arguments.iter().map(String::as_str));
        let request = json!({"path": "/bin/sh", "arg": words, "capture-output": capture});
        let answer = self.run("guest-exec", &request).await?;
        answer["pid"]
            .as_i64()
            .ok_or_else(|| QgaError::Refused("the agent named no process".into()))
    }

    /// How the process ended, if it did. The agent forgets it with the answer.
    pub(super) async fn status(&self, pid: i64) -> Result<Option<Ended>, QgaError> {
        let answer = self.run("guest-exec-status", &json!({"pid": pid})).await?;
        if answer["exited"] != Value::Bool(true) {
            return Ok(None);
        }
        let number = |key: &str| {
            answer[key]
                .as_i64()
                .and_then(|value| i32::try_from(value).ok())
        };
        Ok(Some(Ended {
            code: number("exitcode"),
            signal: number("signal"),
            stdout: decode(&answer["out-data"])?,
            stderr: decode(&answer["err-data"])?,
        }))
    }

    /// Runs a script to its end.
    pub(super) async fn script(
        &self,
        script: &str,
        arguments: &[String],
    ) -> Result<Ended, QgaError> {
        let pid = self.spawn(script, arguments, true).await?;
        let mut pause = Duration::from_millis(4);
        loop {
            if let Some(ended) = self.status(pid).await? {
                return Ok(ended);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_millis(100));
        }
    }

    /// Opens a file; `None` if it does not exist.
    pub(super) async fn open(&self, path: &str, mode: &str) -> Result<Option<i64>, QgaError> {
        match self
            .run("guest-file-open", &json!({"path": path, "mode": mode}))
            .await
        {
            Ok(handle) => {
                let handle = handle
                    .as_i64()
                    .ok_or_else(|| QgaError::Refused("no file handle".into()))?;
                self.handles
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(handle);
                Ok(Some(handle))
            }
            Err(QgaError::Refused(text)) if text.contains("No such file") => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn read(&self, handle: i64, count: usize) -> Result<Vec<u8>, QgaError> {
        let answer = self
            .run(
                "guest-file-read",
                &json!({"handle": handle, "count": count}),
            )
            .await?;
        decode(&answer["buf-b64"])
    }

    pub(super) async fn write(&self, handle: i64, bytes: &[u8]) -> Result<(), QgaError> {
        let request = json!({"handle": handle, "buf-b64": STANDARD.encode(bytes)});
        self.run("guest-file-write", &request).await.map(drop)
    }

    pub(super) async fn flush(&self, handle: i64) -> Result<(), QgaError> {
        self.run("guest-file-flush", &json!({"handle": handle}))
            .await
            .map(drop)
    }

    pub(super) async fn close(&self, handle: i64) -> Result<(), QgaError> {
        self.handles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|it| *it != handle);
        self.run("guest-file-close", &json!({"handle": handle}))
            .await
            .map(drop)
    }

    /// Makes a file empty, and with it its memory free.
    pub(super) async fn empty(&self, path: &str) -> Result<(), QgaError> {
        match self.open(path, "w").await? {
            Some(handle) => self.close(handle).await,
            None => Ok(()),
        }
    }

    /// Closes what is still open.
    pub(super) async fn close_all(&self) {
        let handles =
            std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        for handle in handles {
            if let Err(error) = self.close(handle).await {
                tracing::debug!(%error, "cannot close a file in a guest");
            }
        }
    }
}

/// Bytes of an answer; absent is none.
fn decode(value: &Value) -> Result<Vec<u8>, QgaError> {
    let text = value.as_str().unwrap_or_default();
    STANDARD
        .decode(text)
        .map_err(|_| QgaError::Refused("the agent sent damaged base64".into()))
}
