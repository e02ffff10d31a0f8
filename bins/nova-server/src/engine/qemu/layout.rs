//! Where the files of one VM are.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_core::fs::create_private_dir;

use super::errors::write_error;
use crate::engine::{EngineDirs, EngineError};

/// The kernel's limit on the path of a Unix socket, its NUL left out.
const SOCKET_PATH_MAX: usize = 107;

/// Attempts at removing a directory.
const REMOVALS: u32 = 10;

/// The directories of one VM: `DATA/vms/ID` and `RUN/vm/ID`.
///
/// The id is random: a prefix of the uid would not do, because uids made in the same minute begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) id: String,
    pub(super) data: PathBuf,
    pub(super) run: PathBuf,
}

impl Layout {
    /// The files of the VM with this engine id.
    pub(super) fn of(dirs: &EngineDirs, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            data: vms(dirs).join(id),
            run: sockets(dirs).join(id),
        }
    }

    /// A layout under a fresh id, with its data directory made.
    pub(super) fn create(dirs: &EngineDirs) -> Result<Self, EngineError> {
        create_private_dir(&vms(dirs)).map_err(|error| write_error(&vms(dirs), &error))?;
        loop {
            let id = format!("{:08x}", uuid::Uuid::new_v4().as_fields().0);
            let layout = Self::of(dirs, &id);
            match fs::create_dir(&layout.data) {
                Ok(()) => return Ok(layout),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(write_error(&layout.data, &error)),
            }
        }
    }

    /// Makes the directory of the sockets, and refuses paths that no socket can have.
    pub(super) fn prepare_run(&self) -> Result<(), EngineError> {
        let longest = self.socket("serial");
        let length = longest.as_os_str().as_bytes().len();
        if length > SOCKET_PATH_MAX {
            return Err(EngineError::Invalid(format!(
                "the socket path {} has {length} bytes and the limit is {SOCKET_PATH_MAX}; choose a shorter runtime directory",
                longest.display()
            )));
        }
        create_private_dir(&self.run).map_err(|error| write_error(&self.run, &error))
    }

    /// One of the sockets: `qmp`, `qmp-ro`, `qga`, `serial`.
    pub(super) fn socket(&self, name: &str) -> PathBuf {
        self.run.join(format!("{name}.sock"))
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        self.run.join("pid")
    }

    pub(super) fn record(&self) -> PathBuf {
        self.data.join("machine.json")
    }

    pub(super) fn disks(&self) -> PathBuf {
        self.data.join("disks")
    }

    /// The overlay of a disk; its name was checked to be one path component.
    pub(super) fn disk(&self, name: &str) -> PathBuf {
        self.disks().join(format!("{name}.qcow2"))
    }

    pub(super) fn seed(&self) -> PathBuf {
        self.disks().join("seed.img")
    }

    pub(super) fn serial_log(&self) -> PathBuf {
        self.data.join("serial.log")
    }

    pub(super) fn qemu_log(&self) -> PathBuf {
        self.data.join("qemu.log")
    }

    /// Removes the sockets.
    pub(super) fn remove_run(&self) -> Result<(), EngineError> {
        remove_tree(&self.run)
    }

    /// Removes the record first, then disks and logs: without a record the rest is known to be garbage,
    /// should this be cut short.
    pub(super) fn remove_data(&self) -> Result<(), EngineError> {
        match fs::remove_file(self.record()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(write_error(&self.record(), &error));
            }
            _ => {}
        }
        remove_tree(&self.data)
    }

    /// Removes everything.
    pub(super) fn remove(&self) -> Result<(), EngineError> {
        self.remove_run()?;
        self.remove_data()
    }

    /// Removes files that an interrupted write left behind.
    pub(super) fn remove_leftovers(&self) {
        for dir in [self.data.clone(), self.disks()] {
            let Ok(entries) = fs::read_dir(dir) else {
                continue;
            };
            let hidden = |entry: &fs::DirEntry| entry.file_name().as_bytes().starts_with(b".");
            for entry in entries.flatten().filter(hidden) {
                if let Err(error) = fs::remove_file(entry.path()) {
                    tracing::warn!(path = %entry.path().display(), %error, "cannot remove a leftover");
                }
            }
        }
    }
}

/// The directory of all VMs.
pub(super) fn vms(dirs: &EngineDirs) -> PathBuf {
    dirs.data.join("vms")
}

/// The directory of all VMs' sockets.
pub(super) fn sockets(dirs: &EngineDirs) -> PathBuf {
    dirs.run.join("vm")
}

/// The names in a directory; none if it does not exist.
pub(super) fn names_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

/// Removes a directory. One that fills while it is emptied, by a program that a killed server left
/// running, is emptied again.
fn remove_tree(path: &Path) -> Result<(), EngineError> {
    for _ in 0..REMOVALS {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            removed => return removed.map_err(|error| write_error(path, &error)),
        }
    }
    Err(EngineError::Other(format!(
        "cannot remove {}: it fills up again",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_directory_too_long_for_sockets_is_refused_by_name() {
        let dirs = EngineDirs {
            data: "/tmp".into(),
            run: format!("/tmp/{}", "x".repeat(100)).into(),
        };
        let error = Layout::of(&dirs, "0badcafe").prepare_run().unwrap_err();
        assert!(
            error.to_string().contains("serial.sock has 129 bytes"),
            "{error}"
        );
    }

    #[test]
    fn removal_leaves_nothing_and_may_be_repeated() {
        let home = tempfile::tempdir().unwrap();
        let dirs = EngineDirs {
            data: home.path().join("data"),
            run: home.path().join("run"),
        };
        let layout = Layout::create(&dirs).unwrap();
        layout.prepare_run().unwrap();
        create_private_dir(&layout.disks()).unwrap();
        layout.remove().unwrap();
        layout.remove().unwrap();
        assert!(names_in(&vms(&dirs)).is_empty() && names_in(&sockets(&dirs)).is_empty());
    }
}
