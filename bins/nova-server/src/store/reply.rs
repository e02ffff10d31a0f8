//! Answers to requests with an `Idempotency-Key`, kept for a day.

use std::collections::HashMap;
use std::sync::Arc;

/// How long an answer is kept, milliseconds.
const KEEP_MILLIS: i64 = 24 * 3_600_000;

/// An answer that a repeated request gets again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Digest of what was asked for.
    pub(crate) fingerprint: String,
    /// HTTP status.
    pub(crate) status: u16,
    /// Body.
    pub(crate) body: String,
    /// Operation that goes on.
    pub(crate) operation: Option<String>,
    /// When, milliseconds since the epoch; set by the store.
    pub(super) at: i64,
}

impl Reply {
    /// An answer to be kept.
    pub(crate) fn new(fingerprint: String, status: u16, body: String) -> Self {
        Self {
            fingerprint,
            status,
            body,
            operation: None,
            at: 0,
        }
    }

    /// The same with the operation that goes on.
    pub(crate) fn with_operation(mut self, operation: Option<String>) -> Self {
        self.operation = operation;
        self
    }
}

/// The answers of the last day by caller and key.
#[derive(Debug, Default)]
pub(super) struct Replies(HashMap<String, Arc<Reply>>);

impl Replies {
    pub(super) fn insert(&mut self, id: String, reply: Arc<Reply>) {
        self.0.insert(id, reply);
    }

    pub(super) fn get(&self, id: &str, now: i64) -> Option<&Arc<Reply>> {
        self.0.get(id).filter(|reply| reply.at > oldest(now))
    }

    pub(super) fn trim(&mut self, now: i64) {
        self.0.retain(|_, reply| reply.at > oldest(now));
    }
}

/// Answers up to this time are forgotten.
pub(super) fn oldest(now: i64) -> i64 {
    now - KEEP_MILLIS
}
