//! What can go wrong between here and a server.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use crate::endpoint::EndpointError;

/// A transport failure, or an answer that refuses the request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers there.
    #[error("cannot reach the server at {endpoint}: {reason}")]
    Unreachable {
        /// The endpoint.
        endpoint: String,
        /// What the system said.
        reason: String,
        /// Whether the socket file itself is missing or refuses, so that nothing listens.
        nothing_listens: bool,
        /// Whether opening it is not allowed.
        not_allowed: bool,
    },
    /// TLS could not be agreed on.
    #[error("no secure connection to {endpoint}: {reason}")]
    Tls {
        /// The endpoint.
        endpoint: String,
        /// What TLS said.
        reason: String,
    },
    /// A deadline passed.
    #[error("{endpoint} did not {what} within {}", nova_core::units::format_duration(*.after))]
    Deadline {
        /// The endpoint.
        endpoint: String,
        /// `answer` or `finish its answer`.
        what: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// The connection broke in the middle of an answer.
    #[error("the connection to {endpoint} broke: {reason}")]
    Broken {
        /// The endpoint.
        endpoint: String,
        /// What the system said.
        reason: String,
    },
    /// The server answered with an error status.
    #[error("the server at {} answered {}", .0.endpoint, .0.status)]
    Refused(Box<Refusal>),
    /// The answer is not what was expected.
    #[error("the server at {endpoint} sent something unexpected: {source}")]
    Decode {
        /// The endpoint.
        endpoint: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The answer breaks the protocol.
    #[error("the server at {endpoint} broke the protocol: {reason}")]
    Protocol {
        /// The endpoint.
        endpoint: String,
        /// How.
        reason: String,
    },
    /// The endpoint itself is unusable.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Certificates or keys are unusable.
    #[error("unusable TLS settings: {0}")]
    TlsSettings(String),
    /// The request cannot be formed.
    #[error("cannot form the request: {0}")]
    Request(String),
}

/// An answer with an error status.
#[derive(Debug)]
pub struct Refusal {
    /// The endpoint.
    pub endpoint: String,
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most 1 MiB of it.
    pub body: Bytes,
}

impl Refusal {
    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Error {
    /// HTTP status, when the server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// Whether the server may be reachable a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Deadline { .. } | Self::Broken { .. } => true,
            Self::Refused(refusal) => matches!(refusal.status, 429 | 502..=504),
            _ => false,
        }
    }
}
