//! The writer thread: closures in, committed batches out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Durability;
use super::checkpoint::Checkpointer;
use super::db::Db;
use super::error::commit_failed;
use super::memory::Memory;
use super::queue::{Next, Queue};
use super::sync::Syncer;
use super::tx::{Batch, Tx};
use crate::api::error::ApiError;

/// How often the log is trimmed.
const TRIM_EVERY: Duration = Duration::from_secs(5);

/// Tells the caller how it ended.
pub(super) type Answer = Box<dyn FnOnce(Result<(), ApiError>) + Send>;

/// A closure with its caller behind it.
type Work = Box<dyn FnOnce(&mut Tx<'_>) -> (Result<(), ApiError>, Answer) + Send>;

/// A queued write.
pub(super) struct Job {
    pub(super) durability: Durability,
    /// Whether what it changes is stored; a dry run's is not.
    pub(super) keep: bool,
    pub(super) work: Work,
}

pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) memory: Arc<Memory>,
    pub(super) revision: watch::Sender<u64>,
    pub(super) syncer: Syncer,
    pub(super) _checkpointer: Checkpointer,
}

impl Writer {
    /// Serves the queue until it is closed and empty.
    pub(super) fn run(mut self, queue: &Queue) {
        let mut trimmed = std::time::Instant::now();
        loop {
            let next = queue.next(TRIM_EVERY);
            #[cfg(test)]
            if queue
                .disk_full
                .swap(false, std::sync::atomic::Ordering::SeqCst)
            {
                self.db.limit_pages();
            }
            match next {
                Next::Batch(jobs) => self.batch(jobs),
                Next::Nothing => {}
                Next::Closed => return,
            }
            if trimmed.elapsed() >= TRIM_EVERY {
                self.trim();
                trimmed = std::time::Instant::now();
            }
        }
    }

    fn batch(&mut self, jobs: Vec<Job>) {
        let memory = Arc::clone(&self.memory);
        let mut batch = Batch::new(&memory, *self.revision.borrow());
        let mut replies = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (before, wanted) = (batch.changes.len(), job.durability);
            let outcome = run_one(&mut batch, job);
            let waits = wanted == Durability::Spec && batch.changes.len() > before;
            replies.extend(outcome.map(|(result, reply)| (result, reply, waits)));
        }
        let committed = self.commit(batch);
        for (result, reply, waits) in replies {
            match result.and(committed.clone()) {
                Ok(()) if waits => self.syncer.after_sync(reply),
                told => reply(told),
            }
        }
    }

    fn commit(&mut self, batch: Batch<'_>) -> Result<(), ApiError> {
        let Batch {
            changes, replies, ..
        } = batch;
        if changes.is_empty() && replies.is_empty() {
            return Ok(());
        }
        self.db.commit(&changes, &replies).map_err(|error| {
            tracing::error!(%error, changes = changes.len(), "a batch could not be stored");
            commit_failed(&error)
        })?;
        let newest = changes.last().map(|change| change.rv);
        self.memory.write().publish(changes, replies);
        if let Some(newest) = newest {
            self.revision.send_replace(newest);
        }
        Ok(())
    }

    fn trim(&mut self) {
        let now = jiff::Timestamp::now().as_millisecond();
        let floor = {
            let mut state = self.memory.write();
            state.replies.trim(now);
            state.log.floor()
        };
        match self.db.trim(floor, *self.revision.borrow(), now) {
            Ok(None) => {}
            Ok(Some(floor)) => self.memory.write().log.forget(floor),
            Err(error) => tracing::warn!(%error, "the change log could not be trimmed"),
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
