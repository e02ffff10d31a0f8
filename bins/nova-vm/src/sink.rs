//! Standard output and error of a remote command, written on a thread of their own: a reader that is stuck must not keep
//! signals from being passed on.

use std::io::{self, Write};

use nova_http::Bytes;
use tokio::sync::{mpsc, oneshot};

/// Chunks that wait for a slow reader; then the command has to wait.
const DEPTH: usize = 16;

/// Where a chunk goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// The writing thread, as the session sees it.
pub(crate) struct Sink {
    chunks: mpsc::Sender<(Stream, Bytes)>,
    ended: oneshot::Receiver<io::Result<()>>,
}

impl Sink {
    /// Starts the thread; with `silent` standard output goes nowhere.
    pub(crate) fn start(silent: bool) -> Self {
        let (chunks, inbox) = mpsc::channel(DEPTH);
        let (tell, ended) = oneshot::channel();
        std::thread::spawn(move || drop(tell.send(write_all(inbox, silent))));
        Self { chunks, ended }
    }

    /// Hands a chunk over; waits while too much is unwritten.
    pub(crate) async fn write(&mut self, to: Stream, bytes: Bytes) -> io::Result<()> {
        match self.chunks.send((to, bytes)).await {
            Ok(()) => Ok(()),
            Err(_) => self.failed().await,
        }
    }

    /// Returns when writing failed; never while it goes well.
    pub(crate) async fn failed(&mut self) -> io::Result<()> {
        (&mut self.ended).await.unwrap_or(Ok(()))
    }

    /// Waits until everything is written.
    pub(crate) async fn finish(self) -> io::Result<()> {
        drop(self.chunks);
        self.ended.await.unwrap_or(Ok(()))
    }
}

fn write_all(mut inbox: mpsc::Receiver<(Stream, Bytes)>, silent: bool) -> io::Result<()> {
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    while let Some((to, bytes)) = inbox.blocking_recv() {
        match to {
            Stream::Out if silent => {}
            Stream::Out => {
                out.write_all(&bytes)?;
                out.flush()?;
            }
            Stream::Err => err.write_all(&bytes)?,
        }
    }
    Ok(())
}
