//! One output stream of a command, read piece by piece while it grows.

use super::guest::Guest;
use crate::engine::qemu::qga::QgaError;

/// Bytes of a full piece: `dd bs=4096 count=256` of `run.sh`.
const PIECE: usize = 4096 * READS;

/// Reads of which a piece is made. Each takes a byte at least, so that a piece of fewer bytes grows.
const READS: usize = 256;

/// Where the reading of a stream is.
#[derive(Debug)]
pub(super) struct Stream {
    /// `DIR/o` or `DIR/e`; pieces add `.N`.
    base: String,
    pub(super) piece: u64,
    pub(super) offset: usize,
    handle: Option<i64>,
}

impl Stream {
    pub(super) fn new(base: String) -> Self {
        Self {
            base,
            piece: 0,
            offset: 0,
            handle: None,
        }
    }

    fn path(&self, piece: u64) -> String {
        format!("{}.{piece}", self.base)
    }

    /// The bytes that came since the last call; none says only that there are none now.
    pub(super) async fn pull(&mut self, guest: &Guest) -> Result<Vec<u8>, QgaError> {
        if self.handle.is_none() {
            self.handle = guest.open(&self.path(self.piece), "r").await?;
        }
        let Some(handle) = self.handle else {
            return Ok(Vec::new());
        };
        let mut bytes = guest.read(handle, PIECE).await?;
        self.offset += bytes.len();
        if self.offset >= PIECE {
            self.advance(guest, None).await?;
        } else if bytes.is_empty() && self.offset >= READS {
            // The next piece is begun after the last byte of this one.
            if let Some(next) = guest.open(&self.path(self.piece + 1), "r").await? {
                bytes = guest.read(handle, PIECE).await?;
                self.advance(guest, Some(next)).await?;
            }
        }
        Ok(bytes)
    }

    async fn advance(&mut self, guest: &Guest, next: Option<i64>) -> Result<(), QgaError> {
        if let Some(handle) = std::mem::replace(&mut self.handle, next) {
            guest.close(handle).await?;
        }
        guest.empty(&self.path(self.piece)).await?;
        self.piece += 1;
        self.offset = 0;
        Ok(())
    }
}
