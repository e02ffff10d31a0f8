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
/// Batches of items that wait for the renderer: one page of a list is written while the next is on its way.
const WAITING: usize = 1;

/// What the renderer gets at a time.
pub(super) type Sent = Result<Vec<Item>>;

/// Iterates over what a thread fetches.
pub(super) struct Received {
    batches: mpsc::Receiver<Sent>,
    batch: std::vec::IntoIter<Item>,
}

impl Iterator for Received {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Result<Item>> {
        loop {
            if let Some(item) = self.batch.next() {
                return Some(Ok(item));
            }
            match self.batches.blocking_recv()? {
                Ok(batch) => self.batch = batch.into_iter(),
                Err(failure) => return Some(Err(failure)),
            }
        }
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
    Ok(Received {
        batches: receiver,
        batch: Vec::new().into_iter(),
    })
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
