//! Package files: downloaded by apt, verified against its lists, unpacked without installing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_core::exec::Program;
use sha2::{Sha256, Sha512};

use super::Error;
use super::catalog::{Checksum, Package, download_failed};
use super::run::{run, watched};
use crate::digest;

const DOWNLOAD_LIMIT: Duration = Duration::from_mins(10);
const UNPACK_LIMIT: Duration = Duration::from_mins(3);

/// A directory of verified package files.
pub(crate) struct Downloads {
    dir: PathBuf,
}

impl Downloads {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn path(&self, package: &Package) -> PathBuf {
        self.dir.join(&package.file)
    }

    /// Downloads what is not here yet; `progress` gets the bytes of this call so far.
    pub(crate) fn fetch(
        &self,
        packages: &[Package],
        mut progress: impl FnMut(u64),
    ) -> Result<(), Error> {
        let missing: Vec<_> = packages
            .iter()
            .filter(|package| !self.has(package))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        // A directory of its own, so that a killed download never looks like a finished one.
        let partial = tempfile::tempdir_in(&self.dir);
        let partial = partial.map_err(Error::io("create a directory in", &self.dir))?;
        let names = missing
            .iter()
            .map(|package| format!("{}={}", package.name, package.version));
        let options = ["-q", "-o", "APT::Sandbox::User=", "download"].map(String::from);
        let args: Vec<_> = options.into_iter().chain(names).collect();
        let download = || {
            let setup = |program: Program| {
                program
                    .args(args)
                    .dir(partial.path())
                    .deadline(DOWNLOAD_LIMIT)
            };
            run("apt-get", setup)
        };
        watched(download, || progress(bytes_in(partial.path()))).map_err(download_failed)?;
        missing
            .into_iter()
            .try_for_each(|package| self.keep(package, partial.path()))
    }

    fn keep(&self, package: &Package, partial: &Path) -> Result<(), Error> {
        let file = partial.join(&package.file);
        if !package.checksum.matches(&file) {
            return Err(Error::Checksum {
                file: package.file.clone(),
            });
        }
        fs::rename(&file, self.path(package)).map_err(Error::io("keep", &file))
    }

    /// Removes the files of other packages, and what a kill left of a download.
    pub(crate) fn forget_others(&self, packages: &[Package]) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let wanted = packages
                .iter()
                .any(|package| entry.file_name() == *package.file);
            let path = entry.path();
            let removed = match path.is_dir() {
                _ if wanted => continue,
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            };
            tracing::debug!(?path, ?removed, "forgetting an old download");
        }
    }

    /// Whether the verified file of `package` is here.
    pub(crate) fn has(&self, package: &Package) -> bool {
        package.checksum.matches(&self.path(package))
    }

    /// Unpacks the files of `package` into `tree`.
    pub(crate) fn unpack(&self, package: &Package, tree: &Path) -> Result<(), Error> {
        let args = [Path::new("-x"), &self.path(package), tree];
        run("dpkg-deb", |program| {
            program.args(args).deadline(UNPACK_LIMIT)
        })
        .map(drop)
    }
}

impl Checksum {
    fn matches(&self, file: &Path) -> bool {
        match self {
            Self::Sha256(wanted) => {
                digest::of_file::<Sha256>(file).is_ok_and(|found| found.1 == *wanted)
            }
            Self::Sha512(wanted) => {
                digest::of_file::<Sha512>(file).is_ok_and(|found| found.1 == *wanted)
            }
        }
    }
}

fn bytes_in(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .map(|meta| meta.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_does_not_match_its_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.deb");
        fs::copy(std::env::current_exe().unwrap(), &file).unwrap();
        let right = Checksum::Sha256(digest::of_file::<Sha256>(&file).unwrap().1);
        assert!(right.matches(&file));
        fs::File::options()
            .append(true)
            .open(&file)
            .unwrap()
            .set_len(10)
            .unwrap();
        assert!(!right.matches(&file));
    }
}
