//! Reads the few facts we need from 64-bit little-endian ELF files.
//!
//! Layouts are those of the System V ABI, chapters "Object Files" and "Dynamic Linking". A file
//! that contradicts itself yields `None`, never a panic.

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DYNAMIC_ENTRY: usize = 16;

/// A parsed view of one file's bytes.
pub(crate) struct Elf<'a> {
    bytes: &'a [u8],
    segments: Vec<Segment>,
}

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

impl<'a> Elf<'a> {
    /// Reads the program headers; `None` for anything but 64-bit little-endian ELF.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        if bytes.get(..6)? != b"\x7fELF\x02\x01" {
            return None;
        }
        let (start, size, count) = (u64_at(bytes, 32)?, u16_at(bytes, 54)?, u16_at(bytes, 56)?);
        let segments = (0..u64::from(count))
            .map(|index| Segment::parse(bytes, start.checked_add(index * u64::from(size))?))
            .collect::<Option<_>>()?;
        Some(Self { bytes, segments })
    }

    /// Path of the dynamic loader, absent in libraries and static programs.
    pub(crate) fn interpreter(&self) -> Option<&'a str> {
        let found = self
            .segments
            .iter()
            .find(|segment| segment.kind == PT_INTERP)?;
        text_at(self.bytes, found.offset)
    }

    /// Names of the shared libraries it needs, in the file's order.
    pub(crate) fn needed(&self) -> Option<Vec<&'a str>> {
        let Some(dynamic) = self
            .segments
            .iter()
            .find(|segment| segment.kind == PT_DYNAMIC)
        else {
            return Some(Vec::new());
        };
        let table = slice(self.bytes, dynamic.offset, dynamic.size)?;
        let entries = || {
            table
                .chunks_exact(DYNAMIC_ENTRY)
                .map(|entry| (u64_at(entry, 0), u64_at(entry, 8)))
        };
        let strings = entries().find(|entry| entry.0 == Some(DT_STRTAB))?.1?;
        let strings = self.file_offset(strings)?;
        entries()
            .filter(|entry| entry.0 == Some(DT_NEEDED))
            .map(|entry| text_at(self.bytes, strings.checked_add(entry.1?)?))
            .collect()
    }

    /// Contents of the section called `name`.
    pub(crate) fn section(&self, name: &str) -> Option<&'a [u8]> {
        let headers = self.section_headers()?;
        let names = headers.get(usize::from(u16_at(self.bytes, 62)?))?;
        let names_start = u64_at(names, 24)?;
        let wanted = headers.iter().find(|header| {
            let offset = u32_at(header, 0).and_then(|at| names_start.checked_add(u64::from(at)));
            offset.and_then(|offset| text_at(self.bytes, offset)) == Some(name)
        })?;
        slice(self.bytes, u64_at(wanted, 24)?, u64_at(wanted, 32)?)
    }

    fn section_headers(&self) -> Option<Vec<&'a [u8]>> {
        let (start, size, count) = (
            u64_at(self.bytes, 40)?,
            u64::from(u16_at(self.bytes, 58)?),
            u16_at(self.bytes, 60)?,
        );
        (0..u64::from(count))
            .map(|index| slice(self.bytes, start.checked_add(index * size)?, size))
            .collect()
    }

    /// Turns an address of the loaded program into an offset in the file.
    fn file_offset(&self, address: u64) -> Option<u64> {
        let home = self.segments.iter().find(|segment| {
            segment.kind == PT_LOAD
                && address
                    .checked_sub(segment.address)
                    .is_some_and(|into| into < segment.size)
        })?;
        (address - home.address).checked_add(home.offset)
    }
}

impl Segment {
    fn parse(bytes: &[u8], at: u64) -> Option<Self> {
        let at = usize::try_from(at).ok()?;
        Some(Self {
            kind: u32_at(bytes, at)?,
            offset: u64_at(bytes, at.checked_add(8)?)?,
            address: u64_at(bytes, at.checked_add(16)?)?,
            size: u64_at(bytes, at.checked_add(32)?)?,
        })
    }
}

fn slice(bytes: &[u8], start: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

fn text_at(bytes: &[u8], offset: u64) -> Option<&str> {
    let tail = bytes.get(usize::try_from(offset).ok()?..)?;
    std::ffi::CStr::from_bytes_until_nul(tail)
        .ok()?
        .to_str()
        .ok()
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_executable() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    fn reads_loader_and_libraries_of_a_real_program() {
        let bytes = own_executable();
        let elf = Elf::parse(&bytes).unwrap();
        assert!(elf.interpreter().unwrap().contains("ld-linux"));
        assert!(
            elf.needed()
                .unwrap()
                .iter()
                .any(|name| name.starts_with("libc.so"))
        );
    }

    #[test]
    fn finds_a_section_by_name() {
        let bytes = own_executable();
        let elf = Elf::parse(&bytes).unwrap();
        let interp = elf.section(".interp").unwrap();
        assert_eq!(
            interp.strip_suffix(b"\0").unwrap(),
            elf.interpreter().unwrap().as_bytes()
        );
        assert!(elf.section(".no-such-section").is_none());
    }

    #[test]
    fn truncated_and_foreign_files_are_refused_without_panic() {
        let bytes = own_executable();
        for length in (0..4096).chain([bytes.len() / 2]) {
            if let Some(elf) = Elf::parse(&bytes[..length]) {
                drop((elf.interpreter(), elf.needed(), elf.section(".interp")));
            }
        }
        assert!(Elf::parse(b"#!/bin/sh\n").is_none());
    }
}
