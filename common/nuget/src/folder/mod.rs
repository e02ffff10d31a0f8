//! Packages as they lie on disk.

mod hash;
mod signed;

pub use hash::{Fnv, Hash, content_hash};
pub use signed::{SIGNATURE, ZipError};
