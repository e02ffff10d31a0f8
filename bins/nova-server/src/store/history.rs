//! Changes that memory no longer holds, read from the database, folded per object.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, params};

use super::db::{LITTLE_CACHE, sql};
use super::key::intern;
use super::load::{Stored, read, revision};
use super::log::Change;
use super::state::State;
use super::{Key, Object};

/// What became of one object over a stretch of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Past {
    /// State before the first change; `None` when it was not there.
    pub(super) before: Option<Arc<Object>>,
    /// When it was last removed, if it was.
    pub(super) removed: Option<u64>,
    /// Its last change.
    pub(super) last: u64,
}

impl Past {
    /// Takes in the next change of the same object.
    fn go_on(&mut self, rv: u64, was_there: bool) {
        if !was_there {
            // Something that comes anew was removed by the change before.
            self.removed = Some(self.last);
        }
        self.last = rv;
    }
}

/// A connection that only reads. Its readers see what is committed.
#[derive(Debug)]
pub(super) struct History(Mutex<Connection>);

impl History {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "cache_size", LITTLE_CACHE)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Adds the changes after the start of `range` up to its end to `past`. No kinds means all.
    pub(super) fn add(
        &self,
        kinds: &[&'static str],
        range: RangeInclusive<u64>,
        past: &mut BTreeMap<Key, Past>,
    ) -> rusqlite::Result<()> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = connection.prepare_cached(
            "SELECT rv, kind, namespace, name, before_rv FROM changes WHERE rv > ?1 AND rv <= ?2 ORDER BY rv",
        )?;
        let mut before =
            connection.prepare_cached("SELECT words, before FROM changes WHERE rv = ?1")?;
        let mut rows = rows.query(params![sql(*range.start()), sql(*range.end())])?;
        while let Some(row) = rows.next()? {
            let kind = intern(row.get_ref(1)?.as_str()?);
            let Some(kind) = kind.filter(|kind| kinds.is_empty() || kinds.contains(kind)) else {
                continue;
            };
            let key = Key::new(kind, row.get::<_, String>(2)?, row.get::<_, String>(3)?);
            let (rv, before_rv) = (row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(4)?);
            if let Some(known) = past.get_mut(&key) {
                known.go_on(revision(rv), before_rv.is_some());
                continue;
            }
            let object = match before_rv {
                Some(before_rv) => {
                    let stored = before.query_row([rv], |row| {
                        Ok(Stored {
                            rv: revision(before_rv),
                            words: row.get(0)?,
                            body: row.get(1)?,
                        })
                    })?;
                    read(key.clone(), &stored).ok()
                }
                None => None,
            };
            past.insert(
                key,
                Past {
                    before: object,
                    removed: None,
                    last: revision(rv),
                },
            );
        }
        Ok(())
    }
}

/// Everything of these kinds that changed after `past` began, one change an object and a removal where it came anew,
/// in the order of their revisions.
pub(super) fn folded(
    state: &State,
    kinds: &[&'static str],
    mut past: BTreeMap<Key, Past>,
    from: u64,
) -> Vec<Change> {
    let hot = state.log.since(from.max(state.log.remembered_after()));
    for change in hot.into_iter().flatten() {
        if !kinds.is_empty() && !kinds.contains(&change.key().kind) {
            continue;
        }
        if let Some(known) = past.get_mut(change.key()) {
            known.go_on(change.rv, change.before.is_some());
            continue;
        }
        let first = Past {
            before: change.before.clone(),
            removed: None,
            last: change.rv,
        };
        past.insert(change.key().clone(), first);
    }
    let mut changes: Vec<Change> = past
        .into_iter()
        .flat_map(|(key, past)| changes_of(state, &key, past))
        .collect();
    changes.sort_by_key(|change| change.rv);
    changes
}

fn changes_of(state: &State, key: &Key, past: Past) -> Vec<Change> {
    let Past {
        before,
        removed,
        last,
    } = past;
    let after = state.get(key).cloned();
    match (before, after, removed) {
        (None, None, _) => Vec::new(),
        // Nobody may take a new object for the old one of the same name.
        (Some(before), Some(after), Some(removed)) => vec![
            Change::new(removed, Some(before), None, 0),
            Change::new(after.rv, None, Some(after), 0),
        ],
        (before, after, _) => {
            let rv = after.as_ref().map_or(last, |object| object.rv);
            vec![Change::new(rv, before, after, 0)]
        }
    }
}
