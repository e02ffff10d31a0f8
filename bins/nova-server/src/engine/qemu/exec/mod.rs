//! Commands in a guest, through an agent that can neither stream nor signal.
//!
//! A script around the command lets its output run into pieces that are read while it runs, and gives
//! it a process group that can be signalled. The command takes the script's place, so that the agent
//! sees its very exit.

mod guest;
mod input;
mod output;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use self::guest::{Ended, Guest};
use self::output::Stream;
use super::qga::QgaError;
use super::vm::Live;
use crate::engine::{EngineError, ExecOutput, ExecRequest, ExecSession};

const RUN: &str = include_str!("run.sh");
const COLLECT: &str = include_str!("collect.sh");
const END: &str = include_str!("end.sh");

/// Ends what an earlier server ran.
const SWEEP: &str = "set -- /run/nova-exec-*\n";

/// A command that ends within this time is not streamed: one collection gets all of it.
const SHORT: Duration = Duration::from_millis(60);

/// How long output may pause after the command's end, while something it left behind holds its pipes.
const LINGER: Duration = Duration::from_secs(2);

type Output = Result<ExecOutput, EngineError>;

/// Begins a command.
pub(super) async fn begin(live: &Live, request: ExecRequest) -> Result<ExecSession, EngineError> {
    let guest = Guest::new(live.agent()?.clone());
    let dir = format!("/run/nova-exec-{}", uuid::Uuid::new_v4().simple());
    let arguments = arguments(&dir, &request)?;
    let pid = guest.spawn(RUN, &arguments, false).await?;
    let (input, inputs) = mpsc::channel(16);
    let (outputs, output) = mpsc::channel(16);
    let streams = [
        Stream::new(format!("{dir}/o")),
        Stream::new(format!("{dir}/e")),
    ];
    let session = Session {
        guest: guest.clone(),
        dir: dir.clone(),
        pid,
        outputs,
        streams,
    };
    let pump = input::pump(guest, pid, dir, request.stdin, inputs);
    tokio::spawn(session.drive(pump, request.timeout));
    Ok(ExecSession {
        pid: pid.unsigned_abs(),
        input,
        output,
    })
}

/// Ends what commands of an earlier server left in the guest.
pub(super) async fn sweep(live: &Live) {
    let guest = Guest::new(live.qga.clone());
    if let Err(error) = guest.script(&format!("{SWEEP}{END}"), &[]).await {
        tracing::debug!(%error, "cannot sweep a guest");
    }
}

fn arguments(dir: &str, request: &ExecRequest) -> Result<Vec<String>, EngineError> {
    let invalid = |text: String| Err(EngineError::Invalid(text));
    if request.command.first().is_none_or(String::is_empty) {
        return invalid("no command was given".into());
    }
    if let Some((name, _)) = request
        .env
        .iter()
        .find(|(name, _)| name.is_empty() || name.contains('='))
    {
        return invalid(format!("{name:?} cannot name a variable"));
    }
    let user = request.user.clone().unwrap_or_default();
    if user.starts_with('-') || user.contains(':') {
        return invalid(format!("{user:?} cannot name a user"));
    }
    let stdin = if request.stdin { "1" } else { "0" };
    let cwd = request.cwd.clone().unwrap_or_default();
    let mut words = vec![
        dir.to_owned(),
        stdin.to_owned(),
        user,
        cwd,
        request.env.len().to_string(),
    ];
    words.extend(
        request
            .env
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    words.extend(request.command.iter().cloned());
    if words.iter().any(|word| word.contains('\0')) {
        return invalid("a command cannot contain a NUL".into());
    }
    Ok(words)
}

/// A command that runs.
struct Session {
    guest: Guest,
    dir: String,
    pid: i64,
    outputs: mpsc::Sender<Output>,
    streams: [Stream; 2],
}

/// Why the driving ended.
enum Outcome {
    Ended(Ended),
    Failed(EngineError),
    /// Nobody listens any more.
    Abandoned,
}

impl Session {
    async fn drive(mut self, pump: impl Future<Output = ()>, timeout: Option<Duration>) {
        let (qga, outputs) = (self.guest.qga.clone(), self.outputs.clone());
        let outcome = tokio::select! {
            outcome = self.follow() => outcome.map_or_else(|error| Outcome::Failed(error.into()), Outcome::Ended),
            () = pump => Outcome::Abandoned,
            () = outputs.closed() => Outcome::Abandoned,
            after = expiry(timeout) => {
                Outcome::Failed(EngineError::Timeout { what: "the command".into(), after })
            }
            () = qga.closed() => Outcome::Failed(EngineError::AgentUnavailable(
                "the guest agent went away while the command ran".into(),
            )),
        };
        let last = match outcome {
            Outcome::Ended(ended) => Some(Ok(ExecOutput::Exit {
                code: ended.code,
                signal: ended.signal,
            })),
            Outcome::Failed(error) => {
                self.end().await;
                Some(Err(error))
            }
            Outcome::Abandoned => {
                self.end().await;
                None
            }
        };
        if let Some(last) = last {
            // Who stopped listening does not miss it.
            drop(outputs.send(last).await);
        }
        self.guest.close_all().await;
    }

    /// Sends output until the command ended and all of it is sent.
    async fn follow(&mut self) -> Result<Ended, QgaError> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(4);
        let ended = loop {
            if let Some(ended) = self.guest.status(self.pid).await? {
                break ended;
            }
            let moved = began.elapsed() > SHORT && self.pull().await?;
            pause = if moved {
                Duration::from_millis(1)
            } else {
                (pause * 3 / 2).min(Duration::from_millis(100))
            };
            tokio::time::sleep(pause).await;
        };
        self.collect().await?;
        Ok(ended)
    }

    /// Sends what came; answers whether anything did.
    async fn pull(&mut self) -> Result<bool, QgaError> {
        let [stdout, stderr] = &mut self.streams;
        let bytes = stdout.pull(&self.guest).await?;
        let errors = stderr.pull(&self.guest).await?;
        let moved = !bytes.is_empty() || !errors.is_empty();
        self.send(bytes, errors).await;
        Ok(moved)
    }

    async fn send(&self, stdout: Vec<u8>, stderr: Vec<u8>) {
        let outputs = [ExecOutput::Stdout(stdout), ExecOutput::Stderr(stderr)];
        for output in outputs {
            let empty = matches!(&output, ExecOutput::Stdout(bytes) | ExecOutput::Stderr(bytes) if bytes.is_empty());
            if !empty {
                // A listener that is gone ends the session from outside.
                drop(self.outputs.send(Ok(output)).await);
            }
        }
    }

    /// Gets the rest of the output after the command's end, and removes its directory.
    async fn collect(&mut self) -> Result<(), QgaError> {
        let mut last_moved = Instant::now();
        loop {
            let force = last_moved.elapsed() > LINGER;
            let ended = self
                .guest
                .script(COLLECT, &self.collect_arguments(force))
                .await?;
            match ended.code {
                Some(0) => {
                    self.send(ended.stdout, ended.stderr).await;
                    return Ok(());
                }
                Some(3 | 4) => {
                    while self.pull().await? {
                        last_moved = Instant::now();
                    }
                }
                _ => {
                    return Err(QgaError::Refused(
                        "the guest cannot run commands: it needs a writable /run, mkfifo and dd"
                            .into(),
                    ));
                }
            }
        }
    }

    fn collect_arguments(&self, force: bool) -> [String; 6] {
        let [stdout, stderr] = &self.streams;
        [
            self.dir.clone(),
            stdout.piece.to_string(),
            stdout.offset.to_string(),
            stderr.piece.to_string(),
            stderr.offset.to_string(),
            u8::from(force).to_string(),
        ]
    }

    /// Ends the command and removes its directory. What cannot be reached ends with its guest, or is
    /// swept by the next server.
    async fn end(&self) {
        let ended = self
            .guest
            .script(END, std::slice::from_ref(&self.dir))
            .await;
        if let Err(error) = ended {
            tracing::debug!(%error, dir = self.dir, "cannot end a command");
            return;
        }
        // The agent keeps the record of the command until it is read.
        drop(self.guest.status(self.pid).await);
    }
}

async fn expiry(timeout: Option<Duration>) -> Duration {
    match timeout {
        Some(timeout) => {
            tokio::time::sleep(timeout).await;
            timeout
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_script_untouched() {
        let request = ExecRequest {
            command: vec!["echo".into(), "$(x) 'y'".into()],
            env: vec![("A".into(), "b c".into())],
            ..ExecRequest::default()
        };
        let words = arguments("/run/d", &request).unwrap();
        assert_eq!(
            words,
            ["/run/d", "0", "", "", "1", "A=b c", "echo", "$(x) 'y'"]
        );
    }

    #[test]
    fn what_cannot_be_a_command_is_refused() {
        let command = |command: &[&str]| ExecRequest {
            command: command.iter().copied().map(String::from).collect(),
            ..ExecRequest::default()
        };
        let user = ExecRequest {
            user: Some("-x".into()),
            ..command(&["true"])
        };
        let env = ExecRequest {
            env: vec![("A=B".into(), String::new())],
            ..command(&["true"])
        };
        for request in [command(&[]), command(&[""]), command(&["a\0b"]), user, env] {
            assert!(matches!(
                arguments("/run/d", &request),
                Err(EngineError::Invalid(_))
            ));
        }
    }
}
