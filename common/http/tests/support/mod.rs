//! A real HTTP server on a Unix socket or loopback whose answers a test decides.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "test support"
)]

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;

pub(crate) type Answer = Response<BoxBody<Bytes, std::io::Error>>;

/// A request as a test sees it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// A server; ends with the test's runtime.
pub(crate) struct Server {
    dir: tempfile::TempDir,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request by `answer`, which gets its number from 0 and what was asked.
    pub(crate) fn start(answer: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("s")).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                let serve = service_fn(move |request| {
                    handle(request, Arc::clone(&log), Arc::clone(&answer))
                });
                tokio::spawn(async move {
                    // A client that goes away early is part of what is tested.
                    drop(
                        hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(stream), serve)
                            .await,
                    );
                });
            }
        });
        Self {
            dir,
            seen,
            connections,
        }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn handle(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Seen>>>,
    answer: Arc<impl Fn(usize, &Seen) -> Answer>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let seen = Seen {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(seen.clone());
        log.len() - 1
    };
    Ok(answer(number, &seen))
}

/// A complete answer.
pub(crate) fn answer(status: u16, body: impl Into<String>) -> Answer {
    let body = Full::new(Bytes::from(body.into()))
        .map_err(|never| match never {})
        .boxed();
    Response::builder().status(status).body(body).unwrap()
}

/// The same with a header.
pub(crate) fn with_header(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    answer.headers_mut().insert(name, value.parse().unwrap());
    answer
}

/// What a streamed answer does after its chunks.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    End,
    Break,
    Hang,
}

/// An answer whose chunks arrive apart.
pub(crate) fn streamed(chunks: &[&str], then: Then) -> Answer {
    let chunks: Vec<Bytes> = chunks
        .iter()
        .map(|chunk| Bytes::from((*chunk).to_owned()))
        .collect();
    let stream = futures_util::stream::unfold(
        (chunks.into_iter(), then),
        |(mut chunks, then)| async move {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            match (chunks.next(), then) {
                (Some(chunk), _) => Some((Ok(Frame::data(chunk)), (chunks, then))),
                (None, Then::End) => None,
                (None, Then::Break) => {
                    Some((Err(std::io::Error::other("cut")), (chunks, Then::End)))
                }
                (None, Then::Hang) => std::future::pending().await,
            }
        },
    );
    Response::new(BodyExt::boxed(StreamBody::new(SyncStream(Box::pin(
        stream,
    )))))
}

/// Bodies must be `Sync`, the stream of an `async` block is not; it is only ever polled by one task.
struct SyncStream<S>(std::pin::Pin<Box<S>>);

impl<S: futures_util::Stream> futures_util::Stream for SyncStream<S> {
    type Item = S::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}
