//! What one remote identity may take of the server. Admins and the socket's owner are not limited.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::Identity;
use crate::api::error::ApiError;

/// Requests per second that go on and on.
const RATE: f64 = 200.0;
/// Requests that may come at once.
const BURST: f64 = 400.0;
/// Watches at a time.
const WATCHES: u32 = 100;
/// Other streams (exec, logs) at a time.
const STREAMS: u32 = 50;

/// What is being counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Watch,
    Stream,
}

/// Counters by user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits(Arc<Mutex<HashMap<String, Use>>>);

#[derive(Debug)]
struct Use {
    tokens: f64,
    seen: Instant,
    watches: u32,
    streams: u32,
}

impl Default for Use {
    fn default() -> Self {
        Self {
            tokens: BURST,
            seen: Instant::now(),
            watches: 0,
            streams: 0,
        }
    }
}

/// Gives back what it stands for when dropped.
#[derive(Debug)]
pub(crate) struct Permit(Option<(Limits, String, Held)>);

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((limits, user, held)) = self.0.take() {
            limits.with(&user, |counted| {
                let count = counted.count(held);
                *count = count.saturating_sub(1);
            });
        }
    }
}

impl Use {
    fn count(&mut self, held: Held) -> &mut u32 {
        match held {
            Held::Watch => &mut self.watches,
            Held::Stream => &mut self.streams,
        }
    }
}

impl Limits {
    /// Counts a request.
    pub(crate) fn request(&self, identity: &Identity) -> Result<(), ApiError> {
        if !identity.is_limited() {
            return Ok(());
        }
        let allowed = self.with(&identity.user, |counted| {
            let now = Instant::now();
            let earned = now.duration_since(counted.seen).as_secs_f64() * RATE;
            counted.tokens = (counted.tokens + earned).min(BURST);
            counted.seen = now;
            let allowed = counted.tokens >= 1.0;
            if allowed {
                counted.tokens -= 1.0;
            }
            allowed
        });
        if allowed {
            Ok(())
        } else {
            Err(ApiError::too_many("too many requests, slow down"))
        }
    }

    /// Counts a stream for as long as the permit lives.
    pub(crate) fn hold(&self, identity: &Identity, held: Held) -> Result<Permit, ApiError> {
        if !identity.is_limited() {
            return Ok(Permit(None));
        }
        let (limit, what) = match held {
            Held::Watch => (WATCHES, "watches"),
            Held::Stream => (STREAMS, "streams"),
        };
        let allowed = self.with(&identity.user, |counted| {
            let count = counted.count(held);
            let allowed = *count < limit;
            *count += u32::from(allowed);
            allowed
        });
        if !allowed {
            return Err(ApiError::too_many(format!(
                "{limit} {what} are open already"
            )));
        }
        Ok(Permit(Some((self.clone(), identity.user.clone(), held))))
    }

    fn with<T>(&self, user: &str, change: impl FnOnce(&mut Use) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(user.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Role, Transport};

    fn identity(role: Role) -> Identity {
        Identity::new("ana", role, Transport::Https)
    }

    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let limits = Limits::default();
        let viewer = identity(Role::Viewer);
        let passed = (0..1000)
            .filter(|_| limits.request(&viewer).is_ok())
            .count();
        assert!((400..500).contains(&passed), "{passed}");
        let error = limits.request(&viewer).unwrap_err();
        assert_eq!(error.status(), 429);
        assert!((0..1000).all(|_| limits.request(&identity(Role::Admin)).is_ok()));
    }

    #[test]
    fn a_watch_is_given_back() {
        let limits = Limits::default();
        let viewer = identity(Role::Viewer);
        let held: Vec<_> = (0..100)
            .map(|_| limits.hold(&viewer, Held::Watch).unwrap())
            .collect();
        assert!(limits.hold(&viewer, Held::Watch).is_err());
        limits.hold(&viewer, Held::Stream).unwrap();
        drop(held);
        limits.hold(&viewer, Held::Watch).unwrap();
    }
}
