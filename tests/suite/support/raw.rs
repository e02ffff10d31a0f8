//! HTTP and WebSockets by hand, for what no tool of ours would send.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

/// No answer of a test may take longer.
const LIMIT: Duration = Duration::from_secs(30);

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The plain HTTP side of a server.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    port: u16,
    token: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Our reason of a refusal.
    pub(crate) fn reason(&self) -> String {
        self.json()["nova"]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Names of a list.
    pub(crate) fn names(&self) -> Vec<String> {
        let list = self.json();
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Raw {
    pub(crate) fn new(port: u16) -> Self {
        Self { port, token: None }
    }

    /// The same with a token.
    pub(crate) fn with(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "")
    }

    /// Sends a JSON body, or a merge patch, and reads the answer.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut reader = self.open(method, path, body, "connection: close\r\n");
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let chunked = head.contains("transfer-encoding: chunked");
        Answer {
            status,
            head: head.to_owned(),
            body: if chunked {
                unchunk(body)
            } else {
                body.to_owned()
            },
        }
    }

    /// Begins a request and leaves its answer to be read as it comes.
    pub(crate) fn open(
        &self,
        method: &str,
        path: &str,
        body: &str,
        more: &str,
    ) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let token = self.token.as_ref();
        let auth = token.map_or_else(String::new, |t| format!("authorization: Bearer {t}\r\n"));
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{auth}{more}content-type: {kind}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        BufReader::new(stream)
    }

    /// Opens a WebSocket; the status of a refusal otherwise.
    pub(crate) fn websocket(&self, path: &str, protocol: &str) -> Result<Socket, u16> {
        let more = format!(
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: {protocol}\r\n"
        );
        let mut reader = self.open("GET", path, "", &more);
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let status: u16 = first.split(' ').nth(1).unwrap().parse().unwrap();
        if status != 101 {
            return Err(status);
        }
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        Ok(Socket(reader))
    }
}

fn unchunk(mut text: &str) -> String {
    let mut out = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        out.push_str(&rest[..size]);
        text = &rest[size + 2..];
    }
    out
}

/// Waits for the end of a stream; answers what came until then.
pub(crate) fn until_end(mut reader: impl Read, limit: Duration) -> String {
    let started = Instant::now();
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(size) = reader.read(&mut piece) {
        if size == 0 {
            break;
        }
        bytes.extend_from_slice(&piece[..size]);
    }
    assert!(
        started.elapsed() < limit,
        "open for {:?}",
        started.elapsed()
    );
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An open WebSocket.
pub(crate) struct Socket(BufReader<TcpStream>);

impl Socket {
    /// Sends a text.
    pub(crate) fn send(&mut self, text: &str) {
        let length = u16::try_from(text.len()).unwrap();
        // A masked text with a length of two bytes; a mask of zeroes leaves it as it is.
        let mut frame = vec![0x81, 0xfe];
        frame.extend(length.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.get_mut().write_all(&frame).unwrap();
    }

    /// The next text as JSON; nothing when the server closes.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).ok()?;
            let mut length = u64::from(head[1] & 0x7f);
            let more = match length {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            let mut long = [0; 8];
            self.0.read_exact(&mut long[8 - more..]).ok()?;
            if more > 0 {
                length = u64::from_be_bytes(long);
            }
            let mut body = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut body).ok()?;
            match head[0] & 0x0f {
                1 => return Some(serde_json::from_slice(&body).unwrap()),
                8 => return None,
                _ => {}
            }
        }
    }
}
