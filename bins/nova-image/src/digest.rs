//! Digests of whole files, without holding a file in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::Digest;

const BUFFER: usize = 128 * 1024;

/// Size in bytes and lower-case hexadecimal digest of the file at `path`.
pub(crate) fn of_file<D: Digest>(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = D::new();
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((size, hex(&hasher.finalize())));
        }
        hasher.update(&buffer[..count]);
        size += count as u64;
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _written = write!(text, "{byte:02x}");
            text
        })
}
