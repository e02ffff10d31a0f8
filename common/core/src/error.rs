//! The one error type of commands, and how libraries join it.

use std::fmt;

use serde_json::{Map, Value};

use crate::exit::Kind;

/// What a command returns when it cannot do its work: a class, one sentence, causes and hints.
///
/// The message is a lowercase fragment that reads after `error: `. Hints are actions or commands
/// that can be pasted; at most two are shown.
#[derive(Debug, Clone)]
pub struct Failure(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    details: Map<String, Value>,
    request_id: Option<String>,
    retryable: bool,
    code: Option<u8>,
    silent: bool,
}

/// The result of a command.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// A library error that knows its class and what to try next.
///
/// Implementing it makes `?` turn the error into a [`Failure`] with its whole chain of causes.
pub trait Diagnose: std::error::Error {
    /// The class.
    fn kind(&self) -> Kind;

    /// A command or action that helps.
    fn hint(&self) -> Option<String> {
        None
    }

    /// More hints, after [`Diagnose::hint`].
    fn more_hints(&self) -> Vec<String> {
        Vec::new()
    }

    /// Machine-readable details for JSON errors.
    fn details(&self) -> Map<String, Value> {
        Map::new()
    }

    /// The id of the request that failed.
    fn request_id(&self) -> Option<String> {
        None
    }

    /// Whether the same call may succeed later.
    fn retryable(&self) -> bool {
        false
    }
}

impl Failure {
    /// A failure of class `kind` with its one sentence.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            details: Map::new(),
            request_id: None,
            retryable: false,
            code: None,
            silent: false,
        }))
    }

    /// A usage error.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// An exit with `code` and no message: a remote command's own status, or a negative answer
    /// that was already printed.
    #[must_use]
    pub fn silent(code: u8) -> Self {
        let mut failure = Self::new(Kind::Failed, String::new());
        failure.0.code = Some(code);
        failure.0.silent = true;
        failure
    }

    /// Adds a hint: a command to paste or an action to take.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Adds a cause, shown under `-v`.
    #[must_use]
    pub fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        self.0.causes.push(cause.to_string());
        self
    }

    /// Adds one machine-readable detail.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    /// Replaces the exit code, for verbs that pass a remote status on and use 125 for their own.
    #[must_use]
    pub fn with_code(mut self, code: u8) -> Self {
        self.0.code = Some(code);
        self
    }

    /// The class.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The exit code: the class's, unless replaced.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.0.code.unwrap_or_else(|| self.0.kind.code())
    }

    /// The one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The causes, nearest first.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// The hints, best first.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// Whether nothing is to be printed.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.0.silent
    }

    /// The JSON form of `cli-conventions`: one object, `kind: Error`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::json!({
            "apiVersion": "nova.dev/v1",
            "kind": "Error",
            "class": self.0.kind.class(),
            "exitCode": self.code(),
            "message": self.0.message,
            "causes": self.0.causes,
            "hints": self.0.hints,
            "details": self.0.details,
            "requestId": self.0.request_id,
            "retryable": self.0.retryable,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::diagnosed(&error)
    }
}

impl Failure {
    /// One for all kinds of errors: each would have a copy of its own otherwise.
    fn diagnosed(error: &dyn Diagnose) -> Self {
        let mut failure = Self::new(error.kind(), error.to_string());
        failure.0.causes = causes_of(error);
        failure.0.hints.extend(error.hint());
        failure.0.hints.extend(error.more_hints());
        failure.0.details = error.details();
        failure.0.request_id = error.request_id();
        failure.0.retryable = error.retryable();
        failure
    }
}

/// The chain of sources, without links that only repeat what is already said.
fn causes_of(error: &dyn std::error::Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !said.ends_with(&text) {
            causes.push(text.clone());
        }
        said = text;
        next = source.source();
    }
    causes
}

/// Turns foreign errors into failures. `io` and `serde` errors have no other way, so that every
/// one of them says what was being done.
pub trait Context<T> {
    /// Wraps the error as "`doing`: error" of class `kind`.
    fn context(self, kind: Kind, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: std::error::Error> Context<T> for std::result::Result<T, E> {
    fn context(self, kind: Kind, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let mut failure = Failure::new(kind, format!("{}: {error}", doing()));
            failure.0.causes = causes_of(&error);
            failure
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer: {source}")]
    struct Outer {
        #[source]
        source: std::io::Error,
    }

    impl Diagnose for Outer {
        fn kind(&self) -> Kind {
            Kind::Config
        }
        fn hint(&self) -> Option<String> {
            Some("do this".into())
        }
    }

    #[test]
    fn a_diagnosed_error_keeps_class_and_hint_and_does_not_repeat_its_cause() {
        let source = std::io::Error::other("disk on fire");
        let failure = Failure::from(Outer { source });
        assert_eq!(failure.kind(), Kind::Config);
        assert_eq!(failure.code(), 3);
        assert_eq!(failure.message(), "outer: disk on fire");
        assert!(failure.causes().is_empty());
        assert_eq!(failure.hints(), ["do this"]);
    }

    #[test]
    fn context_says_what_was_being_done() {
        let error: std::result::Result<(), _> = Err(std::io::Error::other("no"));
        let failure = error
            .context(Kind::Failed, || "reading x".into())
            .unwrap_err();
        assert_eq!(failure.message(), "reading x: no");
    }

    #[test]
    fn json_errors_carry_class_code_and_hints() {
        let json = Failure::new(Kind::NotFound, "no").with_hint("h").to_json();
        assert_eq!(json["class"], "not-found");
        assert_eq!(json["exitCode"], 11);
        assert_eq!(json["hints"][0], "h");
    }
}
