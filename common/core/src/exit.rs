//! The exit codes of the whole toolkit, in one table.

/// What went wrong, as a class that scripts can act on. One class is one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The operation failed, or the answer to the question was no.
    Failed,
    /// Bad flag, argument, selector or format; a missing `--yes` without a terminal.
    Usage,
    /// Invalid input file, manifest or configuration.
    Config,
    /// Already exists, changed meanwhile, or locked.
    Conflict,
    /// Not logged in, or not allowed.
    Auth,
    /// Network or server trouble after all retries.
    Unavailable,
    /// Checksum, signature or decryption.
    Integrity,
    /// Some of several targets failed.
    Partial,
    /// No such object.
    NotFound,
    /// A prompt was answered with no.
    Cancelled,
    /// `--timeout` elapsed.
    Timeout,
    /// A program was found but cannot be executed.
    NotExecutable,
    /// A program vanished, or its interpreter is missing.
    Vanished,
    /// A signal ended the work; the number is the signal's.
    Signal(i32),
    /// A bug of ours.
    Internal,
}

impl Kind {
    /// The process exit code of this class.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Conflict => 4,
            Self::Auth => 5,
            Self::Unavailable => 6,
            Self::Integrity => 7,
            Self::Partial => 8,
            Self::NotFound => 11,
            Self::Cancelled => 12,
            Self::Internal => 101,
            Self::Timeout => 124,
            Self::NotExecutable => 126,
            Self::Vanished => 127,
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }

    /// The class name used in JSON errors.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Config => "config",
            Self::Conflict => "conflict",
            Self::Auth => "auth",
            Self::Unavailable => "unavailable",
            Self::Integrity => "integrity",
            Self::Partial => "partial",
            Self::NotFound => "not-found",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
            Self::Timeout => "timeout",
            Self::NotExecutable => "not-executable",
            Self::Vanished => "vanished",
            Self::Signal(_) => "signal",
        }
    }

    /// The class of a command whose `ok` targets succeeded and whose others failed with `failures`.
    ///
    /// One class stays itself, a mixture with successes is `Partial`, and several classes without
    /// any success are plain `Failed`.
    #[must_use]
    pub fn of_many(ok: usize, failures: &[Self]) -> Option<Self> {
        let first = *failures.first()?;
        Some(if ok > 0 {
            Self::Partial
        } else if failures.iter().all(|kind| *kind == first) {
            first
        } else {
            Self::Failed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_many_targets_follow_the_table() {
        assert_eq!(Kind::of_many(2, &[]), None);
        assert_eq!(Kind::of_many(0, &[Kind::NotFound; 2]), Some(Kind::NotFound));
        assert_eq!(Kind::of_many(1, &[Kind::NotFound]), Some(Kind::Partial));
        let mixed = [Kind::NotFound, Kind::Conflict];
        assert_eq!(Kind::of_many(0, &mixed), Some(Kind::Failed));
    }
}
