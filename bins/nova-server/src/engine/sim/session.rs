//! A command in a simulated guest: its streams and signals.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::shell::{Guest, Shell};
use crate::engine::{EngineError, ExecInput, ExecOutput, ExecRequest, ExecSession};

/// Exit status is no number when a signal ended the command.
enum End {
    Code(i32),
    Signal(i32),
    TimedOut(Duration),
    PowerLost,
    /// Nobody listens any more.
    Abandoned,
}

/// Runs the command; it ends with the machine's power.
pub(super) fn begin(host: String, request: ExecRequest, life: watch::Receiver<()>) -> ExecSession {
    let (input, inputs) = mpsc::channel(16);
    let (outputs, output) = mpsc::channel(16);
    let pid = 100 + u64::from(uuid::Uuid::new_v4().as_fields().1);
    tokio::spawn(async move { drive(host, request, life, inputs, outputs).await });
    ExecSession { pid, input, output }
}

async fn drive(
    host: String,
    request: ExecRequest,
    mut life: watch::Receiver<()>,
    inputs: mpsc::Receiver<ExecInput>,
    outputs: mpsc::Sender<Result<ExecOutput, EngineError>>,
) {
    let (stdin, stdin_reader) = mpsc::channel(16);
    // Without input wanted, the command finds its standard input at the end at once.
    let stdin = request.stdin.then_some(stdin);
    let guest = Guest {
        host,
        env: request.env,
        cwd: request.cwd,
        user: request.user,
    };
    let shell = Shell::new(guest, stdin_reader, outputs.clone());
    let timeout = request.timeout;
    let end = tokio::select! {
        code = shell.run(request.command) => End::Code(code),
        signal = pump(inputs, stdin) => End::Signal(signal),
        () = expiry(timeout) => End::TimedOut(timeout.unwrap_or_default()),
        _ = life.changed() => End::PowerLost,
        () = outputs.closed() => End::Abandoned,
    };
    let last = match end {
        End::Code(code) => Ok(ExecOutput::Exit {
            code: Some(code),
            signal: None,
        }),
        End::Signal(signal) => Ok(ExecOutput::Exit {
            code: None,
            signal: Some(signal),
        }),
        End::TimedOut(after) => Err(EngineError::Timeout {
            what: "the command".into(),
            after,
        }),
        End::PowerLost => Err(EngineError::AgentUnavailable("the machine went off".into())),
        End::Abandoned => return,
    };
    drop(outputs.send(last).await);
}

async fn expiry(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

/// Hands input to the command until a signal ends it. Never returns otherwise.
async fn pump(
    mut inputs: mpsc::Receiver<ExecInput>,
    mut stdin: Option<mpsc::Sender<Vec<u8>>>,
) -> i32 {
    while let Some(input) = inputs.recv().await {
        match input {
            ExecInput::Signal(name) => {
                if let Some(number) = signal_number(&name) {
                    return number;
                }
            }
            ExecInput::Eof => stdin = None,
            ExecInput::Stdin(bytes) => {
                let Some(open) = &stdin else { continue };
                if open.send(bytes).await.is_err() {
                    stdin = None;
                }
            }
        }
    }
    drop(stdin);
    std::future::pending().await
}

/// The signals that end a program that does not handle them.
fn signal_number(name: &str) -> Option<i32> {
    Some(match name {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "KILL" => 9,
        "USR1" => 10,
        "USR2" => 12,
        "TERM" => 15,
        _ => return None,
    })
}
