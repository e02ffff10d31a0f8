//! A package file, looked at before anything of it is believed.

use std::collections::HashSet;
use std::io::Read;

use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

use rawzip::time::DosDateTime;

use super::names;
use crate::nuspec::{Nuspec, NuspecError};

/// The most that the files of one package may take together: 8 GiB.
const LARGEST: u64 = 8 << 30;
/// The most that a byte of a package may become, once it is more than a few. Deflate can do a thousand, with nothing
/// but the same byte.
const INFLATION: u64 = 200;
/// What may be of any inflation: 64 MiB.
const SMALL: u64 = 64 << 20;

/// Why a file is no package that can be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Not an archive, or a damaged one.
    #[error("the package is not a valid archive: {0}")]
    NotAZip(#[from] rawzip::Error),
    /// An entry would be written outside of the package's folder.
    #[error("contains an entry which is unsafe for extraction: {0:?}")]
    Unsafe(String),
    /// Two entries are one file.
    #[error("contains the entry {0:?} twice")]
    Doubled(String),
    /// It would fill the disk.
    #[error("would take {0} bytes when extracted, which no package does")]
    TooLarge(u64),
    /// Entries share their bytes, which is how a few become very many.
    #[error("has entries that overlap")]
    Overlapping,
    /// An entry is not what the archive says of it.
    #[error("the entry {path:?} is damaged: {source}")]
    Damaged {
        /// The entry.
        path: String,
        /// What is wrong.
        #[source]
        source: std::io::Error,
    },
    /// An entry is compressed in a way that packages are not.
    #[error("the entry {0:?} is compressed in an unknown way")]
    UnknownCompression(String),
    /// There is no manifest at its root, or there are several.
    #[error("has {0} manifests at its root, and must have one")]
    Manifests(usize),
    /// The manifest cannot be read.
    #[error(transparent)]
    Nuspec(#[from] NuspecError),
}

/// A file in a package.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its path in the package's folder: relative, with `/`, never leading out.
    pub path: String,
    /// What it takes.
    pub size: u64,
    /// When it was written, by a clock on the wall.
    pub modified: DosDateTime,
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
}

/// A package whose entries are safe to extract.
pub struct Package<'b> {
    archive: ZipSliceArchive<&'b [u8]>,
    entries: Vec<Entry>,
    manifest: usize,
}

impl<'b> Package<'b> {
    /// Looks at all entries.
    pub fn open(bytes: &'b [u8]) -> Result<Self, PackageError> {
        let archive = ZipArchive::from_slice(bytes)?;
        let entries = entries(&archive)?;
        check_sizes(&entries, bytes.len() as u64)?;
        check_places(&archive, &entries)?;
        let manifests = |entry: &&Entry| names::is_manifest(&entry.path);
        let count = entries.iter().filter(manifests).count();
        let manifest = entries
            .iter()
            .position(|entry| names::is_manifest(&entry.path));
        match manifest {
            Some(manifest) if count == 1 => Ok(Self {
                archive,
                entries,
                manifest,
            }),
            _ => Err(PackageError::Manifests(count)),
        }
    }

    /// The files, without what only the archive needs.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The manifest's entry.
    #[must_use]
    pub fn manifest(&self) -> &Entry {
        &self.entries[self.manifest]
    }

    /// Reads the manifest.
    pub fn nuspec(&self) -> Result<Nuspec, PackageError> {
        let mut text = Vec::new();
        self.read(self.manifest(), &mut text)?;
        Ok(Nuspec::parse(&String::from_utf8_lossy(&text))?)
    }

    /// Writes what an entry holds to `out`; the size and the checksum must be as the archive says.
    pub fn read(&self, entry: &Entry, out: &mut impl std::io::Write) -> Result<(), PackageError> {
        let data = self.archive.get_entry(entry.place)?;
        let damaged = |source| PackageError::Damaged {
            path: entry.path.clone(),
            source,
        };
        let copied = match entry.method {
            CompressionMethod::STORE => copy(data.verifying_reader(data.data()), entry.size, out),
            CompressionMethod::DEFLATE => {
                let inflated = flate2::bufread::DeflateDecoder::new(data.data());
                copy(data.verifying_reader(inflated), entry.size, out)
            }
            _ => return Err(PackageError::UnknownCompression(entry.path.clone())),
        };
        copied.map_err(damaged)
    }
}

/// Copies what should be `size` bytes; a longer stream is cut off where it begins to lie.
fn copy(reader: impl Read, size: u64, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let copied = std::io::copy(&mut reader.take(size + 1), out)?;
    if copied == size {
        return Ok(());
    }
    let message = format!("it holds {copied} bytes instead of {size}");
    Err(std::io::Error::new(
        std::io::ErrorKind::InvalidData,
        message,
    ))
}

fn entries(archive: &ZipSliceArchive<&[u8]>) -> Result<Vec<Entry>, PackageError> {
    let (mut entries, mut seen) = (Vec::new(), HashSet::new());
    let mut records = archive.entries();
    while let Some(record) = records.next_entry()? {
        let raw = record.file_path();
        let name = String::from_utf8_lossy(raw.as_bytes());
        let path = names::relative(&name)
            .ok_or_else(|| PackageError::Unsafe(name.clone().into_owned()))?;
        if record.is_dir() || names::is_packaging(&path) {
            continue;
        }
        if !seen.insert(path.clone()) {
            return Err(PackageError::Doubled(path));
        }
        entries.push(Entry {
            path,
            size: record.uncompressed_size_hint(),
            modified: record.last_modified_dos(),
            place: record.wayfinder(),
            method: record.compression_method(),
        });
    }
    Ok(entries)
}

fn check_sizes(entries: &[Entry], package: u64) -> Result<(), PackageError> {
    let total = entries
        .iter()
        .try_fold(0_u64, |sum, entry| sum.checked_add(entry.size));
    let total = total.unwrap_or(u64::MAX);
    let most = SMALL.max(package.saturating_mul(INFLATION)).min(LARGEST);
    if total > most {
        return Err(PackageError::TooLarge(total));
    }
    Ok(())
}

fn check_places(archive: &ZipSliceArchive<&[u8]>, entries: &[Entry]) -> Result<(), PackageError> {
    let place = |entry: &Entry| {
        archive
            .get_entry(entry.place)
            .map(|data| data.compressed_data_range())
    };
    let mut places = entries.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    if places.windows(2).any(|two| two[0].1 > two[1].0) {
        return Err(PackageError::Overlapping);
    }
    Ok(())
}
