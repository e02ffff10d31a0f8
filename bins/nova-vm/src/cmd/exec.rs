//! `nova vm exec`: run a command in a guest.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nova_api::client::{ExecEvent, ExecReader, ExecWriter};
use nova_api::{ExecExit, ExecRequest, VmName};
use nova_core::{Cx, Failure, Kind, Result};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cmd::logs::written;
use crate::flags::parse_duration;
use crate::session::Session;
use crate::sink::{Sink, Stream};

/// Failures of the tool itself, so that no remote status can be mistaken for one.
const OWN_FAILURE: u8 = 125;

/// Run a command in a VM
///
/// The exit code is the command's own; 125 means that it could not be run. An interrupt is passed
/// on to the command, a second one ends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm exec web-1 -- uname -a\n\
\x20 nova vm exec web-1 -- sh -c 'df -h | tail -n 1'\n\
\x20 tar c site | nova vm exec -i web-1 -- tar x -C /srv")]
pub(crate) struct ExecArgs {
    /// VM to run it in
    #[arg(value_name = "NAME")]
    name: VmName,

    /// Pass standard input on
    #[arg(short = 'i', long)]
    stdin: bool,

    /// Give the command a terminal
    #[arg(short = 't', long, overrides_with = "no_tty")]
    tty: bool,

    /// Give the command no terminal; this is the default
    #[arg(short = 'T', long, overrides_with = "tty")]
    no_tty: bool,

    /// Set a variable for the command; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_env)]
    env: Vec<(String, String)>,

    /// Run it in this directory
    #[arg(long, value_name = "DIR")]
    cwd: Option<String>,

    /// Run it as this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// Wait this long for the guest agent
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    wait_agent: Duration,

    /// Command and its arguments
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<String>,
}

fn parse_env(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if name.is_empty() {
        return Err("a variable needs a name".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) async fn run(cx: &Cx, args: &ExecArgs) -> Result<()> {
    let (limit, begun) = (cx.globals().timeout, Instant::now());
    let work = exec(cx, args);
    let ended = match limit {
        // The server ends the command in time; this is for a server that does not answer at all.
        Some(limit) => tokio::time::timeout(limit + Duration::from_secs(5), work)
            .await
            .unwrap_or_else(|_| Err(timed_out(limit))),
        None => work.await,
    };
    let exit = ended.map_err(
        |failure| match limit.filter(|limit| begun.elapsed() >= *limit) {
            Some(limit) if !failure.is_silent() => timed_out(limit),
            _ => own(failure),
        },
    )?;
    match code_of(&exit) {
        0 => Ok(()),
        code => Err(Failure::silent(code)),
    }
}

fn own(failure: Failure) -> Failure {
    match failure.kind() {
        _ if failure.is_silent() => failure,
        Kind::Timeout | Kind::Signal(_) => failure,
        _ => failure.with_code(OWN_FAILURE),
    }
}

fn timed_out(limit: Duration) -> Failure {
    let limit = nova_core::units::format_duration(limit);
    Failure::new(
        Kind::Timeout,
        format!("the command did not end within {limit}"),
    )
}

/// A shell's way to show how a command ended: `128 + n` for signal n.
fn code_of(exit: &ExecExit) -> u8 {
    let code = exit.code.or_else(|| exit.signal.map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(OWN_FAILURE)
}

fn request(cx: &Cx, args: &ExecArgs) -> ExecRequest {
    ExecRequest {
        command: args.command.clone(),
        env: args.env.iter().cloned().collect::<BTreeMap<_, _>>(),
        cwd: args.cwd.clone(),
        user: args.user.clone(),
        tty: args.tty,
        stdin: args.stdin,
        timeout_seconds: cx.globals().timeout.map(|limit| limit.as_secs().max(1)),
        wait_agent_seconds: Some(args.wait_agent.as_secs()),
        ..ExecRequest::default()
    }
}

async fn exec(cx: &Cx, args: &ExecArgs) -> Result<ExecExit> {
    let session = Session::open(cx).await?;
    let opened = session
        .vms
        .exec(args.name.as_str(), &request(cx, args))
        .await;
    let (mut reader, writer) = session.known(&args.name, opened).await?.split();
    let mut signals = Signals::watch()?;
    // Nothing may be sent before the command runs: the server would have nobody to give it to.
    let first = tokio::select! {
        first = reader.next() => first?,
        (_, number, _) = signals.next() => return interrupted(writer, number).await,
    };
    if let ExecEvent::Exit(exit) = first {
        return Ok(exit);
    }
    // Side by side, since either may have to wait for the other: `cat` reads only what it can write.
    tokio::select! {
        ended = copy_output(cx, reader) => ended,
        left = send_input(Input::new(args.stdin), writer, signals) => left,
    }
}

/// Passes input and signals on; returns only when the session is left.
async fn send_input(
    mut input: Input,
    mut writer: ExecWriter,
    mut signals: Signals,
) -> Result<ExecExit> {
    loop {
        tokio::select! {
            chunk = input.next() => forward(&mut input, &mut writer, &chunk?).await?,
            (name, number, again) = signals.next() => {
                if again {
                    return interrupted(writer, number).await;
                }
                writer.signal(name).await?;
            }
        }
    }
}

/// Leaves the session, which ends the command, and ends by the signal.
async fn interrupted(writer: ExecWriter, number: i32) -> Result<ExecExit> {
    writer.close().await;
    nova_core::signal::note(number);
    Err(Failure::new(Kind::Signal(number), "interrupted"))
}

async fn copy_output(cx: &Cx, mut reader: ExecReader) -> Result<ExecExit> {
    let mut sink = Sink::start(cx.globals().quiet >= 2);
    let exit = loop {
        let event = tokio::select! {
            event = reader.next() => event?,
            failed = sink.failed() => {
                failed.map_err(|error| written(&error))?;
                continue;
            }
        };
        let wrote = match event {
            ExecEvent::Started => Ok(()),
            ExecEvent::Stdout(bytes) => sink.write(Stream::Out, bytes).await,
            ExecEvent::Stderr(bytes) => sink.write(Stream::Err, bytes).await,
            ExecEvent::Exit(exit) => break exit,
        };
        wrote.map_err(|error| written(&error))?;
    };
    sink.finish().await.map_err(|error| written(&error))?;
    Ok(exit)
}

async fn forward(input: &mut Input, writer: &mut ExecWriter, chunk: &[u8]) -> Result<()> {
    if chunk.is_empty() {
        input.open = false;
        writer.end_of_stdin().await?;
    } else {
        writer.stdin(chunk).await?;
    }
    Ok(())
}

/// Standard input, if it is passed on at all.
struct Input {
    open: bool,
    stdin: tokio::io::Stdin,
    buffer: Vec<u8>,
}

impl Input {
    fn new(open: bool) -> Self {
        Self {
            open,
            stdin: tokio::io::stdin(),
            buffer: vec![0; 64 * 1024],
        }
    }

    /// The next bytes; nothing at the end. Never returns once closed.
    async fn next(&mut self) -> Result<Vec<u8>> {
        if !self.open {
            return std::future::pending().await;
        }
        let read = self.stdin.read(&mut self.buffer).await;
        let count = read.map_err(|error| {
            Failure::new(Kind::Failed, format!("cannot read standard input: {error}"))
        })?;
        Ok(self.buffer[..count].to_vec())
    }
}

/// Signals that are passed on.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    seen: bool,
}

impl Signals {
    fn watch() -> Result<Self> {
        let watch = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Kind::Internal, format!("cannot watch signals: {error}"))
            })
        };
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
            hangup: watch(SignalKind::hangup())?,
            seen: false,
        })
    }

    /// The next signal by name and number, and whether one came before.
    async fn next(&mut self) -> (&'static str, i32, bool) {
        let (name, kind) = tokio::select! {
            _ = self.interrupt.recv() => ("INT", SignalKind::interrupt()),
            _ = self.terminate.recv() => ("TERM", SignalKind::terminate()),
            _ = self.hangup.recv() => ("HUP", SignalKind::hangup()),
        };
        let again = std::mem::replace(&mut self.seen, true);
        (name, kind.as_raw_value(), again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_commands_own() {
        let exit = |code, signal| {
            code_of(&ExecExit {
                code,
                signal,
                ..ExecExit::default()
            })
        };
        assert_eq!(exit(Some(7), None), 7);
        assert_eq!(exit(None, Some(9)), 137);
        assert_eq!(exit(None, None), OWN_FAILURE);
    }

    #[test]
    fn own_failures_are_125_and_time_limits_124() {
        assert_eq!(own(Failure::new(Kind::NotFound, "x")).code(), 125);
        assert_eq!(own(timed_out(Duration::from_secs(1))).code(), 124);
        assert_eq!(own(Failure::silent(0)).code(), 0);
    }
}
