//! The thinnest client: HTTP/1.1 over a Unix socket, one request at a time.

use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::http::request::Builder;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(socket: &Path) -> Self {
        let stream = TokioIo::new(UnixStream::connect(socket).await.unwrap());
        let (sender, connection) = handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(crate) async fn get(&mut self, path: &str, accept: &str) -> (u16, Bytes) {
        let request = Request::get(path).header("accept", accept);
        self.exchange(request, Bytes::new()).await
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        body: String,
    ) -> (u16, Bytes) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind);
        self.exchange(request, body.into()).await
    }

    async fn exchange(&mut self, request: Builder, body: Bytes) -> (u16, Bytes) {
        let answer = self.ask(request, body).await;
        let status = answer.status().as_u16();
        (
            status,
            answer.into_body().collect().await.unwrap().to_bytes(),
        )
    }

    async fn ask(&mut self, request: Builder, body: Bytes) -> Response<Incoming> {
        let request = request
            .header("host", "nova")
            .body(Full::new(body))
            .unwrap();
        self.0.ready().await.unwrap();
        self.0.send_request(request).await.unwrap()
    }

    /// Opens a watch.
    pub(crate) async fn stream(mut self, path: &str) -> Stream {
        let answer = self.ask(Request::get(path), Bytes::new()).await;
        Stream {
            _connection: self,
            body: answer.into_body(),
            buffer: Vec::new(),
        }
    }
}

/// Lines of a watch.
pub(crate) struct Stream {
    _connection: Connection,
    body: Incoming,
    buffer: Vec<u8>,
}

impl Stream {
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.drain(..=end).collect();
                return String::from_utf8(line).ok();
            }
            let frame = self.body.frame().await?.ok()?;
            self.buffer.extend_from_slice(frame.data_ref()?);
        }
    }
}
