//! Doing one step. What is about to happen is written first, so that a server killed in the middle
//! knows where it was.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};

use super::clock;
use super::commit::{Committed, Update};
use super::driver::{Driver, Turn};
use super::events::Note;
use super::op;
use super::plan::{Ending, Step};
use super::subject::Facts;
use super::{ending, fault, promise, record, settle};
use crate::api::error::ApiError;
use crate::engine::{EngineError, Machine, RebootMode, ShutdownMethod, Work};

/// Deadline of a start: the engine's own deadlines are shorter.
const START: Duration = Duration::from_mins(3);
/// Deadline of a call that changes a running machine.
const CHANGE: Duration = Duration::from_secs(30);
/// Deadline of ending and removing a machine.
const END: Duration = Duration::from_mins(2);

/// Ends a turn early when the world changed under it.
macro_rules! write_or_look {
    ($driver:expr, $update:expr) => {
        if $driver.write($update).await? == Committed::Stale {
            return Ok(Turn::Again);
        }
    };
}

impl Driver {
    pub(super) async fn perform(&mut self, step: Step, facts: Facts) -> Result<Turn, ApiError> {
        match step {
            Step::Rest(until) => Ok(Turn::Rest(until)),
            Step::Provision => Box::pin(self.provision(&facts)).await,
            Step::Start { paused } => Box::pin(self.start(&facts, paused)).await,
            Step::Apply => self.apply(&facts).await,
            Step::Pause => self.freeze(&facts, true).await,
            Step::Resume => self.freeze(&facts, false).await,
            Step::Reboot(mode) => Box::pin(self.reboot(&facts, mode)).await,
            Step::OrderStop => self.order_stop().await,
            Step::AskShutdown(method) => Box::pin(self.ask_shutdown(&facts, method)).await,
            Step::Kill => self.kill(&facts).await,
            Step::CloseStop => self.close_stop(&facts).await,
            Step::Destroy => self.destroy(&facts).await,
            Step::Cancel => self.cancel(&facts).await,
            Step::Finish(how) => self.finish(&facts, how).await,
        }
    }

    /// Runs an engine call with a deadline; being late is an error like any other.
    pub(super) async fn within<T>(
        &self,
        what: &str,
        limit: Duration,
        work: Work<'_, T>,
    ) -> Result<T, EngineError> {
        self.let_others();
        match timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(EngineError::Timeout {
                what: what.to_owned(),
                after: limit,
            }),
        }
    }

    async fn start(&mut self, facts: &Facts, paused: bool) -> Result<Turn, ApiError> {
        let Ok(machine) = &facts.machine else {
            return Ok(Turn::Rest(None));
        };
        let subject = &facts.subject;
        let mut update = Update::of(subject);
        let mut record = subject.record.clone();
        record.machine = Some(machine.clone());
        record.generation = subject.generation();
        record.fault = None;
        record.retry_at = None;
        update.record = Some(record);
        let mut status = subject.status.clone();
        // A start that nobody ordered is the restart policy at work.
        if subject.op.is_none() && status.last_exit.is_some() {
            status.restart_count = Some(status.restart_count.unwrap_or(0) + 1);
        }
        status.phase = Some(nova_api::types::VmPhase::Starting);
        update.status = Some(status);
        update.edit_op(subject, |op| {
            op::set_phase(op, "start-process", "Running", facts.now);
        });
        write_or_look!(self, update);
        self.memory.exit = None;
        match self.promised_start(machine, paused).await {
            // What died at once is an end like any other, told by its exit.
            Ok(()) | Err(EngineError::NotRunning) => {
                self.memory.started = true;
                self.memory.guest = None;
                self.memory.guest_due = None;
                Ok(Turn::Again)
            }
            Err(error) => self.fail(facts, "StartFailed", &error).await,
        }
    }

    async fn promised_start(&self, machine: &Machine, paused: bool) -> Result<(), EngineError> {
        // Simulated memory costs nothing.
        if self.app.engine.name() != "sim" {
            promise::claim(machine.memory, &self.app.dirs.data)?;
        }
        let work = self.app.engine.start(machine, paused);
        self.within("start", START, work).await.map(drop)
    }

    /// Writes that the engine could not make or start the machine. A start that half happened is
    /// taken back, so that what is written is true.
    pub(super) async fn fail(
        &mut self,
        facts: &Facts,
        word: &str,
        error: &EngineError,
    ) -> Result<Turn, ApiError> {
        let word = match fault::reason(error) {
            "EngineError" | "Timeout" => word,
            known => known,
        };
        if let Err(error) = self
            .within("kill", END, self.app.engine.kill(&self.uid))
            .await
        {
            tracing::warn!(vm = %self.key, %error, "a failed start could not be taken back");
        }
        self.memory.exit = None;
        let answer = self.engine_error(error);
        let passes = fault::can_pass(error);
        for _ in 0..5 {
            let Some(subject) =
                super::subject::Subject::read(&self.app.store, &self.key, &self.uid)
            else {
                return Ok(Turn::Gone);
            };
            if subject.op.as_ref().map(|(key, ..)| key)
                != facts.subject.op.as_ref().map(|(key, ..)| key)
                || subject.deleting()
                || subject.generation() != facts.subject.generation()
            {
                return Ok(Turn::Again);
            }
            let fresh = facts.with(subject);
            if self
                .write(settle::failed(&fresh, word, &answer, passes))
                .await?
                == Committed::Done
            {
                break;
            }
        }
        Ok(Turn::Again)
    }

    async fn apply(&mut self, facts: &Facts) -> Result<Turn, ApiError> {
        let (Ok(new), Some(old)) = (&facts.machine, &facts.subject.record.machine) else {
            return self.applied(facts, None, Vec::new()).await;
        };
        let work = self.app.engine.apply_live(old, new);
        match self.within("the change", CHANGE, work).await {
            Ok(pending) => {
                let machine = record::in_force(old, new.clone(), &pending);
                self.applied(facts, Some(machine), pending).await
            }
            Err(error) => {
                tracing::warn!(vm = %self.key, %error, "a change could not be applied");
                let again = clock::after(facts.now, Duration::from_secs(10));
                Ok(Turn::Rest(Some(again)))
            }
        }
    }

    async fn applied(
        &self,
        facts: &Facts,
        machine: Option<Machine>,
        pending: Vec<crate::engine::PendingChange>,
    ) -> Result<Turn, ApiError> {
        let subject = &facts.subject;
        let mut update = Update::of(subject);
        let mut record = subject.record.clone();
        record.generation = subject.generation();
        record.machine = machine.or(record.machine);
        update.record = Some(record);
        let mut status = subject.status.clone();
        let change = |change: crate::engine::PendingChange| nova_api::types::PendingChange {
            path: change.path,
            current: json!(change.current),
            wanted: json!(change.wanted),
            requires: change.requires,
        };
        status.pending_changes = pending.into_iter().map(change).collect();
        update.status = Some(status);
        self.write(update).await.map(|_| Turn::Again)
    }

    async fn freeze(&mut self, facts: &Facts, pause: bool) -> Result<Turn, ApiError> {
        let name = if pause { "pause" } else { "resume" };
        let mut update = Update::of(&facts.subject);
        update.edit_op(&facts.subject, |op| {
            op::set_phase(op, name, "Running", facts.now);
        });
        write_or_look!(self, update);
        let engine = &self.app.engine;
        let work = if pause {
            engine.pause(&self.uid)
        } else {
            engine.resume(&self.uid)
        };
        match self.within(name, CHANGE, work).await {
            Ok(()) | Err(EngineError::NotRunning) => Ok(Turn::Again),
            Err(error) if facts.subject.op.is_some() => {
                let answer = self.engine_error(&error);
                self.write(ending::failed_change(facts, pause, &answer))
                    .await
                    .map(|_| Turn::Again)
            }
            Err(error) => Err(self.engine_error(&error)),
        }
    }

    async fn reboot(&mut self, facts: &Facts, mode: RebootMode) -> Result<Turn, ApiError> {
        let mut update = Update::of(&facts.subject);
        update.edit_op(&facts.subject, |op| {
            op::set_phase(op, "reboot", "Running", facts.now);
        });
        write_or_look!(self, update);
        (self.memory.rebooted, self.memory.reboot_asked) = (false, true);
        match self
            .within("reboot", CHANGE, self.app.engine.reboot(&self.uid, mode))
            .await
        {
            Ok(()) | Err(EngineError::NotRunning) => Ok(Turn::Again),
            Err(EngineError::AgentUnavailable(_)) if mode == RebootMode::Soft => {
                self.write_fresh(facts, go_cold).await
            }
            Err(error) => {
                let answer = self
                    .engine_error(&error)
                    .hint(format!("nova vm restart {} --hard", self.key.name));
                self.write_fresh(facts, |fresh| ending::failed(fresh, &answer))
                    .await
            }
        }
    }

    /// Writes an update computed from the newest reading, as long as the operation is the same.
    pub(super) async fn write_fresh(
        &self,
        facts: &Facts,
        make: impl Fn(&Facts) -> Update,
    ) -> Result<Turn, ApiError> {
        let read = super::subject::Subject::read(&self.app.store, &self.key, &self.uid);
        if let Some(subject) = read {
            self.write(make(&facts.with(subject))).await?;
        }
        Ok(Turn::Again)
    }

    async fn ask_shutdown(
        &mut self,
        facts: &Facts,
        method: ShutdownMethod,
    ) -> Result<Turn, ApiError> {
        let name = if method == ShutdownMethod::Agent {
            op::STOP[0]
        } else {
            op::STOP[1]
        };
        let mut update = Update::of(&facts.subject);
        note_stop(&mut update, facts);
        update.edit_op(&facts.subject, |op| {
            op::set_phase(op, name, "Running", facts.now);
            op::note_phase(op, name, facts.now, "");
        });
        write_or_look!(self, update);
        let work = self.app.engine.shutdown(&self.uid, method);
        if let Err(error) = self.within("the guest", Duration::from_secs(5), work).await {
            tracing::info!(vm = %self.key, %error, "the guest could not be asked to stop");
            let text = error.to_string();
            let name = name.to_owned();
            self.write_fresh(facts, |fresh| {
                let mut update = Update::of(&fresh.subject);
                update.edit_op(&fresh.subject, |op| {
                    op::set_phase(op, &name, "Failed", fresh.now);
                    op::note_phase(op, &name, fresh.now, &text);
                });
                update
            })
            .await?;
        }
        Ok(Turn::Again)
    }

    async fn kill(&mut self, facts: &Facts) -> Result<Turn, ApiError> {
        let mut update = Update::of(&facts.subject);
        note_stop(&mut update, facts);
        update.edit_op(&facts.subject, |op| {
            op::set_phase(op, "force", "Running", facts.now);
        });
        write_or_look!(self, update);
        match self
            .within("kill", END, self.app.engine.kill(&self.uid))
            .await
        {
            Ok(()) => Ok(Turn::Again),
            Err(error) => Err(self.engine_error(&error)),
        }
    }

    /// The machine is off: the stop part of the operation is over.
    async fn close_stop(&mut self, facts: &Facts) -> Result<Turn, ApiError> {
        let mut update = Update::of(&facts.subject);
        let vm = &facts.subject.value;
        update.edit_op(&facts.subject, |op| {
            op::close_stop(op, vm, facts.now);
            op::set_phase(op, "cleanup", "Succeeded", facts.now);
        });
        self.write(update).await.map(|_| Turn::Again)
    }

    async fn destroy(&mut self, facts: &Facts) -> Result<Turn, ApiError> {
        if !ending::holds_finalizer(&facts.subject.value) {
            return Ok(Turn::Rest(None));
        }
        let mut update = Update::of(&facts.subject);
        let vm = &facts.subject.value;
        update.edit_op(&facts.subject, |op| {
            if !facts.seen().is_on() && op::stop_is_open(op) && facts.ended_by_stop() {
                op::close_stop(op, vm, facts.now);
            }
            op::set_phase(op, "cleanup", "Running", facts.now);
        });
        write_or_look!(self, update);
        match self
            .within("the removal", END, self.app.engine.destroy(&self.uid))
            .await
        {
            Ok(()) => self.release().await,
            Err(error) => {
                tracing::warn!(vm = %self.key, %error, "a machine could not be removed");
                sleep(Duration::from_millis(500)).await;
                Err(self.engine_error(&error))
            }
        }
    }
}

/// A guest whose agent cannot reboot it is stopped and started instead.
fn go_cold(facts: &Facts) -> Update {
    let mut update = Update::of(&facts.subject);
    update.edit_op(&facts.subject, |op| {
        let names: Vec<&str> = op::STOP.iter().chain(op::BOOT).copied().collect();
        op["status"]["phases"] = json!(op::pending(&names));
        let text = "the guest agent does not answer, so the machine is stopped and started";
        op["status"]["message"] = json!(text);
    });
    update
}

/// News of a stop, once: when nothing was tried yet.
fn note_stop(update: &mut Update, facts: &Facts) {
    let Some(op) = facts.subject.op_value() else {
        return;
    };
    let fresh = op::STOP[..3]
        .iter()
        .all(|name| matches!(op::state(op, name), "Pending" | ""));
    if fresh {
        let user = super::doc::text(op, "/spec/user");
        update.notes.push(Note::normal(
            "StopRequested",
            format!("{user} asked it to stop"),
        ));
    }
}

impl Driver {
    pub(super) async fn finish(&mut self, facts: &Facts, how: Ending) -> Result<Turn, ApiError> {
        self.write(ending::update(facts, how))
            .await
            .map(|_| Turn::Again)
    }
}
