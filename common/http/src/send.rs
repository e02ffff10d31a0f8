//! One attempt of a request, and sorting what came of it.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::error::{Error, Refusal};

/// Error bodies beyond this are cut.
const ERROR_BODY_LIMIT: usize = 1024 * 1024;

/// One try, with the deadline for the head of its answer.
pub(crate) struct Attempt {
    pub(crate) client: Client,
    pub(crate) first_byte: Duration,
}

impl Attempt {
    pub(crate) async fn once(&self, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        let endpoint = self.client.endpoint().to_string();
        let target = request.url().path().to_owned();
        let (method, started) = (request.method().clone(), Instant::now());
        tracing::trace!(%method, url = %request.url(), headers = ?request.headers(), "request");
        let answer =
            match tokio::time::timeout(self.first_byte, self.client.inner.execute(request)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => return Err(classify(&endpoint, &error)),
                Err(_) => {
                    return Err(Error::Deadline {
                        endpoint,
                        what: "answer",
                        after: self.first_byte,
                    });
                }
            };
        let status = answer.status();
        tracing::debug!(%method, path = %target, %status, elapsed = ?started.elapsed(), "answer");
        tracing::trace!(headers = ?answer.headers(), "answer headers");
        if status.is_success() {
            return Ok(answer);
        }
        Err(Error::Refused(Box::new(refusal(endpoint, answer).await)))
    }
}

async fn refusal(endpoint: String, mut answer: reqwest::Response) -> Refusal {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = answer.chunk().await {
            let room = ERROR_BODY_LIMIT - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == ERROR_BODY_LIMIT {
                break;
            }
        }
    };
    // The status is what counts; a body that never ends must not hide it.
    let complete = tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .is_ok();
    if !complete {
        tracing::debug!(status, "the body of an error answer did not end");
    }
    Refusal {
        endpoint,
        status,
        headers,
        body: body.into(),
    }
}

/// Sorts a failure of the HTTP stack; its own words never include the URL.
pub(crate) fn classify(endpoint: &str, error: &reqwest::Error) -> Error {
    let endpoint = endpoint.to_owned();
    let cause = Cause::of(error);
    if cause.is_tls {
        return Error::Tls {
            endpoint,
            reason: cause.reason,
        };
    }
    if !error.is_connect() {
        return Error::Broken {
            endpoint,
            reason: cause.reason,
        };
    }
    let reason = if error.is_timeout() {
        "no connection in time".to_owned()
    } else {
        cause.reason
    };
    Error::Unreachable {
        endpoint,
        reason,
        nothing_listens: matches!(
            cause.io,
            Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused)
        ),
        not_allowed: cause.io == Some(ErrorKind::PermissionDenied),
    }
}

/// The deepest cause of a failure, in words, and what kind of failure it is.
struct Cause {
    reason: String,
    io: Option<ErrorKind>,
    is_tls: bool,
}

impl Cause {
    fn of(error: &reqwest::Error) -> Self {
        let mut cause = Self {
            reason: String::new(),
            io: None,
            is_tls: false,
        };
        let mut next = error.source();
        while let Some(source) = next {
            cause.reason = source.to_string();
            cause.is_tls |= source.is::<rustls::Error>();
            if let Some(io) = source.downcast_ref::<std::io::Error>() {
                cause.io.get_or_insert(io.kind());
                cause.look_inside(io);
            }
            next = source.source();
        }
        cause.reason = without_number(cause.reason);
        if cause.reason.is_empty() {
            "the connection failed".clone_into(&mut cause.reason);
        }
        cause
    }

    /// TLS reports through io errors, possibly several inside each other, which the chain of sources skips.
    fn look_inside(&mut self, io: &std::io::Error) {
        let Some(inner) = io.get_ref() else { return };
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            self.look_inside(io);
        } else {
            self.is_tls |= inner.is::<rustls::Error>();
            self.reason = inner.to_string();
        }
    }
}

/// The system's words without its error number, which says nothing to people.
pub(crate) fn without_number(mut reason: String) -> String {
    if let Some(at) = reason.find(" (os error ") {
        reason.truncate(at);
    }
    reason
}
