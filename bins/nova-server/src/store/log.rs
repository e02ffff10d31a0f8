//! The change log: every change of the last hour and of the last 50,000, in order, as far as they fit
//! into its share of the memory.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Key, Object};

/// Entries that are always kept.
pub(super) const KEEP_ENTRIES: usize = 50_000;
/// Age up to which entries are kept beyond that, milliseconds.
pub(super) const KEEP_MILLIS: i64 = 3_600_000;
/// Bytes of objects that are never exceeded for long, so that a storm of writes cannot eat the
/// memory: about 180,000 changes of ordinary objects.
const MAX_BYTES: usize = 256 << 20;
/// Entries forgotten at a time, so that other writes get their turn.
const AT_ONCE: u64 = 20_000;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// It came to be.
    Added,
    /// It changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// One entry of the log.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The server-wide revision of this change; entries are consecutive integers.
    pub(crate) rv: u64,
    /// What happened.
    pub(crate) kind: ChangeKind,
    /// State before; `None` for `Added`.
    pub(crate) before: Option<Arc<Object>>,
    /// State after; `None` for `Deleted`.
    pub(crate) after: Option<Arc<Object>>,
    /// When, milliseconds since the epoch.
    pub(super) at: i64,
}

impl Change {
    /// The object that changed, in its newest form.
    pub(crate) fn object(&self) -> &Arc<Object> {
        match (&self.after, &self.before) {
            (Some(object), _) | (None, Some(object)) => object,
            (None, None) => unreachable!("a change has a state before or after it"),
        }
    }

    /// The key of the object.
    pub(crate) fn key(&self) -> &Key {
        &self.object().key
    }

    /// Memory that this entry keeps: the state before is the state after an earlier one.
    fn bytes(&self) -> usize {
        self.after.as_ref().map_or(0, |object| object.json().len())
    }

    /// Builds an entry from the two states.
    pub(super) fn new(
        rv: u64,
        before: Option<Arc<Object>>,
        after: Option<Arc<Object>>,
        at: i64,
    ) -> Self {
        let kind = match (&before, &after) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        };
        Self {
            rv,
            kind,
            before,
            after,
            at,
        }
    }
}

/// The position asked for is no longer in the log, or is from another server's future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub(crate) struct Expired {
    /// The position asked for.
    pub(crate) asked: u64,
    /// The oldest position that can be served.
    pub(crate) oldest: u64,
}

/// Entries `floor + 1 ..= floor + entries.len()`.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Change>,
    /// Revision before the first entry.
    floor: u64,
    /// Bytes of the objects that the entries brought.
    bytes: usize,
}

impl Log {
    /// An empty log that goes on after `floor`.
    pub(super) fn after(floor: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            floor,
            bytes: 0,
        }
    }

    /// The newest revision.
    pub(super) fn newest(&self) -> u64 {
        self.floor + self.entries.len() as u64
    }

    /// Adds the next entry.
    pub(super) fn push(&mut self, change: Change) {
        debug_assert_eq!(change.rv, self.newest() + 1, "revisions are consecutive");
        self.bytes += change.bytes();
        self.entries.push_back(change);
    }

    /// Entries after `position`, oldest first.
    pub(super) fn since(
        &self,
        position: u64,
    ) -> Result<impl DoubleEndedIterator<Item = &Change>, Expired> {
        if position < self.floor || position > self.newest() {
            return Err(Expired {
                asked: position,
                oldest: self.floor,
            });
        }
        let skip = usize::try_from(position - self.floor).unwrap_or(usize::MAX);
        Ok(self.entries.range(skip.min(self.entries.len())..))
    }

    /// Forgets what is both old and far back, or too much; answers the new floor when it moved.
    pub(super) fn trim(&mut self, now: i64) -> Option<u64> {
        let before = self.floor;
        while self.floor - before < AT_ONCE
            && let Some(oldest) = self.entries.front()
            && (self.bytes > MAX_BYTES || self.is_far_back(oldest, now))
        {
            self.bytes -= oldest.bytes();
            self.entries.pop_front();
            self.floor += 1;
        }
        (self.floor != before).then_some(self.floor)
    }

    fn is_far_back(&self, oldest: &Change, now: i64) -> bool {
        self.entries.len() > KEEP_ENTRIES && oldest.at < now - KEEP_MILLIS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(count: u64, at: i64, size: usize) -> Log {
        let mut log = Log::default();
        for rv in 1..=count {
            let key = Key::new("virtualmachines", "d", rv.to_string());
            let json = format!(r#"{{"metadata":{{}},"x":"{}"}}"#, "x".repeat(size));
            let object = Arc::new(Object::parse(key, rv, json).unwrap());
            log.push(Change::new(rv, None, Some(object), at));
        }
        log
    }

    #[test]
    fn young_or_recent_changes_stay() {
        let (now, old) = (KEEP_MILLIS * 2, 0);
        assert_eq!(log_of(60_000, now, 0).trim(now), None, "young");
        assert_eq!(log_of(50_000, old, 0).trim(now), None, "recent");
        let mut both = log_of(60_000, old, 0);
        assert_eq!(both.trim(now), Some(10_000));
        assert_eq!(both.since(9_999).err().map(|e| e.oldest), Some(10_000));
        assert_eq!(both.since(10_000).unwrap().count(), 50_000);
    }

    #[test]
    fn memory_has_the_last_word() {
        let mut log = log_of(40, 0, MAX_BYTES / 20);
        assert!(log.trim(0).is_some());
        assert!(log.bytes <= MAX_BYTES);
    }
}
