//! Why the store could not be opened or written.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::api::error::ApiError;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The database file cannot be opened or made.
    #[error("cannot open {}", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// What SQLite or the system said.
        #[source]
        source: rusqlite::Error,
    },
    /// The disk is full.
    #[error("no space left on the disk of {}", path.display())]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// A newer server wrote the database.
    #[error("{} was written by a newer nova-server (layout {found}, this one knows {known})", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Layout number in the file.
        found: u32,
        /// Layout number of this server.
        known: u32,
    },
    /// A row cannot be understood.
    #[error("{} holds an object that cannot be read: {what}", path.display())]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// Which, and why.
        what: String,
    },
    /// The writer thread cannot be started.
    #[error("cannot start the writer thread")]
    Thread(#[source] std::io::Error),
}

/// Whether SQLite or the system below it ran out of space.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// What a client is told when a batch could not be committed. Nothing of the batch is stored.
pub(super) fn commit_failed(error: &rusqlite::Error) -> ApiError {
    if is_full(error) {
        return ApiError::insufficient("the server's disk is full, so nothing was stored")
            .hint("free space on the file system of the server's data directory");
    }
    if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) {
        return ApiError::insufficient("the server's data directory became read-only");
    }
    ApiError::internal(format!("the change could not be stored: {error}"))
}

/// What a client is told when the disk did not take a batch that was committed: it may be lost with the power.
pub(super) fn sync_failed(error: &std::io::Error) -> ApiError {
    ApiError::internal(format!(
        "the change is in force, but the disk did not take it: {error}"
    ))
}
