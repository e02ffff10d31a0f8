//! Building a request, sending it, and reading the answer.

use std::time::{Duration, Instant};

use backon::Retryable;
use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::body::{BodyStream, Lines};
use crate::cache::Key;
use crate::client::{Client, Deadlines};
use crate::error::Error;
use crate::pool;
use crate::retry::{RetryPolicy, may_repeat, pause};
use crate::send::{Attempt, Head};

/// A request being built.
#[derive(Debug)]
pub struct Request {
    client: Client,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Body,
    deadlines: Deadlines,
    retry: RetryPolicy,
    idempotent: bool,
    fresh_for: Option<Duration>,
    fault: Option<String>,
}

#[derive(Debug)]
enum Body {
    Empty,
    Bytes(Bytes),
    /// Can be sent once only, so the request is never repeated.
    Stream(pool::Body),
}

impl Request {
    pub(crate) fn new(client: Client, method: Method, path: String) -> Self {
        let config = &client.shared.config;
        let (deadlines, retry) = (config.deadlines, config.retry);
        let idempotent = method.is_idempotent();
        Self {
            client,
            method,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Body::Empty,
            deadlines,
            retry,
            idempotent,
            fresh_for: None,
            fault: None,
        }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a query parameter when there is a value.
    #[must_use]
    pub fn query_opt(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                self.headers.insert(HeaderName::from_static(name), value);
            }
            Err(_) => {
                self.fault = Some(format!(
                    "header `{name}` has characters that may not travel"
                ));
            }
        }
        self
    }

    /// Sets `Accept`.
    #[must_use]
    pub fn accept(self, media_type: &str) -> Self {
        self.header("accept", media_type)
    }

    /// Makes a POST safe to repeat: the server does the work for one key once.
    #[must_use]
    pub fn idempotency_key(mut self, key: &str) -> Self {
        self.idempotent = true;
        self.header("idempotency-key", key)
    }

    /// Sends a JSON body.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        self.json_as("application/json", body)
    }

    /// Sends a JSON body under another media type, such as a patch.
    #[must_use]
    pub fn json_as(mut self, media_type: &'static str, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.bytes(media_type, bytes),
            Err(error) => {
                self.fault = Some(error.to_string());
                self
            }
        }
    }

    /// Sends these bytes.
    #[must_use]
    pub fn bytes(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = Body::Bytes(body.into());
        self
    }

    /// Sends a stream; the request is not repeated and has no deadline for the whole.
    #[must_use]
    pub fn stream<S>(mut self, media_type: &'static str, body: S) -> Self
    where
        S: futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body =
            Body::Stream(StreamBody::new(body.map(|chunk| chunk.map(Frame::data))).boxed_unsync());
        self.retry = RetryPolicy::NEVER;
        self.deadlines.first_byte = Duration::MAX;
        self
    }

    /// Replaces both deadlines of the answer.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadlines.first_byte = deadline;
        self.deadlines.whole = deadline;
        self
    }

    /// Asks once only.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.retry = RetryPolicy::NEVER;
        self
    }

    /// Allows an answer from the cache that is at most this old; older ones are revalidated.
    #[must_use]
    pub fn cached(mut self, fresh_for: Duration) -> Self {
        self.fresh_for = Some(fresh_for);
        self
    }

    /// Sends the request and reads the whole answer; an error status is an error.
    pub async fn send(self) -> Result<Response, Error> {
        match self.fresh_for {
            Some(fresh_for) if self.method == Method::GET => self.send_cached(fresh_for).await,
            _ => self.send_uncached().await,
        }
    }

    /// Sends the request and decodes the answer.
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.send().await?.json()
    }

    /// Sends the request and hands out the body as it arrives.
    pub async fn open(self) -> Result<BodyStream, Error> {
        let endpoint = self.endpoint();
        Ok(BodyStream::new(endpoint, self.head().await?))
    }

    /// Sends the request and hands out the body line by line.
    pub async fn lines(self) -> Result<Lines, Error> {
        Ok(Lines::new(self.open().await?))
    }

    async fn send_cached(mut self, fresh_for: Duration) -> Result<Response, Error> {
        let Some(cache) = self.client.shared.config.cache.clone() else {
            return self.send_uncached().await;
        };
        let key = Key::new(
            &self.endpoint(),
            self.identity(),
            &self.target(),
            self.headers.get(ACCEPT),
        );
        let stored = cache.get(&key);
        if let Some(stored) = stored.as_ref().filter(|stored| stored.age() <= fresh_for) {
            return Ok(stored.response(self.endpoint()));
        }
        if let Some(etag) = stored.as_ref().and_then(|stored| stored.etag()) {
            self = self.header("if-none-match", etag);
        }
        let endpoint = self.endpoint();
        match (self.send_uncached().await, stored) {
            (Err(Error::Refused(refusal)), Some(stored)) if refusal.status == 304 => {
                cache.touch(&key, &stored);
                Ok(stored.response(endpoint))
            }
            (Ok(response), _) => {
                cache.put(&key, &response);
                Ok(response)
            }
            (error, _) => error,
        }
    }

    async fn send_uncached(self) -> Result<Response, Error> {
        let (endpoint, whole) = (self.endpoint(), self.deadlines.whole);
        let started = Instant::now();
        let (head, incoming) = self.head().await?.into_parts();
        let mut body = BodyStream::new(endpoint.clone(), http::Response::new(incoming));
        let left = whole.saturating_sub(started.elapsed());
        let Ok(body) = tokio::time::timeout(left, body.collect()).await else {
            return Err(Error::Deadline {
                endpoint,
                what: "finish its answer",
                after: whole,
            });
        };
        Ok(Response {
            endpoint,
            status: head.status.as_u16(),
            headers: head.headers,
            body: body?,
        })
    }

    /// Sends the request, as often as allowed, until the head of a good answer is there.
    async fn head(mut self) -> Result<http::Response<Incoming>, Error> {
        if let Some(fault) = self.fault {
            return Err(Error::Request(fault));
        }
        let head = Head {
            target: format!("{}{}", self.client.endpoint().prefix(), self.target()),
            headers: self.all_headers()?,
            method: self.method,
        };
        let attempt = Attempt {
            client: self.client,
            first_byte: self.deadlines.first_byte,
        };
        let bytes = match std::mem::replace(&mut self.body, Body::Empty) {
            Body::Empty => Bytes::new(),
            Body::Bytes(bytes) => bytes,
            Body::Stream(body) => return attempt.once(&head, body).await,
        };
        let (idempotent, longest) = (self.idempotent, self.retry.longest);
        let send = || {
            attempt.once(
                &head,
                Full::new(bytes.clone())
                    .map_err(|never| match never {})
                    .boxed_unsync(),
            )
        };
        send.retry(self.retry)
            .when(|error| may_repeat(error, idempotent))
            .adjust(|error, drawn| pause(error, drawn, longest))
            .notify(|error, after| tracing::info!(%error, ?after, "asking again"))
            .await
    }

    fn all_headers(&self) -> Result<HeaderMap, Error> {
        let config = &self.client.shared.config;
        let mut headers = self.headers.clone();
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| Error::Request(format!("`{text}` may not stand in a header")))
        };
        headers.insert(HOST, value(&config.endpoint.authority())?);
        headers.insert(USER_AGENT, value(&config.user_agent)?);
        // One id for all attempts, so that they are found together in both logs.
        headers.insert(
            HeaderName::from_static("x-request-id"),
            value(&Uuid::now_v7().to_string())?,
        );
        if let Some(token) = &config.token {
            headers.insert(AUTHORIZATION, bearer(token.reveal())?);
        }
        Ok(headers)
    }

    fn endpoint(&self) -> String {
        self.client.endpoint().to_string()
    }

    /// What tells one caller's cached answers from another's.
    fn identity(&self) -> &str {
        self.client
            .shared
            .config
            .token
            .as_ref()
            .map_or("", |token| token.reveal())
    }

    /// Path and query.
    fn target(&self) -> String {
        let mut target = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 && !self.path.contains('?') {
                '?'
            } else {
                '&'
            });
            target.push_str(&encode(name));
            target.push('=');
            target.push_str(&encode(value));
        }
        target
    }
}

/// Percent-encodes everything but the unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

pub(crate) fn bearer(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| Error::Request("the token has characters that may not travel".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A complete answer with a success status.
#[derive(Debug, Clone)]
pub struct Response {
    pub(crate) endpoint: String,
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Response {
    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Decodes the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|source| Error::Decode {
            endpoint: self.endpoint.clone(),
            source,
        })
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
