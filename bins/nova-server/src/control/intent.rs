//! From a verb to durable intent: in one transaction the spec says what is wanted, an operation says
//! how, and the operation before it ends as superseded.

use serde_json::{Value, json};

use super::clock::{now, stamp};
use super::doc::{member, text};
use super::op::{self, Asks, Caller, End, Verb};
use super::table::{Decision, State, decide};
use crate::api::error::ApiError;
use crate::store::{Key, Tx};

/// Plural of the kind.
pub(super) const VMS: &str = "virtualmachines";

/// What a verb came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// It was so already.
    Unchanged,
    /// This operation does it.
    Operation(Value),
}

/// Applies a verb to a stored VM.
pub(super) fn act(
    tx: &mut Tx<'_>,
    key: &Key,
    verb: Verb,
    asks: &Asks,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let mut vm = tx.require(key)?.value();
    let answer = order(tx, &mut vm, verb, asks, caller)?;
    tx.put(key, vm)?;
    Ok(answer)
}

/// Decides what a verb means for `vm`, changes the object and places the operation. The caller
/// stores the object.
pub(super) fn order(
    tx: &mut Tx<'_>,
    vm: &mut Value,
    verb: Verb,
    asks: &Asks,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let state = State::of(vm);
    let frozen = text(vm, "/spec/runState") == "Paused" || text(vm, "/status/phase") == "Paused";
    match decide(verb, state, frozen, asks.force) {
        Decision::Refuse(why) => Err(refuse(vm, verb, state, why)),
        Decision::Unchanged => {
            // A machine that is down by itself must also stay down: the wish is kept.
            if verb == Verb::Stop {
                set_run_state(vm, "Stopped");
            }
            Ok(Answer::Unchanged)
        }
        Decision::Join => join(tx, vm, asks),
        Decision::Place { stop, boot } => {
            let mut asks = asks.clone();
            // A reboot happens inside a machine that executes; otherwise only a cold one helps.
            asks.reboot = asks.reboot.filter(|_| state == State::Up);
            let phases = phases(verb, &asks, stop, boot);
            wish(vm, verb, &asks, stop);
            place(tx, vm, verb, (&asks, phases), caller).map(Answer::Operation)
        }
    }
}

fn refuse(vm: &Value, verb: Verb, state: State, why: &str) -> ApiError {
    let key = Key::new(
        VMS,
        text(vm, "/metadata/namespace"),
        text(vm, "/metadata/name"),
    );
    let shown = match state {
        State::Deleting => "Deleting",
        _ => text(vm, "/status/phase"),
    };
    let message = format!(
        "cannot {} virtual machine {:?} while it is {shown}",
        verb.as_str(),
        key.name
    );
    let error = ApiError::invalid_state(&key, shown, state.allowed(), &message);
    match why.strip_prefix("start") {
        Some(rest) => error.hint(format!("nova vm start {}{rest}", key.name)),
        None => error,
    }
}

/// What the spec and the phase say from now on.
fn wish(vm: &mut Value, verb: Verb, asks: &Asks, stop: bool) {
    match verb {
        Verb::Start if asks.paused => set_run_state(vm, "Paused"),
        Verb::Start | Verb::Resume | Verb::Restart => set_run_state(vm, "Running"),
        Verb::Stop => set_run_state(vm, "Stopped"),
        Verb::Pause => set_run_state(vm, "Paused"),
        Verb::Create | Verb::Delete => {}
    }
    let reboot = verb == Verb::Restart && asks.reboot.is_some();
    let phase = match verb {
        Verb::Delete => "Deleting",
        Verb::Create => "Pending",
        _ if stop && !reboot => "Stopping",
        Verb::Start if text(vm, "/status/phase") != "Paused" => "Starting",
        _ => return,
    };
    member(vm, "status").insert("phase".into(), json!(phase));
    not_ready(vm, phase);
}

/// A machine that is asked to stop is no longer ready, so that nobody who waits for the end of a
/// restart takes its beginning for it.
fn not_ready(vm: &mut Value, reason: &str) {
    let conditions = vm
        .pointer_mut("/status/conditions")
        .and_then(Value::as_array_mut);
    let ready = conditions.and_then(|all| all.iter_mut().find(|c| text(c, "/type") == "Ready"));
    let Some(ready) = ready.filter(|c| text(c, "/status") == "True") else {
        return;
    };
    ready["status"] = json!("False");
    ready["reason"] = json!(reason);
    ready["lastTransitionTime"] = json!(stamp(now()));
}

/// Sets `spec.runState`; absent means `Running` and stays absent for it.
fn set_run_state(vm: &mut Value, to: &str) {
    let now = match text(vm, "/spec/runState") {
        "" => "Running",
        state => state,
    };
    if now != to {
        member(vm, "spec").insert("runState".into(), json!(to));
    }
}

fn phases(verb: Verb, asks: &Asks, stop: bool, boot: bool) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    match verb {
        Verb::Create => names.extend(op::MAKE),
        Verb::Restart if asks.reboot.is_some() => return vec!["reboot", "boot", "wait-agent"],
        Verb::Pause => names.push("pause"),
        Verb::Start | Verb::Resume if !boot => names.push("resume"),
        _ => {}
    }
    if stop {
        names.extend(op::STOP);
    } else if verb == Verb::Delete {
        names.push("cleanup");
    }
    if boot {
        names.extend(if asks.paused {
            &op::BOOT[..1]
        } else {
            op::BOOT
        });
    }
    names
}

/// Places an operation that starts where the superseded one leaves off.
pub(super) fn place(
    tx: &mut Tx<'_>,
    vm: &mut Value,
    verb: Verb,
    (asks, names): (&Asks, Vec<&'static str>),
    caller: &Caller,
) -> Result<Value, ApiError> {
    let mut phases = op::pending(&names);
    let old = active(tx, vm);
    let (key, mut value) = op::build(verb, vm, asks, caller);
    if let Some((old_key, mut old)) = old {
        if op::stop_is_open(&old) {
            inherit(&mut phases, &old);
        }
        let end = End {
            phase: "Cancelled",
            reason: "Superseded",
            message: format!("superseded by {} {}", verb.as_str(), key.name),
            ..End::default()
        };
        op::finish(&mut old, &end, tx.now());
        tx.put(&old_key, old)?;
    }
    value["status"]["phases"] = Value::Array(phases);
    let stored = tx.put(&key, value)?;
    member(vm, "status").insert("currentOperation".into(), json!(key.name));
    Ok(stored.value())
}

/// A stop under way goes on in the new operation: the guest was asked, its grace runs.
fn inherit(phases: &mut [Value], old: &Value) {
    for done in op::stop_phases(old) {
        let same = |phase: &&mut Value| text(phase, "/name") == text(&done, "/name");
        if let Some(slot) = phases.iter_mut().find(same) {
            *slot = done;
        }
    }
}

/// The active operation of a VM.
pub(super) fn active(tx: &Tx<'_>, vm: &Value) -> Option<(Key, Value)> {
    let name = text(vm, "/status/currentOperation");
    if name.is_empty() {
        return None;
    }
    let key = Key::new(op::KIND, text(vm, "/metadata/namespace"), name);
    let op = tx.get(&key)?.value();
    op::is_active(&op).then_some((key, op))
}

/// Joins the operation under way; a forced wish makes that one forced.
fn join(tx: &mut Tx<'_>, vm: &Value, asks: &Asks) -> Result<Answer, ApiError> {
    let Some((key, mut op)) = active(tx, vm) else {
        return Ok(Answer::Unchanged);
    };
    if asks.force {
        member(&mut op["spec"], "parameters").insert("force".into(), json!(true));
        tx.put(&key, op.clone())?;
    }
    Ok(Answer::Operation(
        tx.get(&key).map_or(op, |stored| stored.value()),
    ))
}
