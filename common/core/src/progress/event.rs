//! Progress as JSON lines, the one schema of all tools.

use std::fs::File;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::state::{Snapshot, State};

/// One line.
#[derive(Debug)]
pub(super) struct Event(Value);

impl Event {
    /// An event about the current phase.
    pub(super) fn new(event: &str, state: &State, status: &str) -> Self {
        Self::of(&state.snapshot(), event, status)
    }

    pub(super) fn of(shown: &Snapshot, event: &str, status: &str) -> Self {
        Self(json!({
            "v": 1,
            "ts": jiff::Timestamp::now().to_string(),
            "op": shown.operation,
            "event": event,
            "phase": shown.phase,
            "step": shown.phase,
            "status": status,
            "current": shown.current,
            "total": shown.total,
            "unit": shown.unit,
            "etaMs": shown.eta.map(millis),
            "rate": shown.rate,
            "elapsedMs": millis(shown.elapsed),
            "message": null,
        }))
    }

    /// The end of the operation.
    pub(super) fn done(state: &State, status: &str) -> Self {
        let mut event = Self::new("done", state, status);
        event.0["elapsedMs"] = json!(millis(state.started.elapsed()));
        event
    }

    pub(super) fn message(mut self, text: &str) -> Self {
        self.0["message"] = json!(text);
        self
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Where events go.
#[derive(Debug)]
pub(super) struct Events(Option<Mutex<File>>);

impl Events {
    pub(super) fn to_stderr() -> Self {
        Self(None)
    }

    pub(super) fn to(file: File) -> Self {
        Self(Some(Mutex::new(file)))
    }

    /// Writes one line at once. A reader that went away is no reason to stop the work.
    pub(super) fn send(&self, event: &Event) {
        let line = format!("{}\n", event.0);
        match &self.0 {
            None => drop(std::io::stderr().write_all(line.as_bytes())),
            Some(file) => {
                if let Ok(mut file) = file.lock() {
                    drop(file.write_all(line.as_bytes()));
                }
            }
        }
    }
}
