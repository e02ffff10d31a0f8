//! Standard input and signals of a command.

use std::time::Duration;

use tokio::sync::mpsc;

use super::guest::Guest;
use crate::engine::ExecInput;
use crate::engine::qemu::qga::QgaError;

/// Sends a signal to the command's group.
const SIGNAL: &str = include_str!("signal.sh");

/// The agent writes pieces of this size fastest.
const PIECE: usize = 128 * 1024;

/// Pieces that may wait in the guest.
const AHEAD: u64 = 4;

/// Hands input to the command for as long as it is polled. Never returns.
pub(super) async fn pump(
    guest: Guest,
    pid: i64,
    dir: String,
    stdin: bool,
    mut inputs: mpsc::Receiver<ExecInput>,
) {
    let (bytes, queue) = mpsc::channel(64);
    let mut bytes = stdin.then_some(bytes);
    let signals = async {
        while let Some(input) = inputs.recv().await {
            match input {
                ExecInput::Signal(name) => signal(&guest, pid, name).await,
                ExecInput::Eof => bytes = None,
                ExecInput::Stdin(more) => {
                    let Some(open) = &bytes else { continue };
                    if open.send(more).await.is_err() {
                        bytes = None;
                    }
                }
            }
        }
        bytes = None;
    };
    let feeding = async {
        if stdin && let Err(error) = feed(&guest, &dir, queue).await {
            tracing::debug!(%error, "cannot write the standard input of a command");
        }
    };
    tokio::join!(signals, feeding);
    std::future::pending::<()>().await;
}

async fn signal(guest: &Guest, pid: i64, name: String) {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        tracing::debug!(name, "no such signal");
        return;
    }
    if let Err(error) = guest.script(SIGNAL, &[pid.to_string(), name]).await {
        tracing::debug!(%error, "cannot signal a command");
    }
}

/// Writes pieces, and tells the guest's end of each through a pipe, until the queue ends.
async fn feed(
    guest: &Guest,
    dir: &str,
    mut queue: mpsc::Receiver<Vec<u8>>,
) -> Result<(), QgaError> {
    let control = control(guest, dir).await?;
    let mut piece = 0_u64;
    while let Some(bytes) = queue.recv().await {
        for part in bytes.chunks(PIECE) {
            if piece >= AHEAD {
                wait_until_read(guest, &format!("{dir}/i.{}", piece - AHEAD)).await?;
            }
            if let Some(file) = guest.open(&format!("{dir}/i.{piece}"), "w").await? {
                guest.write(file, part).await?;
                guest.close(file).await?;
            }
            tell(guest, control, &piece.to_string()).await?;
            piece += 1;
        }
    }
    // The pipe stays open until the command ended: a reader that is not there yet would find it empty.
    tell(guest, control, "end").await
}

/// Opens the pipe for both directions, which never blocks; it appears a moment after the command.
async fn control(guest: &Guest, dir: &str) -> Result<i64, QgaError> {
    loop {
        if let Some(handle) = guest.open(&format!("{dir}/c"), "r+").await? {
            return Ok(handle);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn tell(guest: &Guest, control: i64, word: &str) -> Result<(), QgaError> {
    guest.write(control, format!("{word}\n").as_bytes()).await?;
    guest.flush(control).await
}

async fn wait_until_read(guest: &Guest, path: &str) -> Result<(), QgaError> {
    while let Some(handle) = guest.open(path, "r").await? {
        guest.close(handle).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
