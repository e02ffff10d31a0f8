//! What ends a server: a signal, or that nobody needs it.

use std::time::Duration;

use nova_core::{Context, Kind, Result};
use tokio::signal::unix::{SignalKind, signal};

use super::run::Options;
use crate::app::App;

/// How often idleness is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Returns when nobody used the server for as long as it may be idle. One that people or the system
/// started, and one that others can reach, never goes by itself.
pub(super) async fn idle(app: &App, options: &Options) {
    let remote = !options.listen.is_empty() || !options.plain_http.is_empty();
    let Some(limit) = options.idle_exit.filter(|_| !remote) else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(LOOK.min(limit)).await;
        let busy = app
            .controller
            .get()
            .is_none_or(|controller| controller.busy().is_some());
        if !busy && app.activity.idle_for().is_some_and(|idle| idle >= limit) {
            return;
        }
    }
}

/// The signals that end a server.
pub(super) struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Self> {
        let open = |kind| signal(kind).context(Kind::Failed, || "cannot watch signals".to_owned());
        Ok(Self {
            term: open(SignalKind::terminate())?,
            int: open(SignalKind::interrupt())?,
            hup: open(SignalKind::hangup())?,
        })
    }

    /// The next signal that ends the server.
    pub(super) async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.term.recv() => return "TERM",
                _ = self.int.recv() => return "INT",
                // A closed terminal is no reason to end.
                _ = self.hup.recv() => {}
            }
        }
    }
}
