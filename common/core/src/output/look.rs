//! How a table is shown to whoever reads it: within their screen, in colour, or read aloud.

use std::borrow::Cow;

use crate::Cx;
use crate::report::paint;

/// What the reader has. The default is a pipe: everything, plain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Columns of the screen; nothing in a pipe.
    pub(super) width: Option<usize>,
    /// Words of state are coloured.
    pub(super) color: bool,
    /// The screen shows more than ASCII.
    pub(super) unicode: bool,
    /// Rows are read aloud, each cell with its header.
    pub(super) records: bool,
}

impl Look {
    pub(crate) fn of(cx: &Cx) -> Self {
        let terminal = cx.terminal();
        Self {
            width: terminal.stdout.then_some(terminal.width),
            color: cx.color_stdout(),
            unicode: terminal.unicode,
            records: terminal.stdout && cx.accessible(),
        }
    }
}

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
pub(super) const DIM: &str = "\x1b[2m";

/// Whether a column holds words of state.
pub(super) fn is_state(header: &str) -> bool {
    matches!(header, "STATUS" | "PHASE" | "STATE")
}

/// The colour of a word of state: what is well, on its way, failed, or at rest.
pub(super) fn color_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "Running" | "Ready" | "Active" | "Succeeded" | "Healthy" | "Valid" | "Complete" => GREEN,
        "Pending" | "Provisioning" | "Starting" | "Stopping" | "Restarting" | "Pausing"
        | "Resuming" | "Creating" | "Deleting" | "Terminating" | "Uploading" | "Building"
        | "Importing" | "Paused" | "Migrating" | "Degraded" | "Unknown" => YELLOW,
        "Failed" | "Error" | "Crashed" | "NotReady" | "Unhealthy" | "Expired" | "Revoked"
        | "TimedOut" => RED,
        "Stopped" | "Cancelled" | "Disabled" | "Deleted" => DIM,
        _ => return None,
    })
}

/// A cell of a state column as it is written; blanks that follow it are not part of it.
pub(super) fn painted(look: Look, word: &str) -> Cow<'_, str> {
    match color_of(word).filter(|_| look.color) {
        Some(color) => Cow::Owned(paint(true, color, word)),
        None => Cow::Borrowed(word),
    }
}
