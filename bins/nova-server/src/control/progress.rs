//! Writing into operations: how far each phase is, and how it all ended.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::stamp;
use super::doc::{list, member, text, whole};
use super::op::{STOP, is_active, state, stopping};

/// Writes the state of a phase; answers whether that changed anything.
pub(super) fn set_phase(op: &mut Value, name: &str, to: &str, now: Timestamp) -> bool {
    let Some(phase) = phase_mut(op, name) else {
        return false;
    };
    if text(phase, "/state") == to {
        return false;
    }
    if to != "Pending" && to != "Skipped" && phase.get("startedAt").is_none() {
        phase["startedAt"] = json!(stamp(now));
    }
    if matches!(to, "Succeeded" | "Failed") {
        phase["finishedAt"] = json!(stamp(now));
    }
    phase["state"] = json!(to);
    begin(op, now);
    count(op);
    true
}

/// Takes a phase back to its beginning.
pub(super) fn reset_phase(op: &mut Value, name: &str) {
    if let Some(Value::Object(phase)) = phase_mut(op, name) {
        phase.insert("state".into(), json!("Pending"));
        phase.remove("startedAt");
    }
}

/// Notes that a phase was tried again now, and why that failed where it did.
pub(super) fn note_phase(op: &mut Value, name: &str, now: Timestamp, message: &str) {
    let Some(phase) = phase_mut(op, name) else {
        return;
    };
    phase["lastTriedAt"] = json!(stamp(now));
    if !message.is_empty() {
        phase["message"] = json!(message);
    }
}

/// The machine is off: closes the stop part and says which way worked.
pub(super) fn close_stop(op: &mut Value, vm: &Value, now: Timestamp) {
    let killed = !matches!(state(op, "force"), "" | "Pending");
    let method = stopping(op, vm).map_or("guest", |stop| stop.method(killed));
    for name in &STOP[..3] {
        let to = match state(op, name) {
            "Running" => "Succeeded",
            "Pending" => "Skipped",
            _ => continue,
        };
        set_phase(op, name, to, now);
    }
    member(op, "status").insert("result".into(), json!({"method": method}));
}

/// Says in words where a phase is.
pub(super) fn note_phase_text(op: &mut Value, name: &str, message: &str) {
    if let Some(phase) = phase_mut(op, name) {
        phase["message"] = json!(message);
    }
}

/// Writes how far a phase is.
pub(super) fn set_progress(op: &mut Value, name: &str, current: u64, total: u64, unit: &str) {
    if let Some(phase) = phase_mut(op, name) {
        phase["current"] = json!(current);
        phase["total"] = json!(total);
        phase["unit"] = json!(unit);
    }
    count(op);
}

fn phase_mut<'a>(op: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let phases = op.pointer_mut("/status/phases")?.as_array_mut()?;
    phases.iter_mut().find(|phase| text(phase, "/name") == name)
}

fn begin(op: &mut Value, now: Timestamp) {
    let status = member(op, "status");
    if status.get("phase").and_then(Value::as_str) == Some("Pending") {
        status.insert("phase".into(), json!("Running"));
    }
    status
        .entry("startedAt")
        .or_insert_with(|| json!(stamp(now)));
}

/// Percent: phases that are over, and the part that is done of those under way.
fn count(op: &mut Value) {
    let phases = list(op, "/status/phases");
    let done: u64 = phases.iter().map(share).sum();
    let percent = done / (phases.len().max(1) as u64);
    member(op, "status").insert("percent".into(), json!(percent.min(99)));
}

fn share(phase: &Value) -> u64 {
    match text(phase, "/state") {
        "Succeeded" | "Skipped" => 100,
        "Running" => match (whole(phase, "/current"), whole(phase, "/total")) {
            (Some(current), Some(total)) if total > 0 => (current.min(total)) * 100 / total,
            _ => 0,
        },
        _ => 0,
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Default)]
pub(super) struct End {
    /// `Succeeded`, `Failed`, `Cancelled` or `TimedOut`.
    pub(super) phase: &'static str,
    /// One word for programs, where it did not succeed.
    pub(super) reason: &'static str,
    /// A sentence for people.
    pub(super) message: String,
    /// What came of it.
    pub(super) result: Value,
    /// The Status of what went wrong.
    pub(super) error: Option<Value>,
}

impl End {
    pub(super) fn succeeded(result: Value) -> Self {
        Self {
            phase: "Succeeded",
            result,
            ..Self::default()
        }
    }
}

/// Ends the operation; one that is over stays as it is.
pub(super) fn finish(op: &mut Value, end: &End, now: Timestamp) {
    if !is_active(op) {
        return;
    }
    close_phases(op, end.phase, now);
    let status = member(op, "status");
    status.insert("phase".into(), json!(end.phase));
    status
        .entry("startedAt")
        .or_insert_with(|| json!(stamp(now)));
    status.insert("finishedAt".into(), json!(stamp(now)));
    status.insert("cancellable".into(), json!(false));
    if end.phase == "Succeeded" {
        status.insert("percent".into(), json!(100));
    }
    let words = [("reason", end.reason), ("message", end.message.as_str())];
    for (name, word) in words.into_iter().filter(|(_, word)| !word.is_empty()) {
        status.insert(name.into(), json!(word));
    }
    if !end.result.is_null() {
        status.insert("result".into(), end.result.clone());
    }
    if let Some(error) = &end.error {
        let retryable = error
            .pointer("/nova/retryable")
            .cloned()
            .unwrap_or(json!(false));
        status.insert("retryable".into(), retryable);
        status.insert("error".into(), error.clone());
    }
}

/// What was under way ended with the operation; what was not begun never will be.
fn close_phases(op: &mut Value, end: &str, now: Timestamp) {
    let Some(phases) = op
        .pointer_mut("/status/phases")
        .and_then(Value::as_array_mut)
    else {
        return;
    };
    for phase in phases {
        let to = match (text(phase, "/state"), end) {
            ("Running", "Succeeded") => "Succeeded",
            ("Running", "Failed" | "TimedOut") => "Failed",
            ("Running", _) => "Cancelled",
            ("Pending", _) => "Skipped",
            _ => continue,
        };
        phase["state"] = json!(to);
        if to != "Skipped" {
            phase["finishedAt"] = json!(stamp(now));
        }
    }
}
