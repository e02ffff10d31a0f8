//! `DATA/lock`: at most one server per data directory, and where it is found.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nova_api::types::{LOCK_FILE, ServerLock};
use nova_core::fs::{PRIVATE, write_failure};
use nova_core::{Failure, Kind, Result};

use crate::api::VERSION;

/// How long a server that is just ending is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lock, held while this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of a data directory. [`Lock::announce`] says who took it.
    pub(crate) fn take(data: &Path) -> Result<Self> {
        let path = data.join(LOCK_FILE);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(PRIVATE)
            .open(&path)
            .map_err(|error| write_failure(&path, &error))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Err(held(data)),
                Err(TryLockError::Error(error)) => return Err(write_failure(&path, &error)),
            }
        }
        Ok(Self { file })
    }

    /// Says who holds the lock and where it listens. In place, since a renamed file would be another
    /// lock; until then the file says what the server before said, on whose socket nobody answers.
    /// Overwriting needs no space, so a full disk keeps no server from starting again.
    pub(crate) fn announce(&mut self, data: &Path, socket: &Path, on_demand: bool) -> Result<()> {
        let lock = ServerLock {
            pid: std::process::id(),
            start_time: own_start_time(),
            version: VERSION.to_owned(),
            socket: socket.to_owned(),
            on_demand,
        };
        let mut text = serde_json::to_vec(&lock).unwrap_or_default();
        text.push(b'\n');
        let write = |file: &mut File| {
            file.rewind()?;
            file.write_all(&text)?;
            file.set_len(text.len() as u64)?;
            file.sync_all()
        };
        write(&mut self.file).map_err(|error| write_failure(&data.join(LOCK_FILE), &error))
    }
}

/// What the holder of a data directory's lock says of itself; nothing when no server runs.
pub(crate) fn holder(data: &Path) -> Option<ServerLock> {
    let path = data.join(LOCK_FILE);
    let file = File::open(&path).ok()?;
    match file.try_lock_shared() {
        Ok(()) => None,
        Err(_) => serde_json::from_str(&std::fs::read_to_string(&path).ok()?).ok(),
    }
}

fn held(data: &Path) -> Failure {
    let message = match holder(data) {
        Some(lock) => format!(
            "another nova-server (pid {}, version {}) uses {}; it listens on {}",
            lock.pid,
            lock.version,
            data.display(),
            lock.socket.display()
        ),
        None => format!("another nova-server is starting in {}", data.display()),
    };
    Failure::new(Kind::Conflict, message)
        .with_hint("end it with: nova server stop")
        .with_hint("or give this one a place of its own with --data-dir and --socket")
}

/// Field 22 of `/proc/self/stat`: clock ticks after boot.
fn own_start_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name
        .split_ascii_whitespace()
        .nth(19)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_a_conflict_that_names_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut lock = Lock::take(dir.path()).unwrap();
        lock.announce(dir.path(), Path::new("/run/x.sock"), false)
            .unwrap();
        let error = Lock::take(dir.path()).unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        assert!(
            error.message().contains("/run/x.sock"),
            "{}",
            error.message()
        );
        assert_eq!(holder(dir.path()).unwrap().pid, std::process::id());
        drop(lock);
        assert_eq!(holder(dir.path()), None);
        Lock::take(dir.path()).unwrap();
    }
}
