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
/// While many requests come, so many reports are taken along with them each time that so long has passed.
const ALONG: usize = 6;
const ALONG_EVERY: Duration = Duration::from_millis(20);
/// Many are so many in such a stretch of time, or in the one before it.
const MANY: usize = 32;
const STRETCH: Duration = Duration::from_millis(100);

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
    rate: Rate,
    closed: bool,
}

/// How many requests come.
#[derive(Default)]
struct Rate {
    since: Option<Instant>,
    now: usize,
    before: usize,
}

impl Rate {
    fn count(&mut self, requests: usize) {
        self.turn();
        self.now += requests;
    }

    /// Whether requests come so fast that reports would hold them up.
    fn is_high(&mut self) -> bool {
        self.turn();
        self.now.max(self.before) >= MANY
    }

    fn turn(&mut self) {
        let gone = self.since.map_or(STRETCH * 2, |since| since.elapsed());
        if gone >= STRETCH {
            self.before = if gone < STRETCH * 2 { self.now } else { 0 };
            (self.now, self.since) = (0, Some(Instant::now()));
        }
    }
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
        let until = Instant::now() + limit;
        let mut waiting = self.lock();
        loop {
            let batch = waiting.take();
            if !batch.is_empty() {
                return Next::Batch(batch);
            }
            let left = until.saturating_duration_since(Instant::now());
            if waiting.is_empty() && waiting.closed {
                return Next::Closed;
            } else if left.is_zero() {
                return Next::Nothing;
            }
            let pause = if waiting.reports.is_empty() {
                left
            } else {
                left.min(ALONG_EVERY)
            };
            let woken = self.filled.wait_timeout(waiting, pause);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
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
        self.rate.count(requests);
        let reports = self.reports.len().min(self.reports_due());
        if reports > 0 {
            self.reported = Some(Instant::now());
        }
        let requests = self.requests.drain(..requests);
        requests.chain(self.reports.drain(..reports)).collect()
    }

    fn reports_due(&mut self) -> usize {
        let due = self.reported.is_none_or(|at| at.elapsed() >= ALONG_EVERY);
        match (self.closed, self.rate.is_high()) {
            (true, _) | (_, false) => MAX_REPORTS,
            (false, true) if due => ALONG,
            (false, true) => 0,
        }
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
    fn reports_wait_while_many_requests_come_and_are_not_forgotten() {
        let queue = Queue::default();
        queue.push(job(Durability::Status));
        queue.push(job(Durability::Spec));
        assert_eq!(kinds(&queue), [Durability::Spec, Durability::Status]);
        for _ in 0..MANY {
            assert!(queue.push(job(Durability::Spec)));
        }
        queue.push(job(Durability::Status));
        assert_eq!(kinds(&queue), vec![Durability::Spec; MANY]);
        assert!(kinds(&queue).is_empty());
        std::thread::sleep(ALONG_EVERY * 2);
        assert_eq!(kinds(&queue), [Durability::Status]);
        queue.push(job(Durability::Status));
        std::thread::sleep(STRETCH * 3);
        assert_eq!(kinds(&queue), [Durability::Status]);
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
