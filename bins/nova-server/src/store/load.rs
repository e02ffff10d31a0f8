//! Reading the state at start.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::db::Db;
use super::key::intern;
use super::log::{Change, HOT_ENTRIES, Log};
use super::reply::Replies;
use super::state::State;
use super::{Key, Object, Reply, StoreError};
use crate::pack::Packed;

impl Db {
    /// Reads every object and the end of the log. The log keeps only the state before each change, so the state after it is
    /// found by walking back from the newest objects.
    pub(super) fn load(&self, path: &Path) -> Result<State, StoreError> {
        let failed = |source| StoreError::Open {
            path: path.to_owned(),
            source,
        };
        let corrupt = |what: String| StoreError::Corrupt {
            path: path.to_owned(),
            what,
        };
        let rows = self.object_rows().map_err(failed)?;
        let mut objects = BTreeMap::new();
        for (key, stored) in rows {
            let object = read(key, &stored).map_err(corrupt)?;
            objects.insert(object.key.clone(), object);
        }
        let mut newest: BTreeMap<Key, Arc<Object>> = objects.clone();
        let mut backwards = Vec::new();
        let revision = self.revision().map_err(failed)?;
        let mut floor = revision;
        for row in self.change_rows().map_err(failed)? {
            // A kind of a newer server, or a hole: what lies before it cannot be told.
            let Some(key) = row.key.filter(|_| row.rv == floor) else {
                break;
            };
            let after = newest.remove(&key);
            let before = row.before.map(|stored| read(key.clone(), &stored));
            let before = before.transpose().map_err(corrupt)?;
            if let Some(before) = &before {
                newest.insert(key, Arc::clone(before));
            }
            if before.is_none() && after.is_none() {
                break;
            }
            floor -= 1;
            backwards.push(Change::new(row.rv, before, after, row.at));
        }
        let complete = backwards.len() < HOT_ENTRIES;
        let oldest = if complete {
            floor
        } else {
            self.floor().map_err(failed)?
        };
        let mut log = Log::after(floor, oldest);
        backwards
            .into_iter()
            .rev()
            .for_each(|change| log.push(change));
        let replies = self.reply_rows().map_err(failed)?;
        Ok(State::new(objects.into_values(), log, replies))
    }

    fn revision(&self) -> rusqlite::Result<u64> {
        let newest: Option<i64> =
            self.connection
                .query_row("SELECT max(rv) FROM changes", [], |row| row.get(0))?;
        let floor = self.meta("floor")?.and_then(|floor| floor.parse().ok());
        Ok(newest.map(revision).or(floor).unwrap_or(0))
    }

    /// The revision before the oldest entry.
    fn floor(&self) -> rusqlite::Result<u64> {
        let oldest: Option<i64> =
            self.connection
                .query_row("SELECT min(rv) FROM changes", [], |row| row.get(0))?;
        Ok(oldest.map_or(0, |rv| revision(rv).saturating_sub(1)))
    }

    fn object_rows(&self) -> rusqlite::Result<Vec<(Key, Stored)>> {
        let mut rows = self
            .connection
            .prepare("SELECT kind, namespace, name, rv, words, body FROM objects")?;
        let rows = rows.query_map([], |row| {
            let Some(key) = key_of(row)? else {
                return Ok(None);
            };
            let stored = Stored {
                rv: revision(row.get(3)?),
                words: row.get(4)?,
                body: row.get(5)?,
            };
            Ok(Some((key, stored)))
        })?;
        rows.filter_map(Result::transpose).collect()
    }

    fn change_rows(&self) -> rusqlite::Result<Vec<ChangeRow>> {
        let mut rows = self.connection.prepare(
            "SELECT kind, namespace, name, rv, at, before_rv, words, before FROM changes
             ORDER BY rv DESC LIMIT ?1",
        )?;
        let limit = i64::try_from(HOT_ENTRIES).unwrap_or(i64::MAX);
        let rows = rows.query_map([limit], |row| {
            let before = match row.get(7)? {
                Some(body) => Some(Stored {
                    rv: revision(row.get(5)?),
                    words: row.get(6)?,
                    body,
                }),
                None => None,
            };
            let (key, rv, at) = (key_of(row)?, revision(row.get(3)?), row.get(4)?);
            Ok(ChangeRow {
                key,
                rv,
                at,
                before,
            })
        })?;
        rows.collect()
    }

    fn reply_rows(&self) -> rusqlite::Result<Replies> {
        let mut rows = self
            .connection
            .prepare("SELECT id, at, fingerprint, status, body, operation FROM replies")?;
        let rows = rows.query_map([], |row| {
            let reply = Reply {
                at: row.get(1)?,
                fingerprint: row.get(2)?,
                status: row.get(3)?,
                body: row.get(4)?,
                operation: row.get(5)?,
            };
            Ok((row.get(0)?, Arc::new(reply)))
        })?;
        let mut replies = Replies::default();
        for row in rows {
            let (id, reply) = row?;
            replies.insert(id, reply);
        }
        Ok(replies)
    }
}

struct ChangeRow {
    key: Option<Key>,
    rv: u64,
    at: i64,
    before: Option<Stored>,
}

/// A revision of an object as the database has it.
pub(super) struct Stored {
    pub(super) rv: u64,
    pub(super) words: u8,
    pub(super) body: Vec<u8>,
}

/// The first three columns; `None` for a kind that this server does not know.
fn key_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Key>> {
    let Some(kind) = intern(&row.get::<_, String>(0)?) else {
        return Ok(None);
    };
    Ok(Some(Key::new(
        kind,
        row.get::<_, String>(1)?,
        row.get::<_, String>(2)?,
    )))
}

/// The object that is stored; an error says what is wrong with which.
pub(super) fn read(key: Key, stored: &Stored) -> Result<Arc<Object>, String> {
    let name = key.to_string();
    let mut room = Vec::new();
    let text = Packed::unpack(stored.words, &stored.body, &mut room)
        .map_err(|e| format!("{name}: {e}"))?;
    Object::parse(key, stored.rv, text)
        .map(Arc::new)
        .map_err(|e| format!("{name}: {e}"))
}

/// A revision as it comes out of SQLite.
pub(super) fn revision(rv: i64) -> u64 {
    u64::try_from(rv).unwrap_or(0)
}
