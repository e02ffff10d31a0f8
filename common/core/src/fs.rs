//! Files that are never half-written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Context, Failure, Kind, Result};

/// Mode of files that may hold secrets.
pub const PRIVATE: u32 = 0o600;

/// Mode of files for everybody to read.
pub const PUBLIC: u32 = 0o644;

/// Creates `dir` and its parents with mode 0700 where they are missing.
pub fn create_private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Replaces `path` by `content`: readers see the old file or the new one, never a part, and a full
/// disk leaves the old one in place.
///
/// A link is followed, so that a linked configuration file stays a link. The file is durable when
/// this returns.
pub fn write_atomic(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let dir = target.parent().unwrap_or(Path::new("/"));
    let mut temporary = tempfile::Builder::new()
        .prefix(".nova-")
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(dir)?;
    temporary.write_all(content)?;
    temporary.as_file().sync_all()?;
    temporary.persist(&target).map_err(|error| error.error)?;
    // The rename is durable only when the directory is.
    File::open(dir)?.sync_all()
}

/// Creates the parent of `path` and writes it with [`write_atomic`], as a failure that names it.
pub fn save(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    path.parent()
        .map_or(Ok(()), create_private_dir)
        .and_then(|()| write_atomic(path, content, mode))
        .map_err(|error| write_failure(path, &error))
}

/// The failure of a write to `path`, with what to do about it.
#[must_use]
pub fn write_failure(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(
        Kind::Failed,
        format!("cannot write {}: {error}", path.display()),
    );
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failure.with_hint("free some space there; the old file is unchanged")
        }
        io::ErrorKind::ReadOnlyFilesystem => failure
            .with_hint("the file system is read-only; set NOVA_CONFIG_DIR, NOVA_DATA_DIR and NOVA_STATE_DIR to writable places"),
        io::ErrorKind::PermissionDenied => failure.with_hint("check who owns the directory"),
        _ => failure,
    }
}

/// An exclusive lock on a file, held until dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "dropping the file releases the lock")] File);

impl Lock {
    /// Takes the lock on `path`, waiting up to `patience` for its holder.
    pub fn take(path: &Path, patience: Duration) -> Result<Self> {
        let file = open_lock(path)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(fs::TryLockError::WouldBlock) if start.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(fs::TryLockError::WouldBlock) => return Err(held(path)),
                Err(fs::TryLockError::Error(error)) => {
                    return Err(write_failure(path, &error));
                }
            }
        }
    }
}

fn open_lock(path: &Path) -> Result<File> {
    if let Some(dir) = path.parent() {
        create_private_dir(dir).map_err(|error| write_failure(dir, &error))?;
    }
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(PRIVATE)
        .open(path)
        .map_err(|error| write_failure(path, &error))
}

fn held(path: &Path) -> Failure {
    Failure::new(
        Kind::Conflict,
        format!("another program holds {}", path.display()),
    )
    .with_hint("wait until it is done, then try again")
}

/// Reads a whole UTF-8 file; absent is `None`.
pub fn read_optional(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(error).context(Kind::Config, || format!("cannot read {}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_file_with_its_mode_and_follows_links() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        let link = dir.path().join("link");
        write_atomic(&real, b"one", PRIVATE).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_atomic(&link, b"two", PRIVATE).unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o777,
            PRIVATE
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_held_lock_is_a_conflict() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let _held = Lock::take(&path, Duration::ZERO).unwrap();
        let error = Lock::take(&path, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
    }
}
