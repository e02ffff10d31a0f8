//! WebSockets over Unix sockets, TCP and TLS.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::client::Client;
use crate::dial::Stream;
use crate::error::{Error, Refusal};
use crate::request::bearer;

/// Servers send frames of at most 1 MiB; anything much larger is not one of ours.
const FRAME_LIMIT: usize = 4 * 1024 * 1024;

type Socket = WebSocketStream<Stream>;

/// A message; pings are answered unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Text, here always JSON.
    Text(String),
    /// Bytes.
    Binary(Bytes),
    /// The peer closes, with its code and reason.
    Close(Option<(u16, String)>),
}

/// An open WebSocket.
pub struct WebSocket {
    reader: WsReader,
    writer: WsWriter,
}

/// Receiving half.
pub struct WsReader {
    endpoint: String,
    stream: SplitStream<Socket>,
}

/// Sending half.
pub struct WsWriter {
    endpoint: String,
    sink: SplitSink<Socket, Message>,
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket")
            .field("endpoint", &self.reader.endpoint)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Opens a WebSocket on a path (with query) under a subprotocol. A refusal carries the server's error body.
    pub async fn websocket(&self, path: &str, protocol: &str) -> Result<WebSocket, Error> {
        let deadlines = self.shared.config.deadlines;
        let endpoint = self.endpoint().to_string();
        let open = async {
            let transport = self.shared.dial().await?;
            let request = self.upgrade(path, protocol)?;
            tracing::debug!(path, protocol, "opening a websocket");
            let config = WebSocketConfig::default()
                .max_message_size(Some(FRAME_LIMIT))
                .max_frame_size(Some(FRAME_LIMIT));
            tokio_tungstenite::client_async_with_config(request, transport, Some(config))
                .await
                .map_err(|error| refused(&endpoint, error))
        };
        let (stream, _) = match tokio::time::timeout(deadlines.first_byte, open).await {
            Ok(opened) => opened?,
            Err(_) => {
                return Err(Error::Deadline {
                    endpoint,
                    what: "answer",
                    after: deadlines.first_byte,
                });
            }
        };
        let (sink, stream) = stream.split();
        let reader = WsReader {
            endpoint: endpoint.clone(),
            stream,
        };
        Ok(WebSocket {
            reader,
            writer: WsWriter { endpoint, sink },
        })
    }

    fn upgrade(
        &self,
        path: &str,
        protocol: &str,
    ) -> Result<tokio_tungstenite::tungstenite::handshake::client::Request, Error> {
        let fault = |error: &dyn std::fmt::Display| Error::Request(error.to_string());
        let (host, prefix) = (self.endpoint().authority(), self.endpoint().prefix());
        let mut request = format!("ws://{host}{prefix}{path}")
            .into_client_request()
            .map_err(|_| fault(&"bad path"))?;
        let config = &self.shared.config;
        let headers = request.headers_mut();
        let protocol = HeaderValue::from_str(protocol).map_err(|error| fault(&error))?;
        headers.insert(HeaderName::from_static("sec-websocket-protocol"), protocol);
        if let Ok(agent) = HeaderValue::from_str(&config.user_agent) {
            headers.insert(USER_AGENT, agent);
        }
        if let Some(token) = &config.token {
            headers.insert(AUTHORIZATION, bearer(token.reveal())?);
        }
        Ok(request)
    }
}

fn refused(endpoint: &str, error: WsError) -> Error {
    match error {
        WsError::Http(answer) => {
            let (head, body) = answer.into_parts();
            let headers: HeaderMap = head.headers;
            let body = body.unwrap_or_default().into();
            Error::Refused(Box::new(Refusal {
                endpoint: endpoint.to_owned(),
                status: head.status.as_u16(),
                headers,
                body,
            }))
        }
        other => broken(endpoint, &other),
    }
}

fn broken(endpoint: &str, error: &WsError) -> Error {
    let endpoint = endpoint.to_owned();
    match error {
        // The peer vanished in the middle: a cut line, not a misunderstanding.
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Error::Broken {
            endpoint,
            reason: "the connection was cut".to_owned(),
        },
        WsError::Protocol(_) | WsError::Capacity(_) | WsError::Utf8(_) => Error::Protocol {
            endpoint,
            reason: error.to_string(),
        },
        _ => Error::Broken {
            endpoint,
            reason: error.to_string(),
        },
    }
}

impl WebSocket {
    /// Both halves, for use side by side.
    #[must_use]
    pub fn split(self) -> (WsReader, WsWriter) {
        (self.reader, self.writer)
    }

    /// Receives a message; nothing after the connection ended.
    pub async fn receive(&mut self) -> Result<Option<Frame>, Error> {
        self.reader.receive().await
    }

    /// Sends a message.
    pub async fn send(&mut self, frame: Frame) -> Result<(), Error> {
        self.writer.send(frame).await
    }
}

impl WsReader {
    /// Receives a message; nothing after the connection ended.
    pub async fn receive(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            let frame = match self.stream.next().await {
                None | Some(Err(WsError::ConnectionClosed | WsError::AlreadyClosed)) => {
                    return Ok(None);
                }
                Some(Err(error)) => return Err(broken(&self.endpoint, &error)),
                Some(Ok(Message::Text(text))) => Frame::Text(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes),
                Some(Ok(Message::Close(close))) => Frame::Close(
                    close.map(|close| (close.code.into(), close.reason.as_str().to_owned())),
                ),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            };
            return Ok(Some(frame));
        }
    }
}

impl WsWriter {
    /// Sends a message, waiting while the peer is slow.
    pub async fn send(&mut self, frame: Frame) -> Result<(), Error> {
        let message = match frame {
            Frame::Text(text) => Message::text(text),
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Close(close) => Message::Close(close.map(|(code, reason)| CloseFrame {
                code: code.into(),
                reason: reason.into(),
            })),
        };
        self.sink
            .send(message)
            .await
            .map_err(|error| broken(&self.endpoint, &error))
    }

    /// Closes in good order, without waiting long for the peer.
    pub async fn close(mut self) {
        let closing = self.send(Frame::Close(Some((1000, String::new()))));
        if !matches!(
            tokio::time::timeout(Duration::from_secs(1), closing).await,
            Ok(Ok(()))
        ) {
            tracing::debug!("the peer did not take the close");
        }
    }
}
