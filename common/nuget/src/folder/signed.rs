//! Packages without their signature.
//!
//! A signature is an entry of the archive like any other, so the archive as it was before has that entry's bytes cut
//! out, and the places of what follows moved.

use std::borrow::Cow;
use std::ops::Range;

use rawzip::{ZipArchive, ZipSliceArchive};

/// The entry that holds the signature.
pub const SIGNATURE: &str = ".signature.p7s";

/// Why a file is no archive.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// There is no directory at its end, or none that can be read.
    #[error("it is not a valid archive: {0}")]
    NotAZip(#[from] rawzip::Error),
    /// The directory speaks of what is not there.
    #[error("its directory speaks of what is not there")]
    Damaged,
}

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
    let archive = ZipArchive::from_slice(bytes)?;
    let records = records(&archive)?;
    let Some(signature) = records.iter().find(|record| record.is_signature) else {
        return Ok(None);
    };
    let (directory, end) = (
        place(archive.directory_offset())?,
        place(archive.eocd_offset())?,
    );
    // An entry goes on to the next one: what lies between them belongs to the first.
    let starts = records.iter().map(|record| record.start);
    let after = starts.filter(|start| *start > signature.start).min();
    let entry = signature.start..after.unwrap_or(directory).min(directory);
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

fn place(offset: u64) -> Result<usize, ZipError> {
    usize::try_from(offset).map_err(|_| ZipError::Damaged)
}

/// The records, each up to the next one.
fn records(archive: &ZipSliceArchive<&[u8]>) -> Result<Vec<Record>, ZipError> {
    let mut records: Vec<Record> = Vec::new();
    let end = place(archive.eocd_offset())?;
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry()? {
        let at = place(entry.central_directory_offset())?;
        if let Some(last) = records.last_mut() {
            last.range.end = at;
        }
        records.push(Record {
            range: at..end,
            start: place(entry.local_header_offset())?,
            is_signature: entry.file_path().as_bytes() == SIGNATURE.as_bytes(),
        });
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
    less(&mut text, 42..46, gone.len())?;
    Ok(Cow::Owned(text))
}

/// The end record of an archive that lost one entry of so many bytes, and its record.
fn ending(bytes: &[u8], end: usize, (entry, record): (usize, usize)) -> Result<Vec<u8>, ZipError> {
    let mut text = bytes.get(end..).ok_or(ZipError::Damaged)?.to_owned();
    // Entries on this disk and in all, the size of the directory, and its place.
    for (field, by) in [(8..10, 1), (10..12, 1), (12..16, record), (16..20, entry)] {
        less(&mut text, field, by)?;
    }
    Ok(text)
}

/// Makes a number in a text smaller; its smallest byte comes first.
fn less(text: &mut [u8], field: Range<usize>, by: usize) -> Result<(), ZipError> {
    let field = text.get_mut(field).ok_or(ZipError::Damaged)?;
    let mut number = [0; 8];
    number[..field.len()].copy_from_slice(field);
    let left = u64::from_le_bytes(number).checked_sub(by as u64);
    let bytes = left.ok_or(ZipError::Damaged)?.to_le_bytes();
    field.copy_from_slice(&bytes[..field.len()]);
    Ok(())
}
