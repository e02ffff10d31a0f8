//! The thread that carries SQLite's log over into the database file. It waits for the disk, seconds long after a storm of
//! writes; the writer must not.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::db::LITTLE_CACHE;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_millis(500);
/// A log of this size is carried over: larger means rarer, and the file stays small.
const WORTH: u64 = 16 << 20;
/// A longer one, as storms leave it, is cut off when nothing is written.
const LONGEST: u64 = 64 << 20;

/// Carries the log over until it is dropped.
#[derive(Debug)]
pub(super) struct Checkpointer {
    /// Dropped to end the thread.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread for the database at `path`.
    pub(super) fn start(path: &Path) -> std::io::Result<Self> {
        let (alive, ended) = channel();
        let path = path.to_owned();
        let thread = Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || run(&path, &ended))?;
        Ok(Self {
            alive: Some(alive),
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.alive.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread that carries the log over panicked");
        }
    }
}

fn run(path: &Path, ended: &Receiver<()>) {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = PathBuf::from(log);
    let (mut connection, mut last) = (None, Looks::default());
    while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        let look = Looks::at(&log);
        let quiet = look == std::mem::replace(&mut last, look);
        if look.size < WORTH {
            continue;
        }
        if let Err(error) = carry_over(path, &mut connection, quiet && look.size > LONGEST) {
            tracing::warn!(%error, "the database's log could not be carried over");
            connection = None;
        }
    }
}

/// How the log looks from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Looks {
    size: u64,
    written: Option<SystemTime>,
}

impl Looks {
    fn at(log: &Path) -> Self {
        std::fs::metadata(log).map_or_else(
            |_| Self::default(),
            |file| Self {
                size: file.len(),
                written: file.modified().ok(),
            },
        )
    }
}

fn opened(path: &Path) -> rusqlite::Result<Connection> {
    let new = Connection::open(path)?;
    new.pragma_update(None, "cache_size", LITTLE_CACHE)?;
    new.busy_timeout(Duration::ZERO)?;
    Ok(new)
}

/// Copies what is in the log and in nobody's way; the writer begins the log anew once all of it is copied. Cuts the file off
/// if asked to: that makes the writer wait, so it is for a moment when nothing is written.
fn carry_over(path: &Path, connection: &mut Option<Connection>, cut: bool) -> rusqlite::Result<()> {
    let open = connection.take().map_or_else(|| opened(path), Ok)?;
    let how = if cut { "TRUNCATE" } else { "PASSIVE" };
    open.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))?;
    *connection = Some(open);
    Ok(())
}
