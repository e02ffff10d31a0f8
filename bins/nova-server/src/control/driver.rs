//! The state driver: one task per VM, the only one that acts on it.
//!
//! ```text
//!   mail (object changed, engine event) ──► turn: read store + engine ─► settle what happened
//!        ▲                                              │                  │ commit
//!        │                                              ▼                  ▼
//!        └────────── rest until mail or a moment ◄── plan::next ──► perform one step
//! ```
//!
//! A turn that fails is logged and tried again later; nothing in here ends the server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::clock;
use super::commit::{Committed, Update};
use super::events::Recorder;
use super::op;
use super::plan::{self, Seen, Step};
use super::settle;
use super::status;
use super::subject::{Facts, Shared, Subject};
use super::tell;
use crate::api::error::ApiError;
use crate::engine::{EngineError, EngineEvent, Exit, GuestInfo, Observation};
use crate::store::Key;

/// Longest rest: the truth is looked at this often even when nobody reports a change.
const RESYNC: Duration = Duration::from_secs(30);
/// Turns without a rest after which something must be wrong.
const BUSY: u32 = 100;
/// Deadline of an engine call that only asks.
const ASK: Duration = Duration::from_secs(20);

/// What a driver is told.
#[derive(Debug, Clone)]
pub(super) enum Mail {
    /// The object, its operation or its image changed.
    Look,
    /// The engine reports. Boxed: a mailbox makes room for many, and there are many mailboxes.
    Engine(Box<EngineEvent>),
}

/// Why a driver stops working.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing to do for so long, unless mail comes.
    Rest(Duration),
    /// The object is gone.
    Gone,
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something changed: look again.
    Again,
    /// Nothing to do until mail comes or this moment.
    Rest(Option<Timestamp>),
    /// The object is gone.
    Gone,
}

/// What a driver knows that can be had again. Kept for every VM, so that what is rare in it is boxed.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// How the machine ended, where the engine reported it.
    pub(super) exit: Option<Box<Exit>>,
    /// The engine started it, and that may not be written yet.
    pub(super) started: bool,
    /// This server asked the guest to reboot.
    pub(super) reboot_asked: bool,
    /// The guest rebooted since the reboot was asked for.
    pub(super) rebooted: bool,
    /// Generation for which the disks were made.
    pub(super) provisioned: Option<i64>,
    /// What the guest told, once it answered since its boot.
    pub(super) guest: Option<Box<GuestInfo>>,
    /// When to ask the guest again.
    pub(super) guest_due: Option<Timestamp>,
    /// How often the guest was asked since it booted.
    pub(super) guest_asked: u32,
    /// Until when a connection that is being made again counts as one that never broke.
    pub(super) reconnect_until: Option<Timestamp>,
}

impl Memory {
    /// Takes in one piece of mail.
    pub(super) fn note(&mut self, mail: Mail) {
        let Mail::Engine(event) = mail else { return };
        match *event {
            EngineEvent::Exited { exit, .. } => {
                self.exit = Some(Box::new(exit));
                self.forget_guest();
            }
            EngineEvent::Agent { connected, .. } => {
                self.forget_guest();
                if connected {
                    self.guest_due = Some(clock::now());
                    // It is back: from now on a break is a break.
                    self.reconnect_until = None;
                }
            }
            EngineEvent::Rebooted { .. } => {
                self.rebooted = true;
                self.reconnect_until = None;
                self.forget_guest();
            }
            EngineEvent::Paused { .. } => {}
        }
    }

    fn forget_guest(&mut self) {
        self.guest = None;
        self.guest_due = None;
        self.guest_asked = 0;
    }
}

/// How long to rest: until a moment, but never long without a look.
fn rest_until(until: Option<Timestamp>) -> Duration {
    let now = clock::now();
    let wait = until.map_or(RESYNC, |at| clock::until(at, now).min(RESYNC));
    wait.max(Duration::from_millis(5))
}

/// The task of one VM.
pub(super) struct Driver {
    pub(super) app: Shared,
    pub(super) recorder: Recorder,
    pub(super) key: Key,
    pub(super) uid: String,
    pub(super) mail: UnboundedReceiver<Mail>,
    pub(super) memory: Memory,
    /// Limits how many drivers take their turn at once.
    pub(super) turns: Arc<Semaphore>,
    /// Leave to take a turn.
    pub(super) leave: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Driver {
    /// Works until there is nothing to do.
    pub(super) async fn run(&mut self) -> End {
        let (mut failures, mut busy) = (0, 0);
        loop {
            // Waited for here and not in the turn: a turn that has begun takes much memory. Nobody closes the semaphore; a
            // driver works on without a permit rather than not at all.
            let leave = Arc::clone(&self.turns).acquire_owned().await.ok();
            *self.leave() = leave;
            let turn = Box::pin(self.turn()).await;
            self.let_others();
            match turn {
                // Nobody needs this many steps in a row; a fault of ours must not burn a processor.
                Ok(Turn::Again) if busy >= BUSY => {
                    tracing::warn!(vm = %self.key, "does not come to rest");
                    return End::Rest(Duration::from_millis(500));
                }
                Ok(Turn::Again) => (failures, busy) = (0, busy + 1),
                Ok(Turn::Rest(until)) => return End::Rest(rest_until(until)),
                Ok(Turn::Gone) => return End::Gone,
                Err(error) => {
                    failures += 1;
                    tracing::warn!(vm = %self.key, %error, "a turn failed");
                    self.pause(Duration::from_millis(250 << failures.min(6)))
                        .await;
                }
            }
        }
    }

    fn leave(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.leave.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets others take their turn while this one waits for the engine: a machine may take long to start.
    pub(super) fn let_others(&self) {
        self.leave().take();
    }

    /// Waits for a while, or for mail.
    async fn pause(&mut self, wait: Duration) {
        if let Ok(Some(mail)) = timeout(wait, self.mail.recv()).await {
            self.memory.note(mail);
        }
    }

    async fn turn(&mut self) -> Result<Turn, ApiError> {
        while let Ok(mail) = self.mail.try_recv() {
            self.memory.note(mail);
        }
        let Some(subject) = Subject::read(&self.app.store, &self.key, &self.uid) else {
            return Ok(Turn::Gone);
        };
        let mut facts = self.gather(subject).await?;
        if let Some(update) = settle::settle(&facts, &mut self.memory) {
            return self.write(update).await.map(|_| Turn::Again);
        }
        if settle::expired(&facts) {
            return self.expire().await;
        }
        self.ask_guest(&mut facts).await;
        let view = facts.view();
        if let Some(update) = self.report(&facts, &view) {
            // The step must start from what is written, so everything is read again.
            return self.write(update).await.map(|_| Turn::Again);
        }
        match plan::next(&view) {
            Step::Rest(until) => Ok(Turn::Rest(self.wake_at(&facts, until))),
            step => Box::pin(self.perform(step, facts)).await,
        }
    }

    /// Looks at everything.
    async fn gather(&mut self, subject: Subject) -> Result<Facts, ApiError> {
        let observed = timeout(ASK, self.app.engine.observe(&self.uid)).await;
        let observation = match observed {
            Ok(Ok(observation)) => observation,
            Ok(Err(error)) => return Err(self.engine_error(&error)),
            Err(_) => return Err(ApiError::timeout("the engine did not tell what it sees")),
        };
        let mut facts = Facts::new(&self.app, subject, observation);
        self.bridge_reconnect(&mut facts);
        facts.provisioned = self.memory.provisioned == Some(facts.subject.generation());
        facts.guest_answered = self.memory.guest.is_some() || self.reconnecting(&facts);
        Ok(facts)
    }

    /// A new server needs a moment to find the agents of machines that ran all the time; that is no
    /// news about the guest.
    fn bridge_reconnect(&self, facts: &mut Facts) {
        let bridged = self.reconnecting(facts);
        if let Observation::On { agent, .. } = &mut facts.observation {
            *agent = *agent || bridged;
        }
    }

    fn reconnecting(&self, facts: &Facts) -> bool {
        let in_time = self
            .memory
            .reconnect_until
            .is_some_and(|until| facts.now < until);
        let had = super::conditions::holds(&facts.subject.status.conditions, "AgentConnected");
        in_time && had && matches!(facts.observation, Observation::On { paused: false, .. })
    }

    /// Asks the guest who it is: at once when its agent connects, then ever more rarely.
    async fn ask_guest(&mut self, facts: &mut Facts) {
        let Seen::On {
            paused: false,
            agent: true,
        } = facts.seen()
        else {
            return;
        };
        let due = *self.memory.guest_due.get_or_insert(facts.now);
        if due > facts.now || facts.subject.deleting() {
            return;
        }
        self.memory.guest_asked += 1;
        let asked = timeout(
            Duration::from_secs(5),
            self.app.engine.guest_info(&self.uid),
        )
        .await;
        let answered = matches!(asked, Ok(Ok(_)));
        if let Ok(Ok(info)) = asked {
            self.memory.guest = Some(Box::new(info));
            facts.guest_answered = true;
        }
        let pause = match (answered, self.memory.guest_asked) {
            (false, n) => Duration::from_millis(200 << n.min(5)),
            (true, n) => Duration::from_secs(1 << n.min(8)),
        };
        self.memory.guest_due = Some(clock::after(clock::now(), pause));
    }

    /// Status, operation and events as they are to be; nothing when they are so already.
    fn report(&self, facts: &Facts, view: &plan::View) -> Option<Update> {
        let mut new = status::compose(facts, view, self.app.engine.name());
        if view.seen.is_on() {
            tell::guest(&mut new, facts, self.memory.guest.as_deref());
        }
        let mut update = Update::of(&facts.subject);
        if let Some((key, rv, op)) = &facts.subject.op {
            let mut op = op.clone();
            if status::advance(facts, view, &mut op) {
                update.op = Some((key.clone(), *rv, op));
            }
        }
        update.notes = tell::news(facts, &new);
        if new == facts.subject.status && update.op.is_none() && update.notes.is_empty() {
            return None;
        }
        update.status = Some(new);
        Some(update)
    }

    pub(super) async fn write(&self, update: Update) -> Result<Committed, ApiError> {
        update.commit(&self.app.store, &self.recorder).await
    }

    /// When to look again although nothing is reported.
    fn wake_at(&self, facts: &Facts, until: Option<Timestamp>) -> Option<Timestamp> {
        let operation = facts.subject.op_value().map(op::deadline);
        let guest = self.memory.guest_due.filter(|_| facts.seen().is_on());
        let ttl = settle::expires_at(&facts.subject);
        let reconnect = self.memory.reconnect_until.filter(|at| *at > facts.now);
        let reboot = settle::reboot_over_at(&facts.subject);
        [until, operation, guest, ttl, reconnect, reboot]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn engine_error(&self, error: &EngineError) -> ApiError {
        super::fault::answer(error, self.app.engine.name(), &self.key)
    }
}
