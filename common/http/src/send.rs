//! One attempt of a request, and sorting what came of it.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::client::Client;
use crate::error::{Error, Refusal};
use crate::pool::{self, Body};

/// Error bodies beyond this are cut.
const ERROR_BODY_LIMIT: usize = 1024 * 1024;

/// What every attempt sends, but for the body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
}

/// One try, with the deadline for the head of its answer.
pub(crate) struct Attempt {
    pub(crate) client: Client,
    pub(crate) first_byte: Duration,
}

impl Attempt {
    pub(crate) async fn once(&self, head: &Head, body: Body) -> Result<Response<Incoming>, Error> {
        let (endpoint, started) = (self.client.shared.endpoint(), Instant::now());
        tracing::trace!(method = %head.method, target = head.target, headers = ?head.headers, "request");
        let answer = match tokio::time::timeout(self.first_byte, self.exchange(head, body)).await {
            Ok(answer) => answer?,
            Err(_) => {
                return Err(Error::Deadline {
                    endpoint,
                    what: "answer",
                    after: self.first_byte,
                });
            }
        };
        let status = answer.status();
        let path = head.target.split('?').next().unwrap_or_default();
        tracing::debug!(method = %head.method, path, %status, elapsed = ?started.elapsed(), "answer");
        tracing::trace!(headers = ?answer.headers(), "answer headers");
        if status.is_success() {
            return Ok(answer);
        }
        Err(Error::Refused(Box::new(refusal(endpoint, answer).await)))
    }

    async fn exchange(&self, head: &Head, body: Body) -> Result<Response<Incoming>, Error> {
        let shared = &self.client.shared;
        let mut request = Request::builder()
            .method(&head.method)
            .uri(&head.target)
            .body(body)
            .map_err(|_| {
                // The builder's words may quote the path, which is ours and says nothing.
                Error::Request("the path has characters that may not travel".to_owned())
            })?;
        request.headers_mut().clone_from(&head.headers);
        loop {
            let kept = self.client.pool.take();
            let reused = kept.is_some();
            let mut sender = match kept {
                Some(sender) => sender,
                None => pool::open(shared).await?,
            };
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    self.client.pool.give(sender);
                    return Ok(answer);
                }
                Err(mut error) => match error.take_message().filter(|_| reused) {
                    // The server had closed the idle connection before anything was sent.
                    Some(unsent) => request = unsent,
                    None => return Err(classify(&shared.endpoint(), &error.into_error())),
                },
            }
        }
    }
}

async fn refusal(endpoint: String, answer: Response<Incoming>) -> Refusal {
    let (head, mut incoming) = answer.into_parts();
    let mut body = Vec::new();
    let read = async {
        while let Some(Ok(frame)) = incoming.frame().await {
            let chunk = frame.into_data().unwrap_or_default();
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
    let status = head.status.as_u16();
    if !complete {
        tracing::debug!(status, "the body of an error answer did not end");
    }
    Refusal {
        endpoint,
        status,
        headers: head.headers,
        body: body.into(),
    }
}

/// Sorts a failure on an open connection.
pub(crate) fn classify(endpoint: &str, error: &hyper::Error) -> Error {
    let endpoint = endpoint.to_owned();
    if let Some(reason) = tls_reason(error) {
        return Error::Tls { endpoint, reason };
    }
    let mut reason = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        reason = source.to_string();
        next = source.source();
    }
    Error::Broken {
        endpoint,
        reason: without_number(reason),
    }
}

/// What TLS says, when it is the cause. It reports through io errors, possibly several inside each other, which the chain
/// of sources skips.
pub(crate) fn tls_reason(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls.to_string());
        }
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if let Some(reason) = inner.and_then(|inner| tls_reason(inner)) {
            return Some(reason);
        }
        next = error.source();
    }
    None
}

/// The system's words without its error number, which says nothing to people.
pub(crate) fn without_number(mut reason: String) -> String {
    if let Some(at) = reason.find(" (os error ") {
        reason.truncate(at);
    }
    reason
}
