//! Files of images, named by their content.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// Beginning of the names of files that are being received.
const PART: &str = ".part-";

/// `DATA/images/sha256/<hex>`: a file is there in full or not at all.
#[derive(Debug, Clone)]
pub(crate) struct ImageFiles {
    dir: PathBuf,
    /// A sweep was announced and did not begin yet.
    announced: Arc<AtomicBool>,
}

/// A file that is being received.
#[derive(Debug)]
pub(crate) struct Upload {
    file: NamedTempFile,
    digest: Sha256,
}

/// Why an upload was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// The content is not what was announced.
    #[error("the content has sha256 {found}, expected {expected}")]
    Digest {
        /// What arrived.
        found: String,
        /// What was announced.
        expected: String,
    },
    /// The disk refuses it.
    #[error("cannot store the file: {0}")]
    Io(#[from] io::Error),
    /// The image points at another file of this host.
    #[error(
        "a qcow2 image with a backing file is not accepted: it would read other files of the host"
    )]
    BackingFile,
}

impl ImageFiles {
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            dir: data.join("images/sha256"),
            announced: Arc::default(),
        }
    }

    /// Where the file of this digest is or would be.
    pub(crate) fn path(&self, sha256: &str) -> PathBuf {
        // Digests are checked when an image is stored; a path made of anything else must not leave.
        let safe = sha256.bytes().all(|b| b.is_ascii_alphanumeric());
        self.dir.join(if safe && !sha256.is_empty() {
            sha256
        } else {
            "invalid"
        })
    }

    /// Size of the file of this digest, when it is there.
    pub(crate) fn size(&self, sha256: &str) -> Option<u64> {
        fs::metadata(self.path(sha256))
            .ok()
            .filter(fs::Metadata::is_file)
            .map(|m| m.len())
    }

    /// Starts to receive a file.
    pub(crate) fn begin(&self) -> io::Result<Upload> {
        nova_core::fs::create_private_dir(&self.dir)?;
        let file = tempfile::Builder::new()
            .prefix(PART)
            .tempfile_in(&self.dir)?;
        Ok(Upload {
            file,
            digest: Sha256::new(),
        })
    }

    /// Removes what uploads left that a kill cut short. Only before the first upload.
    pub(crate) fn remove_parts(&self) -> io::Result<Vec<String>> {
        self.remove_where(|name| name.starts_with(PART))
    }

    /// Whether the caller is the first to ask for a sweep since the last one began.
    pub(crate) fn announce_sweep(&self) -> bool {
        !self.announced.swap(true, Ordering::Relaxed)
    }

    /// From now on a deletion needs another sweep.
    pub(crate) fn begin_sweep(&self) {
        self.announced.store(false, Ordering::Relaxed);
    }

    /// Removes files whose digest nobody names.
    pub(crate) fn sweep(&self, used: &BTreeSet<String>) -> io::Result<Vec<String>> {
        self.remove_where(|name| !name.starts_with(PART) && !used.contains(name))
    }

    fn remove_where(&self, unwanted: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
        let mut removed = Vec::new();
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(removed),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if unwanted(&name) {
                fs::remove_file(entry.path())?;
                removed.push(name);
            }
        }
        Ok(removed)
    }
}

impl Upload {
    /// Takes the next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        Ok(())
    }

    /// Puts the file in place, durable, when it is what was expected.
    pub(crate) fn finish(self, files: &ImageFiles, expected: &str) -> Result<(), UploadError> {
        let found = hex(&self.digest.finalize());
        if !found.eq_ignore_ascii_case(expected) {
            return Err(UploadError::Digest {
                found,
                expected: expected.to_owned(),
            });
        }
        if has_backing_file(self.file.path())? {
            return Err(UploadError::BackingFile);
        }
        self.file.as_file().sync_all()?;
        self.file.persist(files.path(&found)).map_err(|e| e.error)?;
        fs::File::open(&files.dir)?.sync_all()?;
        Ok(())
    }
}

/// Whether a qcow2 file refers to another file: a backing file (bytes 8..16 of the header) or an
/// external data file (incompatible feature bit 2, bytes 72..80 from version 3 on).
fn has_backing_file(path: &Path) -> io::Result<bool> {
    use std::io::Read;
    let mut head = Vec::with_capacity(80);
    fs::File::open(path)?.take(80).read_to_end(&mut head)?;
    if !head.starts_with(b"QFI\xfb") {
        return Ok(false);
    }
    let number = |at: usize| -> u64 {
        let bytes = head.get(at..at + 8).and_then(|b| b.try_into().ok());
        bytes.map_or(0, u64::from_be_bytes)
    };
    let version = head
        .get(4..8)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u32::from_be_bytes);
    let external = version >= 3 && number(72) & 0b100 != 0;
    Ok(number(8) != 0 || external)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(files: &ImageFiles, content: &[u8]) -> Result<(), UploadError> {
        let mut upload = files.begin().unwrap();
        upload.write(content).unwrap();
        upload.finish(files, &hex(&Sha256::digest(content)))
    }

    #[test]
    fn a_file_is_kept_under_its_digest() {
        let dir = tempfile::tempdir().unwrap();
        let files = ImageFiles::new(dir.path());
        upload(&files, b"kernel").unwrap();
        let digest = hex(&Sha256::digest(b"kernel"));
        assert_eq!(files.size(&digest), Some(6));
        assert_eq!(
            files.sweep(&BTreeSet::new()).unwrap(),
            std::slice::from_ref(&digest)
        );
        assert_eq!(files.size(&digest), None);
    }

    #[test]
    fn wrong_content_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let files = ImageFiles::new(dir.path());
        let mut upload = files.begin().unwrap();
        upload.write(b"other").unwrap();
        let error = upload.finish(&files, &"0".repeat(64)).unwrap_err();
        assert!(matches!(error, UploadError::Digest { .. }));
        assert_eq!(
            fs::read_dir(dir.path().join("images/sha256"))
                .unwrap()
                .count(),
            0
        );
    }

    #[test]
    fn a_qcow2_that_reads_other_files_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let files = ImageFiles::new(dir.path());
        let mut header = [0u8; 104];
        header[..4].copy_from_slice(b"QFI\xfb");
        header[7] = 3;
        assert!(upload(&files, &header).is_ok());
        header[15] = 1;
        assert!(matches!(
            upload(&files, &header),
            Err(UploadError::BackingFile)
        ));
        header[15] = 0;
        header[79] = 4;
        assert!(matches!(
            upload(&files, &header),
            Err(UploadError::BackingFile)
        ));
    }

    #[test]
    fn a_path_never_leaves_the_directory() {
        let files = ImageFiles::new(Path::new("/data"));
        assert_eq!(
            files.path("../../etc/passwd"),
            Path::new("/data/images/sha256/invalid")
        );
    }
}
