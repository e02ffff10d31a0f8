//! Packages without their signature.
//!
//! A signature is an entry of the archive like any other, so the archive as it was before has that entry's bytes cut
//! out, and the places of what follows moved.

use std::borrow::Cow;
use std::ops::Range;

/// The entry that holds the signature.
pub const SIGNATURE: &str = ".signature.p7s";

/// Why a file is no archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    /// There is no directory at its end.
    #[error("it is not a zip archive")]
    NotAZip,
    /// The directory speaks of what is not there.
    #[error("its zip directory is damaged")]
    Damaged,
}

const END: [u8; 4] = *b"PK\x05\x06";
const END_SIZE: usize = 22;
const RECORD: [u8; 4] = *b"PK\x01\x02";
const RECORD_SIZE: usize = 46;
/// The longest comment that can follow the end of an archive.
const COMMENT: usize = 65_535;

/// A record of the directory.
struct Record {
    /// Where it stands.
    range: Range<usize>,
    /// Where its entry begins.
    start: usize,
    is_signature: bool,
}

/// The pieces of the archive without its signature; nothing where it has none.
pub(super) fn unsigned(bytes: &[u8]) -> Result<Option<Vec<Cow<'_, [u8]>>>, ZipError> {
    let end = end_record(bytes)?;
    let directory = number(bytes, end + 16, 4)?;
    let records = records(bytes, directory, end)?;
    let Some(signature) = records.iter().find(|record| record.is_signature) else {
        return Ok(None);
    };
    // An entry goes on to the next one: what lies between them belongs to the first.
    let after = records
        .iter()
        .map(|record| record.start)
        .filter(|start| *start > signature.start);
    let entry = signature.start..after.min().unwrap_or(directory).min(directory);
    let before = bytes.get(..entry.start).ok_or(ZipError::Damaged)?;
    let behind = bytes.get(entry.end..directory).ok_or(ZipError::Damaged)?;
    let mut pieces = vec![Cow::Borrowed(before), Cow::Borrowed(behind)];
    for record in records.iter().filter(|record| !record.is_signature) {
        pieces.push(moved(bytes, record, &entry)?);
    }
    let gone = (entry.len(), signature.range.len());
    pieces.push(Cow::Owned(ending(bytes, end, gone)?));
    Ok(Some(pieces))
}

/// Where the end record stands: as far back as a comment allows.
fn end_record(bytes: &[u8]) -> Result<usize, ZipError> {
    let last = bytes.len().checked_sub(END_SIZE).ok_or(ZipError::NotAZip)?;
    let first = last.saturating_sub(COMMENT);
    let found = (first..=last)
        .rev()
        .find(|at| bytes[*at..].starts_with(&END));
    found.ok_or(ZipError::NotAZip)
}

fn records(bytes: &[u8], directory: usize, end: usize) -> Result<Vec<Record>, ZipError> {
    let mut records = Vec::new();
    let mut at = directory;
    while at < end {
        let head = bytes.get(at..at + RECORD_SIZE).ok_or(ZipError::Damaged)?;
        if !head.starts_with(&RECORD) {
            return Err(ZipError::Damaged);
        }
        let name = number(head, 28, 2)?;
        let size = RECORD_SIZE + name + number(head, 30, 2)? + number(head, 32, 2)?;
        let named = bytes.get(at + RECORD_SIZE..at + RECORD_SIZE + name);
        records.push(Record {
            range: at..at + size,
            start: number(head, 42, 4)?,
            is_signature: named.ok_or(ZipError::Damaged)? == SIGNATURE.as_bytes(),
        });
        at += size;
    }
    Ok(records)
}

/// A record whose entry moves forward where it stood behind the signature.
fn moved<'b>(
    bytes: &'b [u8],
    record: &Record,
    gone: &Range<usize>,
) -> Result<Cow<'b, [u8]>, ZipError> {
    let text = bytes.get(record.range.clone()).ok_or(ZipError::Damaged)?;
    if record.start < gone.end {
        return Ok(Cow::Borrowed(text));
    }
    let mut text = text.to_owned();
    write(&mut text, 42, record.start - gone.len(), 4);
    Ok(Cow::Owned(text))
}

/// The end record of an archive that lost one entry of so many bytes, and its record.
fn ending(bytes: &[u8], end: usize, (entry, record): (usize, usize)) -> Result<Vec<u8>, ZipError> {
    let mut text = bytes.get(end..).ok_or(ZipError::Damaged)?.to_owned();
    for (at, width, less) in [(8, 2, 1), (10, 2, 1), (12, 4, record), (16, 4, entry)] {
        let value = number(&text, at, width)?;
        write(
            &mut text,
            at,
            value.checked_sub(less).ok_or(ZipError::Damaged)?,
            width,
        );
    }
    Ok(text)
}

/// A number of so many bytes, the smallest first.
fn number(bytes: &[u8], at: usize, width: usize) -> Result<usize, ZipError> {
    let digits = bytes.get(at..at + width).ok_or(ZipError::Damaged)?;
    let value = digits
        .iter()
        .rev()
        .fold(0, |value, byte| (value << 8) | u64::from(*byte));
    usize::try_from(value).map_err(|_| ZipError::Damaged)
}

fn write(text: &mut [u8], at: usize, value: usize, width: usize) {
    text[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
}
