//! The little that the dispatcher asks of the system while it decides.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Access, access};

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Nothing that could be executed: no file, or a folder.
    Missing,
    /// A regular file that this user may execute.
    Program,
    /// A regular file that this user may not execute.
    NotExecutable,
}

/// What the dispatcher asks of the system, so that tests need none.
pub trait Files {
    /// What lies at `path`, links followed.
    fn probe(&self, path: &Path) -> Probe;
    /// Whether others may put files into the folder: writable for all, without the sticky bit.
    fn open_to_others(&self, dir: &Path) -> bool;
    /// The names in a folder, in no order; empty when it cannot be read.
    fn names(&self, dir: &Path) -> Vec<OsString>;
    /// Whether standard output is a terminal; asked for listings only.
    fn terminal(&self) -> bool;
    /// The first `limit` bytes of a file.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    fn head(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;
}

/// The real file system.
#[derive(Debug, Clone, Copy)]
pub struct Disk;

impl Files for Disk {
    fn probe(&self, path: &Path) -> Probe {
        // `access` first: one call settles the common case that nothing is there.
        let allowed = match access(path, Access::EXEC_OK) {
            Ok(()) => true,
            Err(rustix::io::Errno::ACCESS) => false,
            Err(_) => return Probe::Missing,
        };
        match (path.is_file(), allowed) {
            (false, _) => Probe::Missing,
            (true, true) => Probe::Program,
            (true, false) => Probe::NotExecutable,
        }
    }

    fn open_to_others(&self, dir: &Path) -> bool {
        let mode = dir.metadata().map_or(0, |data| data.permissions().mode());
        mode & 0o002 != 0 && mode & 0o1000 == 0
    }

    fn names(&self, dir: &Path) -> Vec<OsString> {
        let Ok(entries) = dir.read_dir() else {
            return Vec::new();
        };
        entries.flatten().map(|entry| entry.file_name()).collect()
    }

    fn terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    fn head(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_knows_programs_folders_and_plain_files() {
        assert_eq!(Disk.probe(Path::new("/bin/sh")), Probe::Program);
        assert_eq!(Disk.probe(Path::new("/etc/passwd")), Probe::NotExecutable);
        assert_eq!(Disk.probe(Path::new("/usr/bin")), Probe::Missing);
        assert_eq!(Disk.probe(Path::new("/no/such")), Probe::Missing);
        assert!(!Disk.open_to_others(Path::new("/tmp")), "sticky");
    }
}
