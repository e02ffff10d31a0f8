//! When to ask again, and after how long.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use backon::BackoffBuilder;
use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::error::Error;

/// How often a request is repeated.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Repetitions after the first attempt.
    pub times: u32,
    /// Upper bound of the first pause; each further one doubles it.
    pub first: Duration,
    /// Upper bound of every pause.
    pub longest: Duration,
}

impl RetryPolicy {
    /// Ask once only.
    pub const NEVER: Self = Self {
        times: 0,
        first: Duration::ZERO,
        longest: Duration::ZERO,
    };
}

impl RetryPolicy {
    /// The pauses between attempts, one after another.
    pub fn pauses(self) -> impl Iterator<Item = Duration> + Send + Sync + Unpin + std::fmt::Debug {
        self.build()
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            times: 4,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(5),
        }
    }
}

impl BackoffBuilder for RetryPolicy {
    type Backoff = FullJitter;

    fn build(self) -> FullJitter {
        FullJitter {
            policy: self,
            attempt: 0,
        }
    }
}

/// Pauses drawn evenly between nothing and a doubling bound, so that many clients spread out.
#[derive(Debug)]
pub struct FullJitter {
    policy: RetryPolicy,
    attempt: u32,
}

impl Iterator for FullJitter {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.attempt >= self.policy.times {
            return None;
        }
        let bound = self
            .policy
            .first
            .saturating_mul(1 << self.attempt.min(20))
            .min(self.policy.longest);
        self.attempt += 1;
        Some(random_below(bound))
    }
}

/// A hasher seeded by the system is random enough for spreading retries.
fn random_below(bound: Duration) -> Duration {
    let seed = RandomState::new().hash_one(0_u8) >> 32;
    let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    let drawn = (u128::from(nanos) * u128::from(seed)) >> 32;
    Duration::from_nanos(u64::try_from(drawn).unwrap_or(nanos))
}

/// Whether a request that failed so may be sent again. One that is not idempotent may only when it cannot have arrived.
pub(crate) fn may_repeat(error: &Error, idempotent: bool) -> bool {
    match error {
        // A socket file without a listener stays so until somebody starts a server.
        Error::Unreachable {
            endpoint,
            nothing_listens: true,
            ..
        } if endpoint.starts_with("unix:") => false,
        Error::Unreachable { not_allowed, .. } => !not_allowed,
        Error::Refused(_) | Error::Broken { .. } => idempotent && error.is_transient(),
        _ => false,
    }
}

/// The pause that the server asked for, else the drawn one. Nothing ends the retrying: an answer in an hour helps nobody.
pub(crate) fn pause(error: &Error, drawn: Option<Duration>, longest: Duration) -> Option<Duration> {
    let drawn = drawn?;
    let Error::Refused(refusal) = error else {
        return Some(drawn);
    };
    match retry_after(&refusal.headers) {
        Some(asked) if asked > longest.max(Duration::from_mins(1)) => None,
        Some(asked) => Some(asked.max(drawn)),
        None => Some(drawn),
    }
}

/// `Retry-After` in seconds; the date form is not used by any server we talk to.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::error::Refusal;

    fn refused(status: u16, retry_after: Option<&'static str>) -> Error {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        Error::Refused(Box::new(Refusal {
            endpoint: "x".into(),
            status,
            headers,
            body: Bytes::new(),
        }))
    }

    #[test]
    fn pauses_stay_below_a_doubling_bound() {
        let policy = RetryPolicy {
            times: 6,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(1),
        };
        let pauses: Vec<Duration> = policy.build().collect();
        assert_eq!(pauses.len(), 6);
        for (index, pause) in pauses.iter().enumerate() {
            assert!(
                *pause <= Duration::from_millis(100 << index).min(policy.longest),
                "{index}: {pause:?}"
            );
        }
    }

    #[test]
    fn only_safe_requests_are_repeated() {
        assert!(may_repeat(&refused(503, None), true));
        assert!(may_repeat(&refused(429, None), true));
        assert!(!may_repeat(&refused(503, None), false));
        assert!(!may_repeat(&refused(500, None), true));
        assert!(!may_repeat(&refused(404, None), true));
        let unreachable = |endpoint: &str| Error::Unreachable {
            endpoint: endpoint.into(),
            reason: "refused".into(),
            nothing_listens: true,
            not_allowed: false,
        };
        assert!(may_repeat(&unreachable("https://x"), false));
        assert!(!may_repeat(&unreachable("unix:/x"), true));
    }

    #[test]
    fn the_server_says_how_long_to_wait() {
        let (drawn, longest) = (Some(Duration::from_millis(5)), Duration::from_secs(5));
        assert_eq!(
            pause(&refused(503, Some("2")), drawn, longest),
            Some(Duration::from_secs(2))
        );
        assert_eq!(pause(&refused(503, Some("3600")), drawn, longest), None);
        assert_eq!(pause(&refused(503, None), drawn, longest), drawn);
        assert_eq!(pause(&refused(503, Some("2")), None, longest), None);
    }
}
