//! Writes initial RAM disks: cpio archives of the "newc" form, gzip-compressed.
//!
//! Format: kernel documentation "initramfs buffer format". Entries are written sorted, owned by
//! root, with time zero and running inode numbers, so equal contents give equal bytes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use flate2::{Compression, GzBuilder};

const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const SYMLINK: u32 = 0o120_000;
const CHARACTER: u32 = 0o020_000;
const MAGIC: &[u8] = b"070701";
const TRAILER: &str = "TRAILER!!!";

/// The files of an initial RAM disk by path, without a leading slash.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    mode: u32,
    device: (u32, u32),
    data: Vec<u8>,
}

impl Archive {
    /// Adds a directory and those above it.
    pub(crate) fn dir(&mut self, path: &str, mode: u32) {
        self.parents(path);
        self.put(path, DIRECTORY | mode, Vec::new());
    }

    /// Adds a regular file.
    pub(crate) fn file(&mut self, path: &str, mode: u32, data: impl Into<Vec<u8>>) {
        self.parents(path);
        self.put(path, REGULAR | mode, data.into());
    }

    /// Adds a symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.parents(path);
        self.put(path, SYMLINK | 0o777, target.into());
    }

    /// Adds a character device; no privilege is needed to describe one.
    pub(crate) fn device(&mut self, path: &str, mode: u32, device: (u32, u32)) {
        self.parents(path);
        self.entries.insert(
            path.into(),
            Entry {
                mode: CHARACTER | mode,
                device,
                data: Vec::new(),
            },
        );
    }

    /// Whether something is at `path` already.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    fn put(&mut self, path: &str, mode: u32, data: Vec<u8>) {
        self.entries.insert(
            path.into(),
            Entry {
                mode,
                device: (0, 0),
                data,
            },
        );
    }

    fn parents(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            if !self.has(&path[..at]) {
                self.put(&path[..at], DIRECTORY | 0o755, Vec::new());
            }
        }
    }

    /// Writes the compressed archive.
    pub(crate) fn write_gzip(&self, out: impl Write) -> io::Result<()> {
        let mut packed = GzBuilder::new().mtime(0).write(out, Compression::best());
        self.write(&mut packed)?;
        packed.finish()?.flush()
    }

    // Sorted paths put every directory before what is in it, as the kernel needs.
    fn write(&self, mut out: impl Write) -> io::Result<()> {
        for (number, (path, entry)) in (1u32..).zip(&self.entries) {
            write_entry(&mut out, number, path, entry)?;
        }
        let end = Entry {
            mode: 0,
            device: (0, 0),
            data: Vec::new(),
        };
        write_entry(&mut out, 0, TRAILER, &end)
    }
}

fn write_entry(out: &mut impl Write, inode: u32, path: &str, entry: &Entry) -> io::Result<()> {
    let size = field(entry.data.len())?;
    let name = field(path.len() + 1)?;
    let links = if entry.mode & DIRECTORY == DIRECTORY {
        2
    } else {
        1
    };
    let (major, minor) = entry.device;
    let header = [
        inode, entry.mode, 0, 0, links, 0, size, 0, 0, major, minor, name, 0,
    ];
    out.write_all(MAGIC)?;
    for value in header {
        write!(out, "{value:08X}")?;
    }
    out.write_all(path.as_bytes())?;
    out.write_all(&[0])?;
    pad(out, MAGIC.len() + header.len() * 8 + path.len() + 1)?;
    out.write_all(&entry.data)?;
    pad(out, entry.data.len())
}

fn field(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(|_| io::Error::other("an archive member is over 4 GiB"))
}

fn pad(out: &mut impl Write, written: usize) -> io::Result<()> {
    out.write_all(&[0; 3][..written.next_multiple_of(4) - written])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Archive {
        let mut archive = Archive::default();
        archive.file("usr/bin/tool", 0o755, "#!/bin/sh\n");
        archive.link("bin", "usr/bin");
        archive.device("dev/console", 0o600, (5, 1));
        archive.dir("tmp", 0o1777);
        archive
    }

    fn plain(archive: &Archive) -> Vec<u8> {
        let mut bytes = Vec::new();
        archive.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn entries_are_aligned_and_end_with_the_trailer() {
        let bytes = plain(&sample());
        assert_eq!(bytes.len() % 4, 0);
        assert!(bytes.starts_with(b"070701"));
        assert!(bytes.windows(10).any(|window| window == TRAILER.as_bytes()));
    }

    #[test]
    fn parents_come_before_children_and_exist_once() {
        let names: Vec<_> = sample().entries.into_keys().collect();
        assert_eq!(
            names,
            [
                "bin",
                "dev",
                "dev/console",
                "tmp",
                "usr",
                "usr/bin",
                "usr/bin/tool"
            ]
        );
    }

    #[test]
    fn equal_contents_give_equal_bytes_whatever_the_order_of_adding() {
        let mut other = Archive::default();
        other.dir("tmp", 0o1777);
        other.device("dev/console", 0o600, (5, 1));
        other.link("bin", "usr/bin");
        other.file("usr/bin/tool", 0o755, "#!/bin/sh\n");
        assert_eq!(plain(&sample()), plain(&other));
        let packed = |archive: &Archive| {
            let mut bytes = Vec::new();
            archive.write_gzip(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(packed(&sample()), packed(&other));
    }

    #[test]
    fn header_fields_are_those_of_newc() {
        let mut archive = Archive::default();
        archive.file("a", 0o644, "xyz");
        let bytes = plain(&archive);
        let text = std::str::from_utf8(&bytes[..110]).unwrap();
        assert_eq!(&text[6..14], "00000001", "inode");
        assert_eq!(&text[14..22], "000081A4", "mode 0100644");
        assert_eq!(&text[54..62], "00000003", "size");
        assert_eq!(&text[94..102], "00000002", "name with its end");
        assert_eq!(
            &bytes[110..116],
            b"a\0xyz\0",
            "112 is a multiple of four, so no gap before the data"
        );
    }
}
