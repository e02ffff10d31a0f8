//! The file by which tools find the server of a data directory.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Content of `DATA/lock`, one JSON object. It counts only while its writer holds an exclusive `flock` on the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerLock {
    /// Process of the server.
    pub pid: u32,
    /// Its start in clock ticks after boot, field 22 of `/proc/PID/stat`; tells a reused pid.
    pub start_time: u64,
    /// Version of the server.
    pub version: String,
    /// Socket it listens on.
    pub socket: PathBuf,
    /// Started by a tool rather than by a person or the system, so a tool may replace it.
    #[serde(default)]
    pub on_demand: bool,
}

/// File name of the lock in the data directory.
pub const LOCK_FILE: &str = "lock";
/// File name of the server's own log in the data directory.
pub const SERVER_LOG: &str = "server.log";
