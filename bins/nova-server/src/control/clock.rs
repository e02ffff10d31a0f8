//! Time as it stands in objects: RFC 3339 in UTC with milliseconds.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// This moment.
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The moment as objects write it.
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Reads a moment from an object; nonsense reads as absent.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// `at` plus `wait`, or the end of time.
pub(super) fn after(at: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// How long until `at`; zero when it has passed.
pub(super) fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_milliseconds_and_reads_back() {
        let at: Timestamp = "2026-01-02T03:04:05.006789Z".parse().unwrap();
        assert_eq!(stamp(at), "2026-01-02T03:04:05.006Z");
        assert_eq!(
            parse("2026-01-02T03:04:05Z").map(stamp).unwrap(),
            "2026-01-02T03:04:05.000Z"
        );
        assert_eq!(parse("soon"), None);
    }

    #[test]
    fn what_has_passed_is_no_wait() {
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(until(at, after(at, Duration::from_secs(1))), Duration::ZERO);
        assert_eq!(
            until(after(at, Duration::from_secs(2)), at),
            Duration::from_secs(2)
        );
    }
}
