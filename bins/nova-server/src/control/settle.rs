//! What happened without an order, or as the effect of one: a machine ended, a time to live is over,
//! a reboot is done. Each is written once, with what follows from it.

use std::time::Duration;

use jiff::Timestamp;
use nova_api::types::{LastExit, RestartPolicy, RunState, Time, VmPhase};
use serde_json::Value;

use super::clock::{after, parse};
use super::commit::Update;
use super::conditions;
use super::doc::{list, text};
use super::driver::Memory;
use super::events::Note;
use super::op::{self, End};
use super::record::{Fault, Record};
use super::status;
use super::subject::{Facts, Subject};
use crate::api::error::ApiError;
use crate::engine::{Exit, ExitReason, Observation};

/// First wait after a bad end; doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// A machine that ran this long starts counting anew.
const STEADY: Duration = Duration::from_mins(10);
/// A reboot whose event was lost with an earlier server counts as done after this.
const REBOOT: Duration = Duration::from_secs(15);

/// What to write about what happened since the last turn, if anything did.
pub(super) fn settle(facts: &Facts, memory: &mut Memory) -> Option<Update> {
    if let Some(update) = reboot_done(facts, memory) {
        return Some(update);
    }
    let subject = &facts.subject;
    // A machine may die before its start was even written.
    let ran = subject.status.started_at.is_some() || memory.started;
    if facts.seen().is_on() {
        // An exit that was reported before this start is history.
        memory.exit = None;
        return None;
    }
    memory.started = false;
    if subject.deleting() {
        return None;
    }
    if !ran {
        return unwanted_retry(subject);
    }
    let exit = exit_of(facts, memory);
    Some(ended(facts, &exit))
}

/// A machine that is to be off is not tried again.
fn unwanted_retry(subject: &Subject) -> Option<Update> {
    let off = subject.vm.spec.run_state == Some(RunState::Stopped);
    subject.record.retry_at.filter(|_| off)?;
    let mut update = Update::of(subject);
    update.record = Some(Record {
        retry_at: None,
        ..subject.record.clone()
    });
    Some(update)
}

fn exit_of(facts: &Facts, memory: &mut Memory) -> Exit {
    let observed = match &facts.observation {
        Observation::Off { last_exit } => last_exit.clone(),
        _ => None,
    };
    let exit = memory
        .exit
        .take()
        .map(|exit| *exit)
        .or(observed)
        .unwrap_or_else(|| Exit {
            code: None,
            signal: None,
            reason: ExitReason::Crashed,
            message: "the machine ended while no server watched it".to_owned(),
            at: super::clock::stamp(facts.now),
        });
    memory.exit = None;
    exit
}

/// Writes how a machine ended and what follows.
fn ended(facts: &Facts, exit: &Exit) -> Update {
    let subject = &facts.subject;
    let mut update = Update::of(subject);
    let mut status = subject.status.clone();
    let ran = status.started_at.as_ref().and_then(Time::timestamp);
    status.last_exit = Some(last_exit(exit));
    let mut record = subject.record.clone();
    if ran.is_some_and(|at| after(at, STEADY) <= facts.now) {
        record.failures = 0;
    }
    let ordered = subject.op_value().is_some_and(op::stop_is_open)
        || subject.vm.spec.run_state == Some(RunState::Stopped);
    if ordered {
        record.failures = 0;
        record.retry_at = None;
        record.fault = None;
    } else {
        by_itself(facts, exit, &mut update, &mut record);
        let down = if exit.reason == ExitReason::GuestShutdown && record.retry_at.is_none() {
            VmPhase::Stopped
        } else {
            VmPhase::Failed
        };
        status.phase = Some(down);
    }
    status::went_down(&mut status, facts, record.fault.as_ref());
    update.status = Some(status);
    update.record = Some(record);
    update
}

fn last_exit(exit: &Exit) -> LastExit {
    LastExit {
        code: exit.code.map(i64::from),
        signal: exit.signal.map(Value::from),
        reason: Some(format!("{:?}", exit.reason)),
        at: parse(&exit.at).map(Time::from),
    }
}

/// A machine that nobody stopped: the restart policy decides, and an operation that wanted it up has
/// failed.
fn by_itself(facts: &Facts, exit: &Exit, update: &mut Update, record: &mut Record) {
    let subject = &facts.subject;
    let clean = exit.reason == ExitReason::GuestShutdown;
    let again = match subject.policy() {
        RestartPolicy::Always => true,
        RestartPolicy::Never => false,
        _ => !clean,
    };
    let reason = if clean { "GuestShutdown" } else { "Crashed" };
    record.fault = Some(Fault {
        reason: reason.into(),
        message: exit.message.clone(),
    });
    record.retry_at = None;
    let mut text = exit.message.clone();
    if again {
        text = format!("{text}; {}", back_off(record, facts.now));
    }
    let note = if clean {
        Note::normal("GuestShutdown", text)
    } else {
        Note::warning("Crashed", text)
    };
    update.notes.push(note);
    let error = ApiError::unavailable("NotReady", format!("the machine ended: {}", exit.message));
    fail_op(update, subject, reason, &error.on(&subject.key), facts.now);
}

/// Notes one more bad end and when to try again; answers it in words.
fn back_off(record: &mut Record, now: Timestamp) -> String {
    let wait = FIRST_WAIT
        .checked_mul(1 << record.failures.min(10))
        .map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT));
    record.failures += 1;
    record.retry_at = Some(after(now, wait));
    format!("next try in {} s", wait.as_secs())
}

/// Ends the operation of `subject` as failed.
fn fail_op(update: &mut Update, subject: &Subject, reason: &str, error: &ApiError, now: Timestamp) {
    let message = error.message().to_owned();
    let body = error.body(None);
    let reason = if reason == "GuestShutdown" {
        "GuestShutdown"
    } else {
        "Failed"
    };
    let end = End {
        phase: "Failed",
        reason,
        message,
        error: Some(body),
        ..End::default()
    };
    update.edit_op(subject, |op| op::finish(op, &end, now));
}

/// Writes that an engine could not make or start the machine.
pub(super) fn failed(facts: &Facts, word: &str, error: &ApiError, passes: bool) -> Update {
    let subject = &facts.subject;
    let mut update = Update::of(subject);
    let mut status = subject.status.clone();
    let mut record = subject.record.clone();
    record.fault = Some(Fault {
        reason: word.into(),
        message: error.message().to_owned(),
    });
    record.retry_at = None;
    let mut text = error.message().to_owned();
    if passes && subject.policy() != RestartPolicy::Never {
        text = format!("{text}; {}", back_off(&mut record, facts.now));
    }
    status.phase = Some(VmPhase::Failed);
    status.observed_generation = Some(subject.generation());
    status::went_down(&mut status, facts, record.fault.as_ref());
    update.notes.push(Note::warning("Failed", text));
    fail_op(&mut update, subject, word, error, facts.now);
    update.status = Some(status);
    update.record = Some(record);
    update
}

fn reboot_done(facts: &Facts, memory: &mut Memory) -> Option<Update> {
    let subject = &facts.subject;
    let op = subject
        .op_value()
        .filter(|op| op::state(op, "reboot") == "Running")?;
    if !memory.reboot_asked && facts.seen().is_on() {
        return Some(reboot_again(facts, op));
    }
    let lost = reboot_over_at(subject).is_some_and(|at| at <= facts.now);
    if !memory.rebooted && !lost && facts.seen().is_on() {
        return None;
    }
    (memory.rebooted, memory.reboot_asked) = (false, false);
    debug_assert!(op::is_active(op));
    let mut update = Update::of(subject);
    update.edit_op(subject, |op| {
        op::set_phase(op, "reboot", "Succeeded", facts.now);
    });
    Some(update)
}

/// A server before this one was about to reboot the guest. Whether it did is seen only from an agent
/// that left since; otherwise it is asked again, which does no harm.
fn reboot_again(facts: &Facts, op: &Value) -> Update {
    let subject = &facts.subject;
    let soft = text(op, "/spec/parameters/mode") == "soft";
    let left = !conditions::holds(&subject.status.conditions, "AgentConnected");
    let mut update = Update::of(subject);
    update.edit_op(subject, |op| {
        if soft && left {
            op::set_phase(op, "reboot", "Succeeded", facts.now);
        } else {
            op::reset_phase(op, "reboot");
        }
    });
    update
}

/// When a reboot that was asked for counts as done even without its event.
pub(super) fn reboot_over_at(subject: &Subject) -> Option<Timestamp> {
    let op = subject.op_value()?;
    let phase = list(op, "/status/phases")
        .iter()
        .find(|p| text(p, "/name") == "reboot")?;
    if text(phase, "/state") != "Running" {
        return None;
    }
    Some(after(parse(text(phase, "/startedAt"))?, REBOOT))
}

/// When the time to live ends.
pub(super) fn expires_at(subject: &Subject) -> Option<Timestamp> {
    let seconds = subject.vm.spec.ttl_seconds_after_creation?;
    let created = subject
        .vm
        .metadata
        .creation_timestamp
        .as_ref()?
        .timestamp()?;
    Some(after(
        created,
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
    ))
}

/// Whether the time to live is over and nobody deleted the VM yet.
pub(super) fn expired(facts: &Facts) -> bool {
    let subject = &facts.subject;
    !subject.deleting() && expires_at(subject).is_some_and(|at| at <= facts.now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let mut record = Record::default();
        let waits: Vec<i64> = (0..8)
            .map(|_| {
                back_off(&mut record, now);
                record.retry_at.unwrap().duration_since(now).as_secs()
            })
            .collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
    }
}
