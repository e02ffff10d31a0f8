//! The change log: every change of the last hour and of the last 50,000, in order, as far as they fit
//! into its share of the memory.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Key, Object};

/// Entries that memory holds at most; older ones are in the database alone.
pub(super) const HOT_ENTRIES: usize = 8_192;
/// Bytes of objects that these may bring.
const HOT_BYTES: usize = 4 << 20;

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
        self.after
            .as_ref()
            .map_or(0, |object| object.stored().1.len())
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

/// The end of the log: entries `remembered + 1 ..= remembered + entries.len()`. The database has those after `floor`.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Change>,
    /// Revision before the first entry.
    remembered: u64,
    /// Revision before the first entry of the database.
    floor: u64,
    /// Bytes of the objects that the entries brought.
    bytes: usize,
}

impl Log {
    /// An empty log that goes on after `remembered`; the database has what came after `floor`.
    pub(super) fn after(remembered: u64, floor: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            remembered,
            floor,
            bytes: 0,
        }
    }

    /// The newest revision.
    pub(super) fn newest(&self) -> u64 {
        self.remembered + self.entries.len() as u64
    }

    /// The revision after which every change is in memory.
    pub(super) fn remembered_after(&self) -> u64 {
        self.remembered
    }

    /// Whether everything after `position` can be told, from memory or from the database.
    pub(super) fn check(&self, position: u64) -> Result<(), Expired> {
        if position < self.floor || position > self.newest() {
            return Err(Expired {
                asked: position,
                oldest: self.floor,
            });
        }
        Ok(())
    }

    /// The revision before the oldest entry of the database.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// The database forgot what came up to and including `floor`.
    pub(super) fn forget(&mut self, floor: u64) {
        self.floor = floor;
    }

    /// Adds the next entry; the oldest ones leave memory.
    pub(super) fn push(&mut self, change: Change) {
        debug_assert_eq!(change.rv, self.newest() + 1, "revisions are consecutive");
        self.bytes += change.bytes();
        self.entries.push_back(change);
        while (self.entries.len() > HOT_ENTRIES || self.bytes > HOT_BYTES)
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= oldest.bytes();
            self.remembered += 1;
        }
    }

    /// Entries after `position`, oldest first; nothing when memory does not reach back so far.
    pub(super) fn since(&self, position: u64) -> Option<impl DoubleEndedIterator<Item = &Change>> {
        let skip = position.checked_sub(self.remembered)?;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Some(self.entries.range(skip.min(self.entries.len())..))
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
            let object = Arc::new(Object::parse(key, rv, &json).unwrap());
            log.push(Change::new(rv, None, Some(object), at));
        }
        log
    }

    #[test]
    fn memory_holds_so_many_entries_and_so_many_bytes() {
        let log = log_of(HOT_ENTRIES as u64 + 10, 0, 0);
        assert_eq!(
            (log.remembered_after(), log.entries.len()),
            (10, HOT_ENTRIES)
        );
        assert!(log.since(9).is_none() && log.check(9).is_ok());
        assert_eq!(log.since(10).unwrap().count(), HOT_ENTRIES);
        assert!(log.check(log.newest() + 1).is_err());
        let log = log_of(40, 0, HOT_BYTES / 20);
        assert!(log.bytes <= HOT_BYTES && log.newest() == 40);
    }

    #[test]
    fn what_the_database_forgot_is_expired() {
        let mut log = log_of(40, 0, 0);
        log.forget(30);
        assert_eq!(log.check(29).unwrap_err().oldest, 30);
        assert!(log.check(30).is_ok());
    }
}
