//! Whether anybody uses the server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Counts clients and tells when the server is about to end.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    clients: Arc<AtomicUsize>,
    last: Arc<Mutex<Instant>>,
    stopping: Arc<watch::Sender<bool>>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            clients: Arc::default(),
            last: Arc::new(Mutex::new(Instant::now())),
            stopping: Arc::new(watch::Sender::new(false)),
        }
    }
}

/// Keeps the server from going idle while it lives.
#[derive(Debug)]
pub(crate) struct Guard(Activity);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.touch();
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Activity {
    /// Somebody is here until the guard is dropped.
    pub(crate) fn guard(&self) -> Guard {
        self.clients.fetch_add(1, Ordering::Relaxed);
        self.touch();
        Guard(self.clone())
    }

    /// How long nobody was here; nothing while somebody is.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        if self.clients.load(Ordering::Relaxed) > 0 {
            return None;
        }
        Some(
            self.last
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .elapsed(),
        )
    }

    /// Clients that are here now.
    pub(crate) fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Asks long streams to end, because the server does.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns when the server is about to end.
    pub(crate) async fn stopping(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        drop(stopping.wait_for(|stop| *stop).await);
    }

    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_idle_while_somebody_is_here() {
        let activity = Activity::default();
        let guard = activity.guard();
        assert_eq!(activity.idle_for(), None);
        drop(guard);
        assert!(activity.idle_for().is_some());
    }
}
