//! Packages brought into the folder of all packages, whole or not at all.
//!
//! ```text
//! ROOT/id/.VERSION-RANDOM   files, archive, hash, manifest, at last .nupkg.metadata
//!        └── renamed ──► ROOT/id/VERSION
//! ```
//! A killed process leaves only a hidden folder behind, which the next one that installs this version clears away.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::hash::{Hash, content_hash};
use super::package::{Entry, Package, PackageError};
use super::signed::ZipError;
use crate::version::Version;

/// How long another process may take for one package.
const PATIENCE: Duration = Duration::from_mins(10);
/// The file that says that all others are there; written last.
const MARKER: &str = ".nupkg.metadata";

/// Why a package is not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The package itself.
    #[error("The package '{id}.{version}' {source}")]
    Package {
        /// Its id.
        id: String,
        /// Its version.
        version: String,
        /// What is wrong with it.
        #[source]
        source: Box<PackageError>,
    },
    /// Its directory cannot be hashed.
    #[error("the package cannot be hashed: {0}")]
    Hash(#[from] ZipError),
    /// It is another package than was asked for.
    #[error("the package '{asked}' was asked for, and '{found}' came")]
    Other {
        /// Id and version that were asked for.
        asked: String,
        /// What the manifest says.
        found: String,
    },
    /// The disk.
    #[error("cannot write {}: {source}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process holds the package for too long.
    #[error("another process is installing it: {0}")]
    Held(String),
}

/// The folder of all packages.
#[derive(Debug, Clone)]
pub struct PackagesFolder {
    root: PathBuf,
    locks: PathBuf,
}

/// A package in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its folder.
    pub path: PathBuf,
    /// The hash of what it holds.
    pub hash: String,
    /// Whether it was there before.
    pub was_there: bool,
}

impl PackagesFolder {
    /// A folder, and where the locks of those that write to it are.
    #[must_use]
    pub fn new(root: PathBuf, locks: PathBuf) -> Self {
        Self { root, locks }
    }

    /// The folder of a package, whether it is there or not.
    #[must_use]
    pub fn path(&self, id: &str, version: &Version) -> PathBuf {
        self.root.join(id.to_lowercase()).join(version.lower())
    }

    /// Whether a package is there, all of it.
    #[must_use]
    pub fn has(&self, id: &str, version: &Version) -> bool {
        self.path(id, version).join(MARKER).is_file()
    }

    /// Brings a package in, unless it is there. `source` is where it comes from.
    pub fn install(
        &self,
        id: &str,
        version: &Version,
        bytes: &[u8],
        source: &str,
    ) -> Result<Installed, InstallError> {
        let path = self.path(id, version);
        if let Some(installed) = there(&path) {
            return Ok(installed);
        }
        let name = Hash::of(path.as_os_str().as_encoded_bytes()).file_name();
        let _lock = nova_core::fs::Lock::take(&self.locks.join(name), PATIENCE)
            .map_err(|failure| InstallError::Held(failure.message().to_owned()))?;
        // Another process may have been faster.
        if let Some(installed) = there(&path) {
            return Ok(installed);
        }
        let package = Package::open(bytes).map_err(|error| refused(id, version, error))?;
        same(id, version, &package)?;
        let hash = content_hash(bytes)?.to_string();
        let draft = self.draft(&path)?;
        Draft {
            dir: draft.path(),
            id: &id.to_lowercase(),
            version,
        }
        .fill(&package, bytes, source, &hash)?;
        put(draft, &path)?;
        Ok(Installed {
            path,
            hash,
            was_there: false,
        })
    }

    /// A hidden folder beside the package's own; those of the killed are cleared away.
    fn draft(&self, path: &Path) -> Result<tempfile::TempDir, InstallError> {
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(io_at(parent))?;
        let version = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{version}-");
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                // What cannot be cleared away harms nothing.
                drop(fs::remove_dir_all(entry.path()));
            }
        }
        let draft = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        draft.map_err(io_at(parent))
    }
}

/// The package as it is there, with the hash that was written down.
fn there(path: &Path) -> Option<Installed> {
    let text = fs::read_to_string(path.join(MARKER)).ok()?;
    let marker: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(Installed {
        path: path.to_owned(),
        hash: marker["contentHash"].as_str()?.to_owned(),
        was_there: true,
    })
}

/// Puts a finished folder in its place. What is there without a marker was never finished.
fn put(draft: tempfile::TempDir, path: &Path) -> Result<(), InstallError> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(io_at(path))?;
    }
    fs::rename(draft.path(), path).map_err(io_at(path))?;
    // It has another name now: there is nothing to remove.
    drop(draft.keep());
    Ok(())
}

/// Whether the package is the one that was asked for.
fn same(id: &str, version: &Version, package: &Package<'_>) -> Result<(), InstallError> {
    let nuspec = package
        .nuspec()
        .map_err(|error| refused(id, version, error))?;
    if nuspec.id.eq_ignore_ascii_case(id) && nuspec.version == *version {
        return Ok(());
    }
    Err(InstallError::Other {
        asked: format!("{id} {}", version.normalized()),
        found: format!("{} {}", nuspec.id, nuspec.version.normalized()),
    })
}

fn refused(id: &str, version: &Version, source: PackageError) -> InstallError {
    InstallError::Package {
        id: id.to_owned(),
        version: version.normalized(),
        source: Box::new(source),
    }
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> InstallError {
    move |source| InstallError::Io {
        path: path.to_owned(),
        source,
    }
}

/// What the marker says, in dotnet's order.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Marker<'m> {
    version: u32,
    content_hash: &'m str,
    source: &'m str,
}

/// A folder that is being filled.
struct Draft<'d> {
    dir: &'d Path,
    id: &'d str,
    version: &'d Version,
}

impl Draft<'_> {
    fn fill(
        &self,
        package: &Package<'_>,
        bytes: &[u8],
        source: &str,
        hash: &str,
    ) -> Result<(), InstallError> {
        for entry in package.entries() {
            self.extract(package, entry)?;
        }
        let archive = format!("{}.{}.nupkg", self.id, self.version.lower());
        self.write(&archive, bytes)?;
        self.write(
            &format!("{archive}.sha512"),
            Hash::of(bytes).to_string().as_bytes(),
        )?;
        let marker = Marker {
            version: 2,
            content_hash: hash,
            source,
        };
        let marker = serde_json::to_string_pretty(&marker).unwrap_or_default();
        self.write(MARKER, marker.as_bytes())
    }

    fn extract(&self, package: &Package<'_>, entry: &Entry) -> Result<(), InstallError> {
        // The manifest has the name that everybody looks for.
        let name = if std::ptr::eq(entry, package.manifest()) {
            format!("{}.nuspec", self.id)
        } else {
            entry.path.clone()
        };
        let path = self.dir.join(name);
        let mut out = BufWriter::with_capacity(64 << 10, create(&path)?);
        let read = package.read(entry, &mut out);
        read.map_err(|error| refused(self.id, self.version, error))?;
        out.flush().map_err(io_at(&path))?;
        let file = out
            .into_inner()
            .map_err(|error| io_at(&path)(error.into_error()))?;
        let times = FileTimes::new().set_modified(modified(entry));
        file.set_times(times).map_err(io_at(&path))
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), InstallError> {
        let path = self.dir.join(name);
        create(&path)?.write_all(content).map_err(io_at(&path))
    }
}

/// A new file, with its folders. Everybody may read it, and its owner run it, as those of dotnet.
fn create(path: &Path) -> Result<File, InstallError> {
    let open = || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o766)
            .open(path)
    };
    let made = open().or_else(|error| match (error.kind(), path.parent()) {
        (io::ErrorKind::NotFound, Some(dir)) => fs::create_dir_all(dir).and_then(|()| open()),
        _ => Err(error),
    });
    made.map_err(io_at(path))
}

/// An archive's times are of the clock on the wall.
fn modified(entry: &Entry) -> SystemTime {
    let dos = &entry.modified;
    let part = |number: u8| i8::try_from(number).unwrap_or(0);
    let year = i16::try_from(dos.year()).unwrap_or(1980);
    let wall = jiff::civil::DateTime::new(
        year,
        part(dos.month()),
        part(dos.day()),
        part(dos.hour()),
        part(dos.minute()),
        part(dos.second()),
        0,
    );
    let zoned = wall.and_then(|wall| wall.to_zoned(jiff::tz::TimeZone::system()));
    zoned.map_or(SystemTime::UNIX_EPOCH, |zoned| zoned.timestamp().into())
}
