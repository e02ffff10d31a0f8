//! Following the change log.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use super::history::folded;
use super::log::{Change, Expired};
use super::memory::Memory;

/// Entries taken from the log at a time, so that a reader holds the lock briefly.
const CHUNK: usize = 1024;

/// A position in the change log. It pulls; nothing is queued for it, however slow it is.
#[derive(Debug)]
pub(crate) struct Watch {
    memory: Arc<Memory>,
    revision: watch::Receiver<u64>,
    kinds: Box<[&'static str]>,
    position: u64,
    ready: VecDeque<Change>,
    skipped: u64,
}

impl Watch {
    pub(super) fn new(
        memory: Arc<Memory>,
        revision: watch::Receiver<u64>,
        kinds: &[&'static str],
        after: u64,
    ) -> Result<Self, Expired> {
        memory.read().log.check(after)?;
        let kinds = kinds.into();
        Ok(Self {
            memory,
            revision,
            kinds,
            position: after,
            ready: VecDeque::new(),
            skipped: 0,
        })
    }

    /// The next change, as soon as it is committed. `Expired` when this reader fell so far behind
    /// that the log no longer reaches back to it.
    pub(crate) async fn next(&mut self) -> Result<Change, Expired> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(change);
            }
            self.revision.mark_unchanged();
            self.fill(CHUNK)?;
            if self.ready.is_empty() && self.revision.changed().await.is_err() {
                // The store is gone: the server ends, and so does this task.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Everything committed by now that was not yet returned, at most `limit` changes.
    pub(crate) fn take(&mut self, limit: usize) -> Result<Vec<Change>, Expired> {
        if self.ready.is_empty() {
            self.revision.mark_unchanged();
            self.fill(limit)?;
        }
        let count = limit.min(self.ready.len());
        Ok(self.ready.drain(..count).collect())
    }

    /// The revision up to which everything was returned (when nothing is pending).
    pub(crate) fn position(&self) -> u64 {
        match self.ready.front() {
            Some(change) => change.rv - 1,
            None => self.position,
        }
    }

    /// How many changes this reader is behind.
    pub(crate) fn backlog(&self) -> u64 {
        self.ready.len() as u64 + self.revision.borrow().saturating_sub(self.position)
    }

    /// Changes of other kinds passed over since the last call.
    pub(crate) fn take_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }

    /// Takes entries until `limit` of them fit or the log ends. A reader that is further back than memory reaches gets the
    /// newest state of each object.
    fn fill(&mut self, limit: usize) -> Result<(), Expired> {
        let state = self.memory.read();
        state.log.check(self.position)?;
        let Some(entries) = state.log.since(self.position) else {
            drop(state);
            return self.catch_up();
        };
        for change in entries {
            self.position = change.rv;
            if self.kinds.is_empty() || self.kinds.contains(&change.key().kind) {
                self.ready.push_back(change.clone());
                if self.ready.len() >= limit {
                    break;
                }
            } else {
                self.skipped += 1;
            }
        }
        Ok(())
    }

    fn catch_up(&mut self) -> Result<(), Expired> {
        let (kinds, from) = (&self.kinds, self.position);
        let (changes, newest) = self.memory.with_past(kinds, from, |state, past| {
            (folded(state, kinds, past, from), state.log.newest())
        })?;
        self.skipped += newest - from - (changes.len() as u64).min(newest - from);
        self.ready.extend(changes);
        self.position = newest;
        Ok(())
    }
}
