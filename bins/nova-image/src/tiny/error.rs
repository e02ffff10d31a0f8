//! What can go wrong while the tiny image is built.

use std::io;
use std::path::{Path, PathBuf};

use nova_core::{Diagnose, Failure, Kind};

/// A reason why the tiny image could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program of the distribution could not be run to its end.
    #[error("{0}")]
    Run(Failure),
    /// The processor of this machine is not one the image is made for.
    #[error("no tiny image is made for {arch} machines")]
    Architecture {
        /// Name as the compiler spells it.
        arch: String,
    },
    /// apt knows no package of that name.
    #[error("apt knows no package `{package}`")]
    UnknownPackage {
        /// Package asked for.
        package: String,
    },
    /// apt could not download, mostly because its lists are old or the network is away.
    #[error("apt could not download the packages: {reason}")]
    Download {
        /// apt's own words, one line.
        reason: String,
    },
    /// A downloaded file is not what apt's lists promise.
    #[error("`{file}` does not have the checksum of apt's package lists")]
    Checksum {
        /// File name of the package.
        file: String,
    },
    /// The disk is full.
    #[error("`{program}` could not write: no space is left on the disk")]
    Full {
        /// Program that ran.
        program: String,
    },
    /// A program ended with an error.
    #[error("`{program}` failed: {reason}")]
    Program {
        /// Program that ran.
        program: String,
        /// Last line of its standard error.
        reason: String,
    },
    /// A shared library that the agent needs is in none of its packages.
    #[error("no package has the library `{soname}` that `{wanted_by}` needs")]
    LibraryMissing {
        /// Name as in the dynamic section.
        soname: String,
        /// File that names it.
        wanted_by: String,
    },
    /// The kernel package lacks something without which the guest cannot work.
    #[error("the kernel package has no {what}")]
    KernelIncomplete {
        /// What is missing.
        what: String,
    },
    /// A file is not what its name says.
    #[error("`{}` is not a readable ELF file", path.display())]
    Malformed {
        /// File in the unpacked packages.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// Verb, such as `read`.
        action: &'static str,
        /// File or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// Adapts an I/O error, for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

impl Diagnose for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Run(failure) => failure.kind(),
            Self::UnknownPackage { .. } => Kind::NotFound,
            Self::Download { .. } => Kind::Unavailable,
            Self::Checksum { .. } => Kind::Integrity,
            _ => Kind::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Run(failure) if failure.kind() == Kind::Vanished => {
                let package = package_of(failure.message());
                Some(format!("sudo apt-get install -y {package}"))
            }
            Self::UnknownPackage { .. } => {
                Some("sudo apt-get update   (fetches the package lists), then try again".into())
            }
            Self::Download { .. } => {
                Some("check the network; if the package lists are old: sudo apt-get update".into())
            }
            Self::Full { .. } => {
                Some("free about 400 MiB in the cache directory, or set NOVA_CACHE_DIR to a larger place".into())
            }
            Self::Checksum { .. } => Some("try again; apt downloads the file anew".into()),
            _ => None,
        }
    }
}

/// The Debian package of a program, from the message that it is not installed.
fn package_of(message: &str) -> &'static str {
    match message.split(' ').next() {
        Some("dpkg-deb") => "dpkg",
        Some("zstd") => "zstd",
        _ => "apt",
    }
}
