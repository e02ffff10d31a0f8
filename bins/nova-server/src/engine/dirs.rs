//! Where an engine keeps its things.

use std::path::PathBuf;

/// The two directories of an engine; both are its own and are made on first use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineDirs {
    /// Disks, records and logs: everything that a host reboot must leave.
    pub(crate) data: PathBuf,
    /// Sockets and pid files. Short, because the path of a socket has 107 bytes at most.
    pub(crate) run: PathBuf,
}
