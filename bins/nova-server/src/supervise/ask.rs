//! Asking a running server over its socket, for the commands beside `run`.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nova_api::types::ServerLock;
use nova_core::{Failure, Kind, Result};
use serde_json::Value;

use super::lock::holder;

/// Time for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server that holds its lock.
#[derive(Debug)]
pub(crate) struct Running {
    /// What it says of itself.
    pub(crate) lock: ServerLock,
}

impl Running {
    /// The server of a data directory, if one runs.
    pub(crate) fn find(data: &Path) -> Option<Self> {
        holder(data).map(|lock| Self { lock })
    }

    /// `GET` of a path, as JSON.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        let unavailable = |error: &dyn std::fmt::Display| {
            let socket = self.lock.socket.display();
            Failure::new(
                Kind::Unavailable,
                format!(
                    "the server (pid {}) does not answer on {socket}: {error}",
                    self.lock.pid
                ),
            )
        };
        let body = fetch(&self.lock.socket, path).map_err(|error| unavailable(&error))?;
        serde_json::from_str(&body).map_err(|error| unavailable(&error))
    }

    /// Machines that are on.
    pub(crate) fn machines_on(&self) -> Result<usize> {
        let list = self.get("/apis/nova.dev/v1/virtualmachines")?;
        let on = |vm: &&Value| {
            let phase = vm.pointer("/status/phase").and_then(Value::as_str);
            matches!(phase, Some("Starting" | "Running" | "Paused" | "Stopping"))
        };
        Ok(list["items"]
            .as_array()
            .map_or(0, |items| items.iter().filter(on).count()))
    }

    /// Asks the server to end and waits until it gave its lock back.
    pub(crate) fn stop(&self, data: &Path, patience: Duration) -> Result<()> {
        let pid = i32::try_from(self.lock.pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        let gone = || {
            Failure::new(
                Kind::Failed,
                format!("there is no process {}", self.lock.pid),
            )
        };
        let pid = pid.ok_or_else(gone)?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(|error| {
            Failure::new(
                Kind::Failed,
                format!("cannot signal process {}: {error}", self.lock.pid),
            )
        })?;
        let started = Instant::now();
        while holder(data).is_some_and(|lock| lock.pid == self.lock.pid) || locked(data) {
            if started.elapsed() > patience {
                let message = format!("the server (pid {}) does not end", self.lock.pid);
                return Err(Failure::new(Kind::Timeout, message).with_hint(format!(
                    "look at its log: tail {}/server.log",
                    data.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// Whether somebody holds the lock, announced or not.
fn locked(data: &Path) -> bool {
    let file = std::fs::File::open(data.join(nova_api::types::LOCK_FILE));
    file.is_ok_and(|file| file.try_lock_shared().is_err())
}

/// One request in HTTP/1.0, whose answer ends with the connection.
fn fetch(socket: &Path, path: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: nova\r\nAccept: application/json\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| std::io::Error::other("the answer is no HTTP"))?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        other => Err(std::io::Error::other(format!(
            "status {}",
            other.unwrap_or("missing")
        ))),
    }
}
