//! The writer thread: closures in, committed batches out.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use super::Durability;
use super::db::Db;
use super::error::commit_failed;
use super::state::State;
use super::tx::{Batch, Tx};
use crate::api::error::ApiError;

/// Closures that share a transaction at most: bounds the latency of the first of them.
const MAX_BATCH: usize = 512;
/// How often the log is trimmed.
const TRIM_EVERY: Duration = Duration::from_secs(5);

/// Tells the caller how it ended.
type Answer = Box<dyn FnOnce(Result<(), ApiError>) + Send>;

/// A closure with its caller behind it.
type Work = Box<dyn FnOnce(&mut Tx<'_>) -> (Result<(), ApiError>, Answer) + Send>;

/// A queued write.
pub(super) struct Job {
    pub(super) durability: Durability,
    /// Whether what it changes is stored; a dry run's is not.
    pub(super) keep: bool,
    pub(super) work: Work,
}

/// What the queue carries.
pub(super) enum Message {
    Write(Job),
    #[cfg(test)]
    LimitPages,
}

pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) state: Arc<RwLock<State>>,
    pub(super) revision: watch::Sender<u64>,
}

impl Writer {
    /// Serves the queue until every sender is gone.
    pub(super) fn run(mut self, queue: &Receiver<Message>) {
        let mut trimmed = std::time::Instant::now();
        loop {
            match queue.recv_timeout(TRIM_EVERY) {
                Ok(first) => self.serve(first, queue),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if trimmed.elapsed() >= TRIM_EVERY {
                self.trim();
                trimmed = std::time::Instant::now();
            }
        }
    }

    fn serve(&mut self, first: Message, queue: &Receiver<Message>) {
        let mut jobs = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Write(job) => jobs.push(job),
                #[cfg(test)]
                Message::LimitPages => self.db.limit_pages(),
            }
            next = if jobs.len() < MAX_BATCH {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        if !jobs.is_empty() {
            self.batch(jobs);
        }
    }

    fn batch(&mut self, jobs: Vec<Job>) {
        let state = Arc::clone(&self.state);
        let mut batch = Batch::new(&state, *self.revision.borrow());
        let mut durability = Durability::Status;
        let mut replies = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (before, wanted) = (batch.changes.len(), job.durability);
            let outcome = run_one(&mut batch, job);
            if batch.changes.len() > before && wanted == Durability::Spec {
                durability = Durability::Spec;
            }
            replies.extend(outcome);
        }
        let committed = self.commit(batch, durability);
        for (result, reply) in replies {
            reply(result.and(committed.clone()));
        }
    }

    fn commit(&mut self, batch: Batch<'_>, durability: Durability) -> Result<(), ApiError> {
        let Batch {
            changes, replies, ..
        } = batch;
        if changes.is_empty() && replies.is_empty() {
            return Ok(());
        }
        self.db
            .commit(&changes, &replies, durability)
            .map_err(|error| {
                tracing::error!(%error, changes = changes.len(), "a batch could not be stored");
                commit_failed(&error)
            })?;
        let newest = changes.last().map(|change| change.rv);
        self.state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .publish(changes, replies);
        if let Some(newest) = newest {
            self.revision.send_replace(newest);
        }
        Ok(())
    }

    fn trim(&mut self) {
        let now = jiff::Timestamp::now().as_millisecond();
        let floor = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.replies.trim(now);
            state.log.trim(now)
        };
        if let Err(error) = self.db.trim(floor, now) {
            tracing::warn!(%error, "the change log could not be trimmed");
        }
    }
}

/// Runs one closure. A panic in it fails that write alone: its caller sees a dropped reply.
fn run_one(batch: &mut Batch<'_>, job: Job) -> Option<(Result<(), ApiError>, Answer)> {
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let mut reply = None;
        let result = batch.run(job.keep, |tx| {
            let (result, answer) = (job.work)(tx);
            reply = Some(answer);
            result
        });
        reply.map(|reply| (result, reply))
    }));
    ran.unwrap_or_else(|_| {
        tracing::error!("a write panicked; its changes were dropped");
        None
    })
}
