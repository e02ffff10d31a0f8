//! The thread that fetches while the renderer, which is synchronous, writes.
//!
//! Items are handed over through a bounded channel: a slow terminal slows the fetching down instead of filling memory.

use std::time::Duration;

use nova_core::{Context, Item, Kind, Result};
use nova_http::{block_on_without_signals, interrupted};
use rustix::event::{PollFd, PollFlags, Timespec};
use tokio::sync::mpsc;

/// How often a silent watch looks whether its output is still read.
const LOOK_FOR_READER: Duration = Duration::from_millis(500);
/// Items that wait for the renderer.
const WAITING: usize = 256;

/// What the renderer gets.
pub(super) type Sent = Result<Item>;

/// Iterates over what a thread fetches.
pub(super) struct Received(mpsc::Receiver<Sent>);

impl Iterator for Received {
    type Item = Sent;

    fn next(&mut self) -> Option<Sent> {
        self.0.blocking_recv()
    }
}

/// Runs `fetch` on a thread of its own until it is done, interrupted, or over its time.
pub(super) fn on_thread(
    fetch: impl AsyncFnOnce(&mpsc::Sender<Sent>) -> Result<()> + Send + 'static,
    watching: bool,
    limit: Option<Duration>,
) -> Result<Received> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let work = move || {
        let end = sender.clone();
        let result = block_on_without_signals(async {
            tokio::select! {
                result = fetch(&sender) => result,
                failure = interrupted() => Err(failure),
                () = after(limit) => Ok(()),
                () = reader_gone(), if watching => Ok(()),
            }
        });
        // A renderer that is gone wants no failure either.
        if let Err(failure) = result {
            drop(end.blocking_send(Err(failure)));
        }
    };
    std::thread::Builder::new()
        .name("listing".to_owned())
        .spawn(work)
        .context(Kind::Internal, || "starting a thread".to_owned())?;
    Ok(Received(receiver))
}

/// Returns after `limit`; without one, never.
async fn after(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Waits until nobody reads standard output any more. A watch that has nothing to write would not notice.
async fn reader_gone() {
    loop {
        tokio::time::sleep(LOOK_FOR_READER).await;
        let stdout = std::io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let polled = rustix::event::poll(&mut fds, Some(&Timespec::default()));
        if polled.is_ok() && fds[0].revents().contains(PollFlags::ERR) {
            return;
        }
    }
}
