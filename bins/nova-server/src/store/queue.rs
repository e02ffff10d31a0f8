//! Writes that wait for the writer thread. What somebody asked for goes before what controllers report: a fleet that is
//! being made must not slow down the making of it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Durability;
use super::writer::Job;

/// Closures that share a transaction at most: bounds the latency of the first of them.
const MAX_BATCH: usize = 512;
/// Reports that share a transaction at most, so that a request that comes meanwhile need not wait long.
const MAX_REPORTS: usize = 128;
/// While requests keep coming, so many reports are taken along with them each time that so long has passed.
const ALONG: usize = 16;
const ALONG_EVERY: Duration = Duration::from_millis(20);

/// What the writer is to do next.
pub(super) enum Next {
    /// Run these in one transaction.
    Batch(Vec<Job>),
    /// Nothing came within the time.
    Nothing,
    /// Nothing comes any more.
    Closed,
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    /// From the next batch on, the disk is full.
    #[cfg(test)]
    pub(super) disk_full: std::sync::atomic::AtomicBool,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Job>,
    reports: VecDeque<Job>,
    /// When reports were last taken.
    reported: Option<Instant>,
    closed: bool,
}

impl Queue {
    /// Adds a write; answers whether the queue takes any.
    pub(super) fn push(&self, job: Job) -> bool {
        let mut waiting = self.lock();
        if waiting.closed {
            return false;
        }
        match job.durability {
            Durability::Spec => waiting.requests.push_back(job),
            Durability::Status => waiting.reports.push_back(job),
        }
        drop(waiting);
        self.filled.notify_one();
        true
    }

    /// Takes no more writes; those that wait are still handed out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// The next batch, waited for no longer than `limit`.
    pub(super) fn next(&self, limit: Duration) -> Next {
        let idle = |waiting: &mut Waiting| waiting.is_empty() && !waiting.closed;
        let waited = self.filled.wait_timeout_while(self.lock(), limit, idle);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match (waiting.is_empty(), waiting.closed) {
            (false, _) => Next::Batch(waiting.take()),
            (true, true) => Next::Closed,
            (true, false) => Next::Nothing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.reports.is_empty()
    }

    fn take(&mut self) -> Vec<Job> {
        let requests = self.requests.len().min(MAX_BATCH);
        let mut batch: Vec<Job> = self.requests.drain(..requests).collect();
        let due = self.reported.is_none_or(|at| at.elapsed() >= ALONG_EVERY);
        let reports = match due {
            _ if batch.is_empty() => MAX_REPORTS,
            true => ALONG,
            false => 0,
        };
        if reports > 0 {
            self.reported = Some(Instant::now());
            let reports = reports.min(self.reports.len());
            batch.extend(self.reports.drain(..reports));
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(durability: Durability) -> Job {
        Job {
            durability,
            keep: true,
            work: Box::new(|_| (Ok(()), Box::new(|_| {}))),
        }
    }

    fn kinds(queue: &Queue) -> Vec<Durability> {
        match queue.next(Duration::ZERO) {
            Next::Batch(jobs) => jobs.iter().map(|job| job.durability).collect(),
            Next::Nothing | Next::Closed => Vec::new(),
        }
    }

    #[test]
    fn requests_go_first_and_reports_are_not_forgotten() {
        let queue = Queue::default();
        let fill = || {
            queue.push(job(Durability::Status));
            queue.push(job(Durability::Spec));
        };
        fill();
        assert_eq!(kinds(&queue), [Durability::Spec, Durability::Status]);
        fill();
        assert_eq!(kinds(&queue), [Durability::Spec]);
        queue.push(job(Durability::Spec));
        std::thread::sleep(ALONG_EVERY * 2);
        assert_eq!(kinds(&queue), [Durability::Spec, Durability::Status]);
        assert!(kinds(&queue).is_empty());
    }

    #[test]
    fn a_closed_queue_empties_and_takes_no_more() {
        let queue = Queue::default();
        queue.push(job(Durability::Status));
        queue.close();
        assert!(!queue.push(job(Durability::Spec)));
        assert_eq!(kinds(&queue), [Durability::Status]);
        assert!(matches!(queue.next(Duration::from_secs(9)), Next::Closed));
    }
}
