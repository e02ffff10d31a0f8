//! Open connections that wait for the next request.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;

use crate::client::Shared;
use crate::error::Error;
use crate::send::classify;

/// Servers close connections that are idle for two minutes; ours go well before.
const KEEP: Duration = Duration::from_mins(1);

/// Body of a request.
pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Connections of one client on one runtime.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<(SendRequest<Body>, Instant)>>,
}

impl Pool {
    /// A connection that can take a request at once. One whose last answer is still being read cannot.
    pub(crate) fn take(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < KEEP);
        let ready = idle.iter().rposition(|(sender, _)| sender.is_ready())?;
        Some(idle.swap_remove(ready).0)
    }

    /// Keeps a connection; it may be taken when its answer has been read.
    pub(crate) fn give(&self, sender: SendRequest<Body>) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((sender, Instant::now()));
    }
}

/// Opens a connection.
pub(crate) async fn open(shared: &Shared) -> Result<SendRequest<Body>, Error> {
    let stream = shared.dial().await?;
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| classify(&shared.endpoint(), &error))?;
    // It ends with its last request or with the peer; whoever waits for an answer learns of a failure there.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
    Ok(sender)
}
