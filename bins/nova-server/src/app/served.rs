//! Counts of what the server did, for `/metrics`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Requests by method and status, their time, and open watches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: Mutex<BTreeMap<(String, u16), u64>>,
    micros: AtomicU64,
    watches: AtomicU64,
}

/// Counts as a watch while it lives.
#[derive(Debug)]
pub(crate) struct Watching(Served);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.0.watches.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Served {
    /// Counts a request that was answered.
    pub(crate) fn request(&self, method: &str, status: u16, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.micros.fetch_add(micros, Ordering::Relaxed);
        // Methods are the client's own words; those that HTTP does not know are one.
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        let method = if known.contains(&method) {
            method
        } else {
            "other"
        };
        let mut requests = self
            .0
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method.to_owned(), status)).or_default() += 1;
    }

    /// Counts a watch until the answer is dropped.
    pub(crate) fn watch(&self) -> Watching {
        self.0.watches.fetch_add(1, Ordering::Relaxed);
        Watching(self.clone())
    }

    /// Requests by method and status.
    pub(crate) fn requests(&self) -> Vec<((String, u16), u64)> {
        let requests = self
            .0
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        requests
            .iter()
            .map(|(key, count)| (key.clone(), *count))
            .collect()
    }

    /// Seconds spent in them, heads only: streams go on after that.
    pub(crate) fn seconds(&self) -> f64 {
        Duration::from_micros(self.0.micros.load(Ordering::Relaxed)).as_secs_f64()
    }

    /// Watches that are open.
    pub(crate) fn watches(&self) -> u64 {
        self.0.watches.load(Ordering::Relaxed)
    }
}
