//! Reading the end of a file that may grow, shrink or not exist yet.

use std::io::{self, ErrorKind, SeekFrom};
use std::path::PathBuf;

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// A position in a file.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    at: u64,
}

impl Tail {
    /// From the beginning.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, at: 0 }
    }

    /// Skips all but the last `lines` lines.
    pub(super) async fn skip_to_last(&mut self, lines: u64) -> io::Result<()> {
        let Some(mut file) = self.open().await? else {
            return Ok(());
        };
        let end = file.metadata().await?.len();
        self.at = end;
        if lines == 0 {
            return Ok(());
        }
        let (mut start, mut wanted, mut first) = (end, lines, true);
        while start > 0 {
            let from = start.saturating_sub(CHUNK as u64);
            let mut part = vec![0; usize::try_from(start - from).unwrap_or(CHUNK)];
            file.seek(SeekFrom::Start(from)).await?;
            file.read_exact(&mut part).await?;
            for (i, byte) in part.iter().enumerate().rev() {
                // A newline at the very end closes the last line and begins none.
                let closes = first && i + 1 == part.len();
                if *byte == b'\n' && !closes {
                    wanted -= 1;
                    if wanted == 0 {
                        self.at = from + i as u64 + 1;
                        return Ok(());
                    }
                }
            }
            (start, first) = (from, false);
        }
        self.at = 0;
        Ok(())
    }

    /// The next bytes; empty when there are none now.
    pub(super) async fn read(&mut self) -> io::Result<Vec<u8>> {
        let Some(mut file) = self.open().await? else {
            return Ok(Vec::new());
        };
        let length = file.metadata().await?.len();
        if length < self.at {
            // The file was begun anew.
            self.at = 0;
        }
        let take = usize::try_from(length - self.at)
            .unwrap_or(CHUNK)
            .min(CHUNK);
        let mut bytes = vec![0; take];
        file.seek(SeekFrom::Start(self.at)).await?;
        let read = file.read(&mut bytes).await?;
        bytes.truncate(read);
        self.at += read as u64;
        Ok(bytes)
    }

    async fn open(&self) -> io::Result<Option<File>> {
        match File::open(&self.path).await {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    async fn last(content: &str, lines: u64) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let mut tail = Tail::new(file.path().to_owned());
        tail.skip_to_last(lines).await.unwrap();
        String::from_utf8(tail.read().await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn the_last_lines_are_found_with_and_without_a_final_newline() {
        assert_eq!(last("a\nb\nc\n", 2).await, "b\nc\n");
        assert_eq!(last("a\nb\nc", 2).await, "b\nc");
        assert_eq!(last("a\nb\n", 9).await, "a\nb\n");
        assert_eq!(last("a\nb\n", 0).await, "");
        assert_eq!(last("", 3).await, "");
        let long = "x".repeat(CHUNK - 1) + "\n" + &"y".repeat(CHUNK) + "\n";
        assert_eq!(last(&long, 1).await.len(), CHUNK.min(CHUNK + 1));
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_yet_is_empty_and_one_begun_anew_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut tail = Tail::new(path.clone());
        assert_eq!(tail.read().await.unwrap(), b"");
        tokio::fs::write(&path, b"first boot").await.unwrap();
        assert_eq!(tail.read().await.unwrap(), b"first boot");
        tokio::fs::write(&path, b"second").await.unwrap();
        assert_eq!(tail.read().await.unwrap(), b"second");
    }
}
