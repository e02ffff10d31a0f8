//! Packages as they lie on disk.

mod hash;
mod install;
mod names;
mod package;
mod signed;

pub use hash::{Fnv, Hash, content_hash};
pub use install::{InstallError, Installed, PackagesFolder};
pub use package::{Entry, Package, PackageError};
pub use signed::{SIGNATURE, ZipError};
