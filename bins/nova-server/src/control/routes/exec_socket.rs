//! `nova.exec.v1`: a command in a guest over a WebSocket.
//!
//! Two halves run side by side, so that a guest that does not read its input cannot hold back its
//! output: `feed` takes frames from the client, `show` sends the command's output. The client's end
//! ends the command; the command's end is told before the socket closes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{
    Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
};
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use nova_api::types::{
    EXEC_PROTOCOL, ExecControl, ExecExit, ExecNotice, ExecRequest as Asked, STDERR, STDIN, STDOUT,
};
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;
use tokio::time::{interval_at, timeout};

use super::exec::{abandon, begin, lost};
use super::guest::Target;
use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::{Held, Identity, Verb};
use crate::engine::{EngineError, ExecInput, ExecOutput, ExecSession};

/// Time for the first frame.
const FIRST_FRAME: Duration = Duration::from_secs(10);
/// A client that takes nothing for this long is gone.
const STUCK: Duration = Duration::from_mins(2);
/// Input that is kept while the command has not begun.
const EARLY: usize = 1 << 20;
/// A frame of output at most; nova-api §11 allows 1 MiB.
const FRAME: usize = 256 << 10;
/// Time between pings, which find a client whose network is gone.
const PING: Duration = Duration::from_secs(20);

/// `GET …/exec` with an upgrade.
pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Path(place): Path<(String, String)>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let target = Target::find(&app, &identity, Verb::Exec, place)?;
    let socket = socket.map_err(|_| {
        ApiError::bad_request("exec needs a WebSocket of subprotocol nova.exec.v1, or POST")
    })?;
    let permit = app.limits.hold(&identity, Held::Stream)?;
    let user = identity.user.clone();
    Ok(socket
        .protocols([EXEC_PROTOCOL])
        .max_message_size(1 << 20)
        .on_upgrade(move |socket| async move {
            tracing::info!(user, vm = %target.key, "exec begins");
            serve(&app, (target, &identity), socket).await;
            drop(permit);
        }))
}

async fn serve(app: &App, (mut target, who): (Target, &Identity), mut socket: WebSocket) {
    let _here = app.activity.guard();
    let begun = Instant::now();
    let (session, early) = match start(app, &mut target, &mut socket).await {
        Ok(Some(begun)) => begun,
        Ok(None) => return,
        Err(error) => return close(&mut socket, &problem(&error)).await,
    };
    let started = ExecNotice::Started {
        pid: i64::try_from(session.pid).ok(),
        transport: Some("agent".to_owned()),
    };
    let (mut sink, stream) = socket.split();
    if send(&mut sink, Message::text(words(&started)))
        .await
        .is_err()
    {
        return abandon(session).await;
    }
    run((app, who), &target, session, (early, sink, stream), begun).await;
}

/// Reads the request and runs it; nothing when the client left before. What the client sends while
/// the guest still boots is kept for the command.
async fn start(
    app: &App,
    target: &mut Target,
    socket: &mut WebSocket,
) -> Result<Option<(ExecSession, Vec<Message>)>, ApiError> {
    let first = timeout(FIRST_FRAME, next_text(socket)).await;
    let text = match first {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(None),
        Err(_) => return Err(ApiError::bad_request("no request came within 10 s")),
    };
    let asked: Asked = serde_json::from_str(&text)
        .map_err(|e| ApiError::bad_request(format!("the request cannot be read: {e}")))?;
    let mut early = Vec::new();
    tokio::select! {
        session = begin(app, target, &asked) => session.map(|session| Some((session, early))),
        () = keep_until_left(socket, &mut early) => Ok(None),
    }
}

async fn next_text(socket: &mut WebSocket) -> Option<String> {
    loop {
        match socket.recv().await? {
            Ok(Message::Text(text)) => return Some(text.to_string()),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            _ => return None,
        }
    }
}

/// Keeps what the client sends, up to a limit, and returns when it closes.
async fn keep_until_left(socket: &mut WebSocket, early: &mut Vec<Message>) {
    let mut kept = 0;
    while kept < EARLY {
        match socket.recv().await {
            Some(Ok(message @ (Message::Binary(_) | Message::Text(_)))) => {
                kept += message.clone().into_data().len();
                early.push(message);
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return,
        }
    }
    // The rest waits in the connection.
    std::future::pending::<()>().await;
}

/// What came early, the way to the client, and the way from it.
type Halves = (
    Vec<Message>,
    SplitSink<WebSocket, Message>,
    SplitStream<WebSocket>,
);

async fn run(
    (app, who): (&App, &Identity),
    target: &Target,
    mut session: ExecSession,
    (early, mut sink, mut stream): Halves,
    begun: Instant,
) {
    let input = session.input.clone();
    let last = tokio::select! {
        last = show(&mut session, &mut sink) => last,
        () = feed(early, &mut stream, &input) => Last::ClientLeft,
        () = app.activity.stopping() => Last::ServerStops,
        error = app.access.ended(who) => Last::NoLonger(error),
    };
    let notice = match last {
        Last::Exit { code, signal } => {
            let exit = ExecExit {
                code,
                signal,
                duration_ms: u64::try_from(begun.elapsed().as_millis()).ok(),
                truncated: None,
            };
            words(&ExecNotice::Exit(exit))
        }
        Last::Error(Some(error)) => problem(&target.engine_error(app, &error)),
        Last::Error(None) => problem(&lost(target)),
        Last::ClientLeft => {
            drop(input);
            return abandon(session).await;
        }
        Last::NoLonger(error) => {
            let told = send(&mut sink, Message::text(problem(&error))).await;
            tracing::info!(
                user = who.user,
                told = told.is_ok(),
                "exec ends with its token"
            );
            drop(sink.close().await);
            return abandon(session).await;
        }
        Last::ServerStops => {
            let text = "the server stops, and a running command cannot be resumed";
            let error = ApiError::unavailable("NotReady", text).detail("reason", "ServerRestarted");
            let told = send(&mut sink, Message::text(problem(&error))).await;
            tracing::debug!(told = told.is_ok(), "exec ends with the server");
            return abandon(session).await;
        }
    };
    if send(&mut sink, Message::text(notice)).await.is_ok() {
        // The client may have closed first; either way it is over.
        drop(sink.close().await);
    }
}

/// How a session ended.
enum Last {
    Exit {
        code: Option<i32>,
        signal: Option<i32>,
    },
    Error(Option<EngineError>),
    ClientLeft,
    ServerStops,
    /// What the client showed is no longer good.
    NoLonger(ApiError),
}

/// Sends output until the command ends.
async fn show(session: &mut ExecSession, sink: &mut SplitSink<WebSocket, Message>) -> Last {
    let mut pings = interval_at(tokio::time::Instant::now() + PING, PING);
    loop {
        let output = tokio::select! {
            output = session.output.recv() => output,
            _ = pings.tick() => {
                if send(sink, Message::Ping(Vec::new().into())).await.is_err() {
                    return Last::ClientLeft;
                }
                continue;
            }
        };
        let (channel, bytes) = match output {
            Some(Ok(ExecOutput::Stdout(bytes))) => (STDOUT, bytes),
            Some(Ok(ExecOutput::Stderr(bytes))) => (STDERR, bytes),
            Some(Ok(ExecOutput::Exit { code, signal })) => return Last::Exit { code, signal },
            Some(Err(error)) => return Last::Error(Some(error)),
            None => return Last::Error(None),
        };
        for part in bytes.chunks(FRAME) {
            let mut frame = Vec::with_capacity(part.len() + 1);
            frame.push(channel);
            frame.extend_from_slice(part);
            if send(sink, Message::binary(frame)).await.is_err() {
                return Last::ClientLeft;
            }
        }
    }
}

/// Takes frames from the client until it leaves.
async fn feed(early: Vec<Message>, stream: &mut SplitStream<WebSocket>, input: &Sender<ExecInput>) {
    let mut frames = futures_util::stream::iter(early.into_iter().map(Ok)).chain(stream);
    while let Some(Ok(message)) = frames.next().await {
        if matches!(message, Message::Close(_)) {
            return;
        }
        if let Some(item) = input_of(&message) {
            // A command that ended takes no more input; its end is on its way.
            drop(input.send(item).await);
        }
    }
}

/// What a frame means to the command.
fn input_of(message: &Message) -> Option<ExecInput> {
    match message {
        Message::Binary(bytes) => match bytes.split_first()? {
            (&STDIN, []) => Some(ExecInput::Eof),
            (&STDIN, data) => Some(ExecInput::Stdin(data.to_vec())),
            _ => None,
        },
        Message::Text(text) => match serde_json::from_str(text).ok()? {
            ExecControl::Signal { name } => {
                let name = name.trim_start_matches("SIG").to_owned();
                Some(ExecInput::Signal(name))
            }
            // A command without a terminal has no size.
            ExecControl::Resize { .. } => None,
        },
        Message::Close(_) | Message::Ping(_) | Message::Pong(_) => None,
    }
}

async fn send(sink: &mut SplitSink<WebSocket, Message>, message: Message) -> Result<(), ()> {
    match timeout(STUCK, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(()),
    }
}

async fn close(socket: &mut WebSocket, notice: &str) {
    if timeout(STUCK, socket.send(Message::text(notice)))
        .await
        .is_ok_and(|sent| sent.is_ok())
    {
        drop(socket.send(Message::Close(None)).await);
    }
}

fn words(notice: &ExecNotice) -> String {
    serde_json::to_string(notice).unwrap_or_default()
}

/// The frame of an error: a Status with a `type`.
fn problem(error: &ApiError) -> String {
    let mut body = error.body(None);
    if let Value::Object(members) = &mut body {
        members.insert("type".to_owned(), json!("error"));
    }
    body.to_string()
}
