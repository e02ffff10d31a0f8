//! Bodies that are read as they arrive.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::send::classify;

/// A line longer than this is not one of ours: objects are at most 1 MiB, a table row holds one.
const LINE_LIMIT: usize = 16 * 1024 * 1024;

/// The body of an answer, in chunks.
#[derive(Debug)]
pub struct BodyStream {
    endpoint: String,
    answer: Response<Incoming>,
}

impl BodyStream {
    pub(crate) fn new(endpoint: String, answer: Response<Incoming>) -> Self {
        Self { endpoint, answer }
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status().as_u16()
    }

    /// Headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// The next chunk; nothing at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(frame) = self.answer.frame().await {
            let frame = frame.map_err(|error| classify(&self.endpoint, &error))?;
            // Trailers say nothing here.
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// All that is left.
    pub(crate) async fn collect(&mut self) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// The next chunk, waiting at most `patience` for it.
    pub async fn chunk_within(&mut self, patience: Duration) -> Result<Option<Bytes>, Error> {
        match tokio::time::timeout(patience, self.chunk()).await {
            Ok(chunk) => chunk,
            Err(_) => Err(Error::Deadline {
                endpoint: self.endpoint.clone(),
                what: "send more",
                after: patience,
            }),
        }
    }
}

/// The body of an answer, line by line.
#[derive(Debug)]
pub struct Lines {
    body: BodyStream,
    ready: VecDeque<Bytes>,
    rest: BytesMut,
    patience: Option<Duration>,
    ended: bool,
}

impl Lines {
    pub(crate) fn new(body: BodyStream) -> Self {
        Self {
            body,
            ready: VecDeque::new(),
            rest: BytesMut::new(),
            patience: None,
            ended: false,
        }
    }

    /// Gives a silent server up after this long.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.body.headers()
    }

    /// The next line that is not empty, without its end; nothing at the end of the body.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(None);
            }
            let chunk = match self.patience {
                Some(patience) => self.body.chunk_within(patience).await?,
                None => self.body.chunk().await?,
            };
            match chunk {
                Some(chunk) => self.take(&chunk)?,
                None => self.finish(),
            }
        }
    }

    /// The next line, decoded.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        let Some(line) = self.next().await? else {
            return Ok(None);
        };
        let endpoint = || self.body.endpoint.clone();
        serde_json::from_slice(&line)
            .map(Some)
            .map_err(|source| Error::Decode {
                endpoint: endpoint(),
                source,
            })
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), Error> {
        // Only the new bytes can hold a line end, so the rest is searched once.
        let mut searched = self.rest.len();
        self.rest.extend_from_slice(chunk);
        while let Some(end) = self.rest[searched..].iter().position(|byte| *byte == b'\n') {
            let line = self.rest.split_to(searched + end + 1).freeze();
            searched = 0;
            self.keep(line.slice(..line.len() - 1));
        }
        if self.rest.len() > LINE_LIMIT {
            return Err(Error::Protocol {
                endpoint: self.body.endpoint.clone(),
                reason: "a line of its answer does not end".to_owned(),
            });
        }
        Ok(())
    }

    fn finish(&mut self) {
        self.ended = true;
        let last = self.rest.split().freeze();
        self.keep(last);
    }

    fn keep(&mut self, line: Bytes) {
        if !line.trim_ascii().is_empty() {
            self.ready.push_back(line);
        }
    }
}
