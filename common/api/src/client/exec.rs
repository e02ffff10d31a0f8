//! A command in a guest, with its streams apart.

use std::time::Duration;

use nova_http::{Bytes, Frame, WebSocket, WsReader, WsWriter};

use super::error::ApiError;
use super::resources::Resources;
use crate::types::{
    EXEC_PROTOCOL, ExecControl, ExecExit, ExecNotice, ExecRequest, STDERR, STDIN, STDOUT,
    VirtualMachine,
};

/// How long a closed socket may take to take our close.
const LINGER: Duration = Duration::from_secs(1);

/// What happens in a session.
#[derive(Debug, Clone, PartialEq)]
pub enum ExecEvent {
    /// The command runs.
    Started,
    /// Bytes of its standard output.
    Stdout(Bytes),
    /// Bytes of its standard error.
    Stderr(Bytes),
    /// It ended; nothing follows.
    Exit(ExecExit),
}

/// An exec session.
#[derive(Debug)]
pub struct ExecSession {
    socket: WebSocket,
    endpoint: String,
}

/// Receiving half of a session.
pub struct ExecReader {
    reader: WsReader,
    endpoint: String,
}

/// Sending half of a session.
pub struct ExecWriter {
    writer: WsWriter,
}

impl Resources<VirtualMachine> {
    /// Runs a command in a guest. A guest that cannot run one is refused here, with the reason.
    pub async fn exec(&self, name: &str, request: &ExecRequest) -> Result<ExecSession, ApiError> {
        let path = self.below(name, "exec");
        let run = async || {
            let opened = self.api().http().websocket(&path, EXEC_PROTOCOL).await;
            opened.map_err(|error| ApiError::of(error, self.namespace(), true))
        };
        let mut socket = self.api().reviving(run).await?;
        socket.send(Frame::Text(encode(request)?)).await?;
        let endpoint = self.api().http().endpoint().to_string();
        Ok(ExecSession { socket, endpoint })
    }
}

impl ExecSession {
    /// Both halves, for use side by side.
    #[must_use]
    pub fn split(self) -> (ExecReader, ExecWriter) {
        let (reader, writer) = self.socket.split();
        (
            ExecReader {
                reader,
                endpoint: self.endpoint,
            },
            ExecWriter { writer },
        )
    }
}

impl ExecReader {
    /// The next event. A connection that ends without an exit is an error: nobody knows how the command ended.
    pub async fn next(&mut self) -> Result<ExecEvent, ApiError> {
        loop {
            let event = match self.reader.receive().await? {
                Some(Frame::Binary(frame)) => data(&frame),
                Some(Frame::Text(text)) => Some(self.notice(&text)?),
                None | Some(Frame::Close(_)) => return Err(self.lost()),
            };
            if let Some(event) = event {
                return Ok(event);
            }
        }
    }

    fn notice(&self, text: &str) -> Result<ExecEvent, ApiError> {
        let notice =
            ExecNotice::read(text.as_bytes()).map_err(|source| nova_http::Error::Decode {
                endpoint: self.endpoint.clone(),
                source,
            })?;
        match notice {
            ExecNotice::Started { .. } => Ok(ExecEvent::Started),
            ExecNotice::Exit(exit) => Ok(ExecEvent::Exit(exit)),
            ExecNotice::Error { status } => Err(ApiError::of_status(*status)),
        }
    }

    fn lost(&self) -> ApiError {
        let reason =
            "the session ended before the command did; its exit status is unknown".to_owned();
        nova_http::Error::Broken {
            endpoint: self.endpoint.clone(),
            reason,
        }
        .into()
    }
}

impl ExecWriter {
    /// Sends standard input; waits while the guest is slow.
    pub async fn stdin(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        // An empty payload would end the input.
        if bytes.is_empty() {
            return Ok(());
        }
        Ok(self
            .writer
            .send(Frame::Binary(payload(STDIN, bytes)))
            .await?)
    }

    /// Ends standard input.
    pub async fn end_of_stdin(&mut self) -> Result<(), ApiError> {
        Ok(self.writer.send(Frame::Binary(payload(STDIN, &[]))).await?)
    }

    /// Tells the new size of the terminal.
    pub async fn resize(&mut self, cols: u16, rows: u16) -> Result<(), ApiError> {
        self.control(&ExecControl::Resize { cols, rows }).await
    }

    /// Sends a signal to the command, by its name without `SIG`.
    pub async fn signal(&mut self, name: &str) -> Result<(), ApiError> {
        self.control(&ExecControl::Signal {
            name: name.to_owned(),
        })
        .await
    }

    /// Closes the session; a command that still runs is ended by the server.
    pub async fn close(self) {
        if tokio::time::timeout(LINGER, self.writer.close())
            .await
            .is_err()
        {
            tracing::debug!("the server did not take the close");
        }
    }

    async fn control(&mut self, control: &ExecControl) -> Result<(), ApiError> {
        Ok(self.writer.send(Frame::Text(encode(control)?)).await?)
    }
}

fn encode(message: &impl serde::Serialize) -> Result<String, ApiError> {
    serde_json::to_string(message)
        .map_err(|error| nova_http::Error::Request(error.to_string()).into())
}

/// The event in a binary frame: a channel byte, then data. Unknown channels say nothing.
fn data(frame: &Bytes) -> Option<ExecEvent> {
    let (channel, _) = frame.split_first()?;
    let data = frame.slice(1..);
    match *channel {
        STDOUT => Some(ExecEvent::Stdout(data)),
        STDERR => Some(ExecEvent::Stderr(data)),
        _ => None,
    }
}

fn payload(channel: u8, bytes: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(bytes.len() + 1);
    frame.push(channel);
    frame.extend_from_slice(bytes);
    frame.into()
}
