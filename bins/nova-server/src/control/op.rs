//! Operation objects: the durable form of "somebody asked for this".
//!
//! An operation lists the phases it will go through. What happened to each is written before and
//! after the engine is called, so the list is both the progress that people see and the memory that
//! a restarted server continues from.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{after, parse};
use super::doc::{flag, list, text, whole};
use super::plan::Task;
pub(super) use super::progress::{
    End, close_stop, finish, note_phase, note_phase_text, reset_phase, set_phase, set_progress,
};
use super::stopping::{Stopping, Tried};
use crate::engine::RebootMode;
use crate::store::Key;

/// Plural of the kind.
pub(super) const KIND: &str = "operations";

/// Phases of a graceful stop.
pub(super) const STOP: &[&str] = &["agent-shutdown", "acpi-powerdown", "force", "cleanup"];
/// Phases of a first provisioning.
pub(super) const MAKE: &[&str] = &[
    "validate",
    "schedule",
    "download-image",
    "create-disk",
    "configure-network",
];
/// Phases of a boot.
pub(super) const BOOT: &[&str] = &["start-process", "boot", "wait-agent"];

/// How long a soft restart waits for an agent that does not answer now.
const AGENT: Duration = Duration::from_secs(15);

/// What an operation does to its VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Start,
    Stop,
    Restart,
    Pause,
    Resume,
    Delete,
}

impl Verb {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Delete => "delete",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Create,
            Self::Start,
            Self::Stop,
            Self::Restart,
            Self::Pause,
            Self::Resume,
            Self::Delete,
        ];
        all.into_iter().find(|verb| verb.as_str() == text)
    }

    /// Time after which an operation is given up; nova-api §11.
    fn timeout(self) -> u64 {
        if self == Self::Create { 3600 } else { 600 }
    }
}

/// What the caller of a verb may say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asks {
    /// Time the guest has to power down; absent means what the spec says.
    pub(crate) grace: Option<u64>,
    /// End the machine at once.
    pub(crate) force: bool,
    /// End the machine after the grace; absent means what the spec says.
    pub(crate) escalate: Option<bool>,
    /// Start without letting the guest execute.
    pub(crate) paused: bool,
    /// How to restart.
    pub(crate) reboot: Option<RebootMode>,
}

/// Who asks, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) user: String,
    pub(crate) request_id: Option<String>,
}

impl Caller {
    /// The server itself: a time to live that ended, a namespace that goes.
    pub(crate) fn system() -> Self {
        Self {
            user: "system:nova-server".into(),
            request_id: None,
        }
    }
}

/// A new operation, ready to be stored.
pub(super) fn build(verb: Verb, vm: &Value, asks: &Asks, caller: &Caller) -> (Key, Value) {
    let name = uuid::Uuid::now_v7().to_string();
    let key = Key::new(KIND, text(vm, "/metadata/namespace"), name);
    let target = json!({
        "kind": "VirtualMachine", "name": text(vm, "/metadata/name"),
        "uid": text(vm, "/metadata/uid"),
    });
    let mut spec = json!({
        "verb": verb.as_str(), "target": target, "user": caller.user,
        "timeoutSeconds": verb.timeout() + asks.grace.unwrap_or_default(), "parameters": parameters(asks),
    });
    if let Some(id) = &caller.request_id {
        spec["requestId"] = json!(id);
    }
    let value = json!({
        "apiVersion": "nova.dev/v1", "kind": "Operation",
        "metadata": {"name": key.name, "namespace": key.namespace,
            "labels": {"nova.dev/target": text(vm, "/metadata/name")}},
        "spec": spec,
        "status": {"phase": "Pending", "percent": 0, "phases": [],
            "cancellable": verb != Verb::Delete, "retryable": false},
    });
    (key, value)
}

fn parameters(asks: &Asks) -> Value {
    let mut out = json!({"force": asks.force});
    if let Some(grace) = asks.grace {
        out["gracePeriodSeconds"] = json!(grace);
    }
    if let Some(escalate) = asks.escalate {
        out["escalate"] = json!(escalate);
    }
    if asks.paused {
        out["paused"] = json!(true);
    }
    match asks.reboot {
        Some(RebootMode::Soft) => out["mode"] = json!("soft"),
        Some(RebootMode::Hard) => out["mode"] = json!("hard"),
        None => {}
    }
    out
}

/// Phases that nothing happened to yet.
pub(super) fn pending(names: &[&str]) -> Vec<Value> {
    names
        .iter()
        .map(|name| json!({"name": name, "state": "Pending"}))
        .collect()
}

/// Whether the operation still does something.
pub(super) fn is_active(op: &Value) -> bool {
    matches!(
        text(op, "/status/phase"),
        "Pending" | "Running" | "Cancelling"
    )
}

/// The verb of the operation.
pub(super) fn verb(op: &Value) -> Option<Verb> {
    Verb::parse(text(op, "/spec/verb"))
}

/// State of one phase; a phase that it does not have reads as empty.
pub(super) fn state<'a>(op: &'a Value, name: &str) -> &'a str {
    phase(op, name).map_or("", |phase| text(phase, "/state"))
}

fn phase<'a>(op: &'a Value, name: &str) -> Option<&'a Value> {
    list(op, "/status/phases")
        .iter()
        .find(|phase| text(phase, "/name") == name)
}

/// Phases of the stop part, for an operation that takes over from this one.
pub(super) fn stop_phases(op: &Value) -> Vec<Value> {
    let phases = list(op, "/status/phases").iter();
    phases
        .filter(|phase| STOP.contains(&text(phase, "/name")))
        .cloned()
        .collect()
}

/// Whether a stop was begun and is not over.
pub(super) fn stop_is_open(op: &Value) -> bool {
    phase(op, STOP[0]).is_some() && state(op, "cleanup") != "Succeeded"
}

/// The stop part, while it is open.
pub(super) fn stopping(op: &Value, vm: &Value) -> Option<Stopping> {
    if !stop_is_open(op) {
        return None;
    }
    let grace = whole(op, "/spec/parameters/gracePeriodSeconds")
        .or_else(|| whole(vm, "/spec/shutdown/gracePeriodSeconds"))
        .unwrap_or(30);
    let escalate = flag(op, "/spec/parameters/escalate")
        .or_else(|| flag(vm, "/spec/shutdown/escalate"))
        .unwrap_or(true);
    Some(Stopping {
        begun: begun(op),
        grace: Duration::from_secs(grace),
        escalate,
        force: flag(op, "/spec/parameters/force").unwrap_or(false),
        agent: tried(op, vm, "agent"),
        acpi: tried(op, vm, "acpi"),
    })
}

/// When the stop began: with its first phase, which an earlier operation may have begun.
fn begun(op: &Value) -> Timestamp {
    let first = list(op, "/status/phases")
        .iter()
        .filter(|phase| STOP.contains(&text(phase, "/name")))
        .filter_map(|phase| parse(text(phase, "/startedAt")))
        .min();
    first.unwrap_or_else(|| created(op))
}

/// When the operation was asked for.
pub(super) fn created(op: &Value) -> Timestamp {
    parse(text(op, "/metadata/creationTimestamp")).unwrap_or(Timestamp::MIN)
}

fn tried(op: &Value, vm: &Value, method: &str) -> Tried {
    let allowed = list(vm, "/spec/shutdown/methods");
    if !allowed.is_empty() && !allowed.iter().any(|m| m == method) {
        return Tried::Failed;
    }
    let name = if method == "agent" { STOP[0] } else { STOP[1] };
    let Some(phase) = phase(op, name) else {
        return Tried::No;
    };
    let last = parse(text(phase, "/lastTriedAt")).or_else(|| parse(text(phase, "/startedAt")));
    match (text(phase, "/state"), last) {
        ("Failed", _) => Tried::Failed,
        ("Running" | "Succeeded", Some(at)) => Tried::At(at),
        _ => Tried::No,
    }
}

/// The operation as the plan sees it; `agent` says whether the guest has one that will answer.
pub(super) fn task(op: &Value, vm: &Value, agent: bool, now: Timestamp) -> Option<Task> {
    if !is_active(op) {
        return None;
    }
    let verb = verb(op)?;
    let limit = Duration::from_secs(whole(op, "/spec/timeoutSeconds").unwrap_or(600));
    let reboot = state(op, "reboot");
    let mode = match text(op, "/spec/parameters/mode") {
        "hard" => RebootMode::Hard,
        _ => RebootMode::Soft,
    };
    Some(Task {
        boots: !matches!(verb, Verb::Stop | Verb::Delete),
        cancelling: text(op, "/status/phase") == "Cancelling",
        overdue: now >= after(created(op), limit),
        stop: stopping(op, vm),
        reboot: (reboot == "Pending").then_some(mode),
        patience: after(created(op), if agent { AGENT } else { Duration::ZERO }),
        rebooting: reboot == "Running",
    })
}

/// When the operation will be overdue.
pub(super) fn deadline(op: &Value) -> Timestamp {
    after(
        created(op),
        Duration::from_secs(whole(op, "/spec/timeoutSeconds").unwrap_or(600)),
    )
}
