//! What a command printed and how it ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt;

use predicates::prelude::Predicate;
use predicates::str::contains;
use serde_json::Value;

/// The end of a command. Look at it: assert on it, or call [`Output::ok`].
#[must_use]
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) command: String,
    /// Exit code; `128 + n` when signal n ended it, as a shell shows it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// The end of the command `line`.
    pub(crate) fn of(line: &str, ran: std::process::Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let signal = || 128 + ran.status.signal().unwrap_or(0);
        Self {
            command: line.to_owned(),
            code: ran.status.code().unwrap_or_else(signal),
            stdout: text(ran.stdout),
            stderr: text(ran.stderr),
        }
    }

    /// Asserts success and answers standard output.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self}");
        self.stdout
    }

    /// Asserts failure with `code` and that stderr holds every one of `parts`.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, parts: &[&str]) -> Failed {
        assert_eq!(self.code, code, "{self}");
        for part in parts {
            assert!(
                contains(*part).eval(&self.stderr),
                "stderr lacks `{part}`:\n{self}"
            );
        }
        Failed(self)
    }

    /// Asserts success and answers standard output as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let text = self.clone().ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("not JSON ({error}):\n{self}"))
    }
}

/// An output that was asserted to be a failure.
#[derive(Debug)]
pub(crate) struct Failed(Output);

impl std::ops::Deref for Failed {
    type Target = Output;

    fn deref(&self) -> &Output {
        &self.0
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            command,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "$ {command}\nexit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}"
        )
    }
}
