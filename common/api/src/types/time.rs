//! Instants as they travel: RFC 3339 in UTC, kept as written.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An instant; keeps the text it came as, so that objects round-trip unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Time(String);

impl Time {
    /// The instant, or nothing when the text is not RFC 3339.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.0.parse().ok()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Timestamp> for Time {
    /// Writes UTC with milliseconds, the form of this API.
    fn from(at: Timestamp) -> Self {
        Self(format!("{at:.3}"))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_with_milliseconds_and_kept_as_read() {
        let at: Timestamp = "2026-01-02T03:04:05.1Z".parse().unwrap();
        assert_eq!(Time::from(at).as_str(), "2026-01-02T03:04:05.100Z");
        let read: Time = serde_json::from_str("\"2026-01-02T03:04:05Z\"").unwrap();
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            "\"2026-01-02T03:04:05Z\""
        );
        assert!(read.timestamp().is_some());
    }
}
