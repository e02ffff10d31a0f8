//! Making disks: the one step that may take long, so it shows its progress and can be broken off.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::{Instant, interval_at, timeout};

use super::commit::{Committed, Update, edit_operation};
use super::driver::{Driver, Turn};
use super::op;
use super::subject::{Facts, Subject};
use crate::api::error::ApiError;
use crate::engine::{EngineError, Machine, Progress};

/// Longest time that making disks may take.
const LIMIT: Duration = Duration::from_hours(1);
/// How often progress is written at most.
const TELL: Duration = Duration::from_millis(250);

/// The newest report of how far it is.
type Latest = Arc<Mutex<Option<(u64, u64, String)>>>;

impl Driver {
    pub(super) async fn provision(&mut self, facts: &Facts) -> Result<Turn, ApiError> {
        let Ok(machine) = &facts.machine else {
            return Ok(Turn::Rest(None));
        };
        let mut update = Update::of(&facts.subject);
        update.edit_op(&facts.subject, |op| {
            op::set_phase(op, "create-disk", "Running", facts.now);
        });
        if self.write(update).await? == Committed::Stale {
            return Ok(Turn::Again);
        }
        match self.make(facts, machine).await {
            None => Ok(Turn::Again),
            Some(Ok(())) => {
                self.memory.provisioned = Some(facts.subject.generation());
                Ok(Turn::Again)
            }
            Some(Err(error)) => self.fail(facts, "ProvisionFailed", &error).await,
        }
    }

    /// Makes the disks; nothing when the order changed meanwhile.
    async fn make(&mut self, facts: &Facts, machine: &Machine) -> Option<Result<(), EngineError>> {
        let latest = Latest::default();
        let sink = Arc::clone(&latest);
        let progress = Progress::new(move |_, current, total, unit| {
            let mut slot = sink.lock().unwrap_or_else(PoisonError::into_inner);
            *slot = Some((current, total, unit.to_owned()));
        });
        let app = Arc::clone(&self.app);
        self.let_others();
        let mut work = Box::pin(timeout(LIMIT, app.engine.provision(machine, &progress)));
        let mut ticks = interval_at(Instant::now() + TELL, TELL);
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    let what = "making the disks".to_owned();
                    return Some(done.unwrap_or(Err(EngineError::Timeout { what, after: LIMIT })));
                }
                _ = ticks.tick() => self.tell_progress(facts, &latest).await,
                mail = self.mail.recv() => {
                    self.memory.note(mail?);
                    if self.order_changed(&facts.subject) {
                        return None;
                    }
                }
            }
        }
    }

    async fn tell_progress(&self, facts: &Facts, latest: &Latest) {
        let news = latest.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some((current, total, unit)), Some((key, ..))) = (news, &facts.subject.op) else {
            return;
        };
        let change = move |op: &mut serde_json::Value| {
            op::set_progress(op, "create-disk", current, total, &unit);
        };
        if let Err(error) = edit_operation(&self.app.store, key.clone(), change).await {
            tracing::debug!(vm = %self.key, %error, "progress was not written");
        }
    }

    /// Whether the VM is to be something else than when `then` was read.
    fn order_changed(&self, then: &Subject) -> bool {
        let Some(now) = Subject::read(&self.app.store, &self.key, &self.uid) else {
            return true;
        };
        let name = |subject: &Subject| subject.op.as_ref().map(|(key, ..)| key.clone());
        let cancelling = now
            .op_value()
            .is_some_and(|op| super::doc::text(op, "/status/phase") == "Cancelling");
        cancelling
            || now.deleting() != then.deleting()
            || name(&now) != name(then)
            || now.generation() != then.generation()
    }
}
