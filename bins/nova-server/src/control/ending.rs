//! Ends of operations, and of VMs.

use nova_api::types::{RunState, VmPhase};
use serde_json::{Value, json};

use super::admit::{DeleteAsks, FINALIZER, on_vm_delete};
use super::commit::{Update, release};
use super::doc::{list, text};
use super::driver::{Driver, Turn};
use super::events::Note;
use super::intent::{VMS, place};
use super::op::{self, Asks, Caller, End, Verb};
use super::plan::Ending;
use super::subject::{Facts, vm_key};
use crate::api::error::ApiError;
use crate::store::{Durability, Tx};

/// Ends the operation as the plan decided.
pub(super) fn update(facts: &Facts, how: Ending) -> Update {
    match how {
        Ending::Done => done(facts),
        Ending::TimedOut => timed_out(facts),
        Ending::GuestIgnored => ignored(facts),
        Ending::Impossible => impossible(facts),
    }
}

fn done(facts: &Facts) -> Update {
    let mut update = Update::of(&facts.subject);
    update.edit_op(&facts.subject, |op| {
        let mut result = op
            .pointer("/status/result")
            .cloned()
            .unwrap_or_else(|| json!({}));
        result["changed"] = json!(true);
        op::finish(op, &End::succeeded(result), facts.now);
    });
    update
}

fn timed_out(facts: &Facts) -> Update {
    let subject = &facts.subject;
    let verb = subject.op_value().map_or("", |op| text(op, "/spec/verb"));
    let seconds = subject
        .op_value()
        .and_then(|op| super::doc::whole(op, "/spec/timeoutSeconds"));
    let waiting = match &facts.machine {
        Err(blocked) => super::status::explain(blocked).1,
        Ok(_) if facts.seen().is_on() => "the guest agent has not answered".to_owned(),
        Ok(_) => "the machine is not up".to_owned(),
    };
    let seconds = seconds.unwrap_or_default();
    let message = format!("{verb} did not finish within {seconds} s: {waiting}");
    let error = ApiError::timeout(message.clone()).on(&subject.key);
    let mut update = Update::of(subject);
    update
        .notes
        .push(Note::warning("OperationTimedOut", message.clone()));
    update.edit_op(subject, |op| {
        let end = End {
            phase: "TimedOut",
            reason: "DeadlineExceeded",
            message,
            error: Some(error.body(None)),
            ..End::default()
        };
        op::finish(op, &end, facts.now);
    });
    update
}

/// The guest did not stop and may not be forced: it runs on, and the spec says so again.
fn ignored(facts: &Facts) -> Update {
    let subject = &facts.subject;
    let asked = subject
        .op_value()
        .map_or("", |op| match op::state(op, op::STOP[1]) {
            "Running" | "Succeeded" => "its power button was pressed and nothing in it listens",
            _ => "its agent was asked",
        });
    let message = format!("the guest did not stop within its grace period: {asked}");
    let error = ApiError::guest_timeout(&subject.key, message.clone())
        .hint(format!("nova vm stop {} --force", subject.key.name));
    let mut update = failed(facts, &error);
    update.run_state = Some("Running");
    update.notes.push(Note::warning("StopIgnored", message));
    let mut status = subject.status.clone();
    status.phase = Some(VmPhase::Running);
    update.status = Some(status);
    update
}

/// There is no machine to be made: says why, in the words that a create would have got.
fn impossible(facts: &Facts) -> Update {
    let subject = &facts.subject;
    let error = match &facts.machine {
        Err(blocked) => super::admit::refusal(&subject.key, &subject.vm, blocked, &[]),
        Ok(_) => ApiError::internal("the machine can be made after all"),
    };
    let mut update = failed(facts, &error);
    update.notes.push(Note::warning("Failed", error.message()));
    update
}

/// Ends the operation as failed.
pub(super) fn failed(facts: &Facts, error: &ApiError) -> Update {
    let mut update = Update::of(&facts.subject);
    let message = error.message().to_owned();
    update.edit_op(&facts.subject, |op| {
        let end = End {
            phase: "Failed",
            reason: "Failed",
            message,
            error: Some(error.body(None)),
            ..End::default()
        };
        op::finish(op, &end, facts.now);
    });
    update
}

/// A pause or resume that the engine refused: the spec goes back to what is true.
pub(super) fn failed_change(facts: &Facts, pause: bool, error: &ApiError) -> Update {
    let mut update = failed(facts, error);
    update.run_state = Some(if pause { "Running" } else { "Paused" });
    update.notes.push(Note::warning("Failed", error.message()));
    update
}

/// Whether our finalizer is still on the object.
pub(super) fn holds_finalizer(vm: &Value) -> bool {
    list(vm, "/metadata/finalizers")
        .iter()
        .any(|f| f == FINALIZER)
}

impl Driver {
    /// Ends what a cancelled operation was doing.
    ///
    /// ```text
    /// create                   what was made is removed
    /// start, resume, restart   the machine is ended, unless it ran before
    /// stop                     the machine runs on, if the guest did not hear yet
    /// pause                    whatever is true stays
    /// ```
    pub(super) async fn cancel(&mut self, facts: &Facts) -> Result<Turn, ApiError> {
        let (key, recorder) = (self.key.clone(), self.recorder.clone());
        let rv = facts.subject.rv;
        let on = facts.seen().is_on();
        let work = move |tx: &mut Tx<'_>| {
            let Some(object) = tx.get(&key).filter(|object| object.rv == rv) else {
                return Ok(());
            };
            let mut vm = object.value();
            let Some((op_key, mut op)) = super::intent::active(tx, &vm) else {
                return Ok(());
            };
            let verb = op::verb(&op).unwrap_or(Verb::Pause);
            let stopping = op::stop_is_open(&op);
            let end = End {
                phase: "Cancelled",
                reason: "Cancelled",
                message: consequence(verb, on, stopping).to_owned(),
                ..End::default()
            };
            op::finish(&mut op, &end, tx.now());
            tx.put(&op_key, op)?;
            recorder.record(
                tx,
                &vm,
                &Note::normal("Cancelled", &*end.message),
                &op_key.name,
            )?;
            follow(tx, &mut vm, verb, on, stopping)
        };
        self.app.store.write(Durability::Spec, work).await?;
        Ok(Turn::Again)
    }

    /// The engine has nothing left: the object may go.
    pub(super) async fn release(&mut self) -> Result<Turn, ApiError> {
        let (key, uid, recorder) = (self.key.clone(), self.uid.clone(), self.recorder.clone());
        let work = move |tx: &mut Tx<'_>| {
            let Some(last) = release(tx, &key, &uid)? else {
                return Ok(());
            };
            let name = text(&last, "/operation").to_owned();
            let op_key = crate::store::Key::new(op::KIND, &*key.namespace, &*name);
            if let Some(stored) = tx.get(&op_key) {
                let mut op = stored.value();
                op::finish(&mut op, &End::succeeded(json!({"changed": true})), tx.now());
                tx.put(&op_key, op)?;
            }
            let note = Note::normal("Deleted", "the virtual machine and its disks are gone");
            recorder.record(tx, &last, &note, &name)
        };
        self.app.store.write(Durability::Spec, work).await?;
        Ok(Turn::Again)
    }

    /// The spec wants the machine off and nothing says how: a stop with the usual grace does.
    pub(super) async fn order_stop(&mut self) -> Result<Turn, ApiError> {
        let key = self.key.clone();
        let work = move |tx: &mut Tx<'_>| {
            let mut vm = tx.require(&key)?.value();
            let phases = op::STOP.to_vec();
            let order = (&Asks::default(), phases);
            place(tx, &mut vm, Verb::Stop, order, &Caller::system())?;
            tx.put(&key, vm)
        };
        self.app.store.write(Durability::Spec, work).await?;
        Ok(Turn::Again)
    }

    /// The time to live is over.
    pub(super) async fn expire(&mut self) -> Result<Turn, ApiError> {
        let (key, recorder) = (self.key.clone(), self.recorder.clone());
        let work = move |tx: &mut Tx<'_>| {
            let object = tx.require(&key)?;
            let text = "its time to live is over, so it is deleted";
            let note = Note::normal("TTLExpired", text);
            recorder.record(tx, &object.value(), &note, "")?;
            let asks = DeleteAsks {
                grace: None,
                unprotect: true,
            };
            on_vm_delete(tx, &object, &asks, &Caller::system()).map(drop)
        };
        self.app.store.write(Durability::Spec, work).await?;
        Ok(Turn::Again)
    }
}

fn consequence(verb: Verb, on: bool, stopping: bool) -> &'static str {
    match verb {
        Verb::Create => "cancelled; what was made is removed",
        Verb::Start | Verb::Restart if stopping && on => "cancelled; the machine runs on",
        Verb::Start | Verb::Restart | Verb::Resume => "cancelled; the machine is stopped",
        Verb::Stop if on => "cancelled; the machine runs on unless the guest already heard",
        _ => "cancelled",
    }
}

fn follow(
    tx: &mut Tx<'_>,
    vm: &mut Value,
    verb: Verb,
    on: bool,
    stopping: bool,
) -> Result<(), ApiError> {
    let key = vm_key(text(vm, "/metadata/namespace"), text(vm, "/metadata/name"));
    debug_assert_eq!(key.kind, VMS);
    match verb {
        Verb::Create => {
            tx.put(&key, vm.clone())?;
            let object = tx.require(&key)?;
            let asks = DeleteAsks {
                grace: Some(0),
                unprotect: true,
            };
            on_vm_delete(tx, &object, &asks, &Caller::system()).map(drop)
        }
        Verb::Stop | Verb::Start | Verb::Restart if stopping && on => {
            vm["spec"]["runState"] = json!("Running");
            vm["status"]["phase"] = json!("Running");
            tx.put(&key, vm.clone()).map(drop)
        }
        Verb::Start | Verb::Restart | Verb::Resume => {
            vm["spec"]["runState"] = json!("Stopped");
            let asks = Asks {
                force: true,
                ..Asks::default()
            };
            let order = (&asks, op::STOP.to_vec());
            place(tx, vm, Verb::Stop, order, &Caller::system())?;
            vm["status"]["phase"] = json!("Stopping");
            tx.put(&key, vm.clone()).map(drop)
        }
        _ => {
            let state = match text(vm, "/status/phase") {
                "Paused" => RunState::Paused,
                _ => RunState::Running,
            };
            vm["spec"]["runState"] = json!(state);
            tx.put(&key, vm.clone()).map(drop)
        }
    }
}
