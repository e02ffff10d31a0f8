//! Running commands in guests: what both forms share, and the form that collects output.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::routing::{any, post};
use axum::{Json, Router};
use nova_api::types::{ExecExit, ExecOutput as Collected, ExecRequest as Asked};
use tokio::time::{sleep, timeout};

use super::VM;
use super::guest::Target;
use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::{Identity, Verb};
use crate::control::table::State as Life;
use crate::engine::{EngineError, ExecInput, ExecOutput, ExecRequest, ExecSession, Observation};

/// How long a command waits for the agent unless the caller says.
const WAIT_AGENT: u64 = 60;
/// Longest time of the collecting form.
const COLLECT_TIME: Duration = Duration::from_mins(1);
/// Most output of the collecting form, per stream.
const COLLECT_BYTES: usize = 1 << 20;
/// Deadline of handing the command to the guest.
const HAND_OVER: Duration = Duration::from_secs(30);

pub(super) fn routes() -> Router<Arc<App>> {
    let path = format!("{VM}/exec");
    Router::new().route(&path, post(collect).merge(any(super::exec_socket::upgrade)))
}

/// Waits for the guest and runs the command in it.
pub(super) async fn begin(
    app: &App,
    target: &mut Target,
    asked: &Asked,
) -> Result<ExecSession, ApiError> {
    check(asked)?;
    let limit = Duration::from_secs(asked.wait_agent_seconds.unwrap_or(WAIT_AGENT).min(3600));
    let until = Instant::now() + limit;
    loop {
        target.refresh(app)?;
        if target.life() != Life::Up {
            return Err(target.refuse("run a command in"));
        }
        if target.has_agent(app) == Some(false) {
            return Err(target.no_agent());
        }
        if answers(app, target).await {
            match hand_over(app, target, asked).await {
                Err(EngineError::AgentUnavailable(_) | EngineError::NotRunning) => {}
                other => return other.map_err(|error| target.engine_error(app, &error)),
            }
        }
        if Instant::now() >= until {
            let (name, seconds) = (&target.key.name, limit.as_secs());
            let text = format!("the agent of {name:?} did not answer within {seconds} s");
            return Err(ApiError::unavailable("AgentUnavailable", text).on(&target.key));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn check(asked: &Asked) -> Result<(), ApiError> {
    if asked.command.first().is_none_or(String::is_empty) {
        return Err(ApiError::bad_request("command: name a program"));
    }
    if asked.tty {
        let text = "a terminal needs the nova agent in the guest, and this server reaches guests \
                    through the QEMU guest agent, which has none";
        return Err(ApiError::not_supported(text).hint("run it without -t"));
    }
    match asked.transport.as_deref() {
        None | Some("auto" | "agent") => Ok(()),
        Some(other) => Err(ApiError::not_supported(format!(
            "transport {other:?} is not supported yet"
        ))),
    }
}

async fn answers(app: &App, target: &Target) -> bool {
    let seen = timeout(Duration::from_secs(10), app.engine.observe(&target.uid)).await;
    matches!(
        seen,
        Ok(Ok(Observation::On {
            agent: true,
            paused: false,
            ..
        }))
    )
}

async fn hand_over(app: &App, target: &Target, asked: &Asked) -> Result<ExecSession, EngineError> {
    let request = ExecRequest {
        command: asked.command.clone(),
        env: asked.env.clone().into_iter().collect(),
        cwd: asked.cwd.clone(),
        user: asked.user.clone(),
        stdin: asked.stdin,
        timeout: asked
            .timeout_seconds
            .filter(|n| *n > 0)
            .map(Duration::from_secs),
    };
    match timeout(HAND_OVER, app.engine.exec(&target.uid, request)).await {
        Ok(session) => session,
        Err(_) => Err(EngineError::Timeout {
            what: "the guest agent".into(),
            after: HAND_OVER,
        }),
    }
}

/// Ends a command that nobody listens to any longer: politely, then for good.
pub(super) async fn abandon(mut session: ExecSession) {
    for (signal, patience) in [("TERM", 2), ("KILL", 5)] {
        if session
            .input
            .send(ExecInput::Signal(signal.to_owned()))
            .await
            .is_err()
        {
            return;
        }
        let drained = timeout(Duration::from_secs(patience), async {
            while let Some(Ok(output)) = session.output.recv().await {
                if matches!(output, ExecOutput::Exit { .. }) {
                    break;
                }
            }
        });
        if drained.await.is_ok() {
            return;
        }
    }
}

/// `POST …/exec`: runs a short command and answers its output in one piece.
async fn collect(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Path(place): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json<Collected>, ApiError> {
    let mut target = Target::find(&app, &identity, Verb::Exec, place)?;
    let mut asked: Asked = serde_json::from_slice(&bytes)
        .map_err(|e| ApiError::bad_request(format!("the body cannot be read: {e}")))?;
    asked.stdin = false;
    let _here = app.activity.guard();
    let begun = Instant::now();
    let mut session = begin(&app, &mut target, &asked).await?;
    let limit = COLLECT_TIME
        .saturating_sub(begun.elapsed())
        .max(Duration::from_secs(1));
    let collected = timeout(limit, gather(&mut session, begun)).await;
    match collected {
        Ok(Ok(out)) => Ok(Json(out)),
        Ok(Err(Some(error))) => Err(target.engine_error(&app, &error)),
        Ok(Err(None)) => Err(lost(&target)),
        Err(_) => {
            tokio::spawn(abandon(session));
            let text = "the command did not end within 60 s; run it as a stream";
            Err(ApiError::guest_timeout(&target.key, text))
        }
    }
}

/// The error of a command whose end nobody knows.
pub(super) fn lost(target: &Target) -> ApiError {
    let text = "the guest went away while the command ran";
    ApiError::unavailable("AgentUnavailable", text).on(&target.key)
}

async fn gather(
    session: &mut ExecSession,
    begun: Instant,
) -> Result<Collected, Option<EngineError>> {
    let (mut stdout, mut stderr, mut cut) = (Vec::new(), Vec::new(), false);
    while let Some(output) = session.output.recv().await {
        match output.map_err(Some)? {
            ExecOutput::Stdout(bytes) => cut |= keep(&mut stdout, &bytes),
            ExecOutput::Stderr(bytes) => cut |= keep(&mut stderr, &bytes),
            ExecOutput::Exit { code, signal } => {
                let exit = ExecExit {
                    code,
                    signal,
                    duration_ms: u64::try_from(begun.elapsed().as_millis()).ok(),
                    truncated: cut.then_some(true),
                };
                return Ok(Collected {
                    exit,
                    stdout: String::from_utf8_lossy(&stdout).into_owned(),
                    stderr: String::from_utf8_lossy(&stderr).into_owned(),
                });
            }
        }
    }
    Err(None)
}

/// Adds what fits; answers whether something did not.
fn keep(to: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let room = COLLECT_BYTES.saturating_sub(to.len()).min(bytes.len());
    to.extend_from_slice(&bytes[..room]);
    room < bytes.len()
}
