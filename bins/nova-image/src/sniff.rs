//! Tells what a disk file is from its content. Names lie, and a raw disk that begins like a qcow2
//! file would let its author read files of the host.
//!
//! Header layouts: QEMU documentation, "The QCOW2 image format".

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use nova_core::{Failure, Kind, Result};

const QCOW2: &[u8] = b"QFI\xfb";
/// Incompatible feature: the data is in another file.
const EXTERNAL_DATA: u64 = 0b100;
/// Bytes of the header that are looked at.
const HEAD: usize = 80;

/// Beginnings of files that are no disks we can boot from, with what to do about them.
const FOREIGN: [(&[u8], &str, &str); 7] = [
    (
        b"\x1f\x8b",
        "a gzip archive",
        "decompress it first: gzip -d FILE",
    ),
    (
        b"\xfd7zXZ",
        "an xz archive",
        "decompress it first: xz -d FILE",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "a zstd archive",
        "decompress it first: zstd -d FILE",
    ),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (
        b"KDMV",
        "a VMDK disk",
        "convert it first: qemu-img convert -O qcow2 FILE disk.qcow2",
    ),
    (
        b"vhdxfile",
        "a VHDX disk",
        "convert it first: qemu-img convert -O qcow2 FILE disk.qcow2",
    ),
    (
        b"<<< ",
        "a VDI disk",
        "convert it first: qemu-img convert -O qcow2 FILE disk.qcow2",
    ),
];

/// A disk that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disk {
    /// `qcow2` or `raw`.
    pub(crate) format: &'static str,
    /// Bytes that a guest sees.
    pub(crate) virtual_size: u64,
}

/// Looks at the file. The outer error is the reading's, the inner one is about the content.
pub(crate) fn disk(path: &Path) -> io::Result<Result<Disk>> {
    let mut file = File::open(path)?;
    let mut head = Vec::with_capacity(HEAD);
    Read::by_ref(&mut file)
        .take(HEAD as u64)
        .read_to_end(&mut head)?;
    let size = file.seek(SeekFrom::End(0))?;
    Ok(classify(&head, size))
}

fn classify(head: &[u8], size: u64) -> Result<Disk> {
    if head.starts_with(QCOW2) {
        return qcow2(head);
    }
    if let Some((_, what, hint)) = FOREIGN.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err(
            invalid(format!("the file is {what}, not a qcow2 or raw disk")).with_hint(*hint),
        );
    }
    if size == 0 {
        return Err(invalid("the file is empty"));
    }
    if !size.is_multiple_of(512) {
        return Err(invalid(
            "the file is neither qcow2 nor a raw disk: its size is no multiple of 512 bytes",
        ));
    }
    Ok(Disk {
        format: "raw",
        virtual_size: size,
    })
}

fn qcow2(head: &[u8]) -> Result<Disk> {
    let truncated = || invalid("the qcow2 header is cut short");
    let version = u32_at(head, 4).ok_or_else(truncated)?;
    if !matches!(version, 2 | 3) {
        return Err(invalid(format!("qcow2 version {version} is not known")));
    }
    if u64_at(head, 8).ok_or_else(truncated)? != 0 {
        return Err(
            invalid("the qcow2 file has a backing file, and images must be complete")
                .with_hint("flatten it first: qemu-img convert -O qcow2 FILE whole.qcow2"),
        );
    }
    let features = if version == 3 {
        u64_at(head, 72).ok_or_else(truncated)?
    } else {
        0
    };
    if features & EXTERNAL_DATA != 0 {
        return Err(invalid("the qcow2 file keeps its data in another file")
            .with_hint("flatten it first: qemu-img convert -O qcow2 FILE whole.qcow2"));
    }
    if u32_at(head, 32).ok_or_else(truncated)? != 0 {
        return Err(invalid("the qcow2 file is encrypted"));
    }
    let virtual_size = u64_at(head, 24).ok_or_else(truncated)?;
    Ok(Disk {
        format: "qcow2",
        virtual_size,
    })
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Config, message)
}

fn u32_at(head: &[u8], at: usize) -> Option<u32> {
    head.get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

fn u64_at(head: &[u8], at: usize) -> Option<u64> {
    head.get(at..at + 8)?
        .try_into()
        .ok()
        .map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> [u8; HEAD] {
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(QCOW2);
        head[7] = 3;
        head[24..32].copy_from_slice(&(1_u64 << 30).to_be_bytes());
        head
    }

    #[test]
    fn a_complete_qcow2_gives_its_virtual_size() {
        let disk = classify(&header(), 4096).unwrap();
        assert_eq!(
            disk,
            Disk {
                format: "qcow2",
                virtual_size: 1 << 30
            }
        );
    }

    #[test]
    fn references_to_other_files_are_refused() {
        let mut backed = header();
        backed[15] = 200;
        assert!(
            classify(&backed, 4096)
                .unwrap_err()
                .message()
                .contains("backing file")
        );
        let mut external = header();
        external[79] = 4;
        assert!(
            classify(&external, 4096)
                .unwrap_err()
                .message()
                .contains("another file")
        );
    }

    #[test]
    fn truncated_and_foreign_files_are_refused() {
        assert!(classify(&header()[..20], 20).is_err());
        let archive = classify(b"\xfd7zXZ\0", 512).unwrap_err();
        assert_eq!(archive.hints(), ["decompress it first: xz -d FILE"]);
        assert!(classify(b"hello", 5).is_err());
        assert!(classify(b"", 0).is_err());
    }

    #[test]
    fn anything_else_of_whole_sectors_is_a_raw_disk() {
        let disk = classify(&[0; 80], 1 << 20).unwrap();
        assert_eq!(
            disk,
            Disk {
                format: "raw",
                virtual_size: 1 << 20
            }
        );
    }
}
