//! The hashes that NuGet writes down.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};

use super::signed::{self, ZipError};

/// A SHA-512, written in base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 64]);

impl Hash {
    /// The hash of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha512::digest(bytes).into())
    }

    /// A short form that can be the name of a file.
    pub(super) fn file_name(&self) -> String {
        // Of the alphabet for addresses, which has no slash.
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&self.0[..24])
    }

    fn of_parts<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut hash = Sha512::new();
        for part in parts {
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of what a package holds: that of the file, or of the file as it was before it was signed.
///
/// Lock files and `.nupkg.metadata` hold this one, so that a package may be signed again and stay the same.
pub fn content_hash(package: &[u8]) -> Result<Hash, ZipError> {
    Ok(match signed::unsigned(package)? {
        Some(parts) => Hash::of_parts(parts.iter().map(AsRef::as_ref)),
        None => Hash::of(package),
    })
}

/// The hash of the graph that a restore was last made from: 64-bit FNV-1a, where every chunk after the first is hashed
/// by itself and then mixed in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fnv(u64);

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl Fnv {
    /// Adds a chunk.
    pub fn update(&mut self, chunk: &[u8]) {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        let hash = chunk.iter().fold(BASIS, mix);
        // A state of 0 counts as none, which equal chunks lead to.
        self.0 = match self.0 {
            0 => hash,
            current => (current ^ hash).wrapping_mul(PRIME),
        };
    }
}

impl fmt::Display for Fnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.to_le_bytes()))
    }
}
