//! The thread that waits for the disk. A commit is in SQLite's log at once and survives a kill of the server; what was asked
//! for is answered when it would survive a power cut too. While one wait is under way, the writer goes on: everything
//! committed meanwhile shares the next.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use super::error::sync_failed;
use super::writer::Answer;
use crate::api::error::ApiError;

/// Takes answers that wait for the disk; they are given when it is done, also after this is dropped.
pub(super) struct Syncer {
    queue: Option<Sender<Answer>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// Starts the thread for the database at `path`.
    pub(super) fn start(path: &Path) -> io::Result<Self> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let (queue, waiting) = channel();
        let thread = Builder::new()
            .name("store-syncer".into())
            .spawn(move || run(&waiting, Path::new(&log)))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Gives `answer` once everything committed before is on the disk.
    pub(super) fn after_sync(&self, answer: Answer) {
        let sent = self.queue.as_ref().map(|queue| queue.send(answer));
        if let Some(Err(lost)) = sent {
            (lost.0)(Err(ApiError::internal(
                "nobody waits for the disk any more",
            )));
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread that waits for the disk panicked");
        }
    }
}

fn run(waiting: &Receiver<Answer>, path: &Path) {
    let mut log = None;
    while let Ok(first) = waiting.recv() {
        let answers: Vec<Answer> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let synced = sync(&mut log, path).map_err(|error| {
            tracing::error!(%error, "the disk did not take what was stored");
            sync_failed(&error)
        });
        for answer in answers {
            answer(synced.clone());
        }
    }
}

/// The log is there since the first commit, and is never removed while the database is open.
fn sync(log: &mut Option<File>, path: &Path) -> io::Result<()> {
    let file = match log.take() {
        Some(file) => file,
        None => File::open(path)?,
    };
    file.sync_data()?;
    *log = Some(file);
    Ok(())
}
