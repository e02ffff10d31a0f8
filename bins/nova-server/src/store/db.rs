//! The SQLite file below the store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::is_full;
use super::log::Change;
use super::reply::oldest;
use super::{Key, Reply, StoreError};

/// Layout steps; `user_version` counts those that were applied. Only ever append.
pub(super) const MIGRATIONS: &[&str] = &[
    "CREATE TABLE objects (
         kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
         rv INTEGER NOT NULL, body TEXT NOT NULL,
         PRIMARY KEY (kind, namespace, name)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE changes (
         rv INTEGER PRIMARY KEY, at INTEGER NOT NULL,
         kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
         before_rv INTEGER, before TEXT
     ) STRICT;
     CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    "CREATE TABLE replies (
         id TEXT PRIMARY KEY, at INTEGER NOT NULL, fingerprint TEXT NOT NULL,
         status INTEGER NOT NULL, body TEXT NOT NULL, operation TEXT
     ) STRICT, WITHOUT ROWID;",
    // Objects are compressed against numbered words; number 0 is plain text.
    "ALTER TABLE objects RENAME TO plain_objects;
     CREATE TABLE objects (
         kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
         rv INTEGER NOT NULL, words INTEGER NOT NULL, body BLOB NOT NULL,
         PRIMARY KEY (kind, namespace, name)
     ) STRICT, WITHOUT ROWID;
     INSERT INTO objects SELECT kind, namespace, name, rv, 0, CAST(body AS BLOB) FROM plain_objects;
     DROP TABLE plain_objects;
     ALTER TABLE changes RENAME TO plain_changes;
     CREATE TABLE changes (
         rv INTEGER PRIMARY KEY, at INTEGER NOT NULL,
         kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
         before_rv INTEGER, words INTEGER, before BLOB
     ) STRICT;
     INSERT INTO changes SELECT rv, at, kind, namespace, name, before_rv, 0, CAST(before AS BLOB)
         FROM plain_changes;
     DROP TABLE plain_changes;",
];

/// Log entries that are always kept.
const KEEP_ENTRIES: u64 = 50_000;
/// Age up to which entries are kept beyond that, milliseconds.
const KEEP_MILLIS: i64 = 3_600_000;
/// Entries that are kept at most, so that a storm of writes cannot fill the disk.
const MOST_ENTRIES: u64 = 250_000;
/// Entries forgotten at a time, so that other writes get their turn.
const AT_ONCE: u64 = 10_000;

/// Pages that a connection keeps which reads things once, as SQLite writes it: KiB, negative.
pub(super) const LITTLE_CACHE: i64 = -256;

/// Stores a setting of the server itself.
const SET_META: &str = "INSERT INTO meta (name, value) VALUES (?1, ?2)
     ON CONFLICT DO UPDATE SET value = excluded.value";

pub(super) struct Db {
    pub(super) connection: Connection,
}

impl Db {
    /// Opens or makes the file and brings its layout up to date.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |source: rusqlite::Error| {
            let path = path.to_owned();
            if is_full(&source) {
                return StoreError::Full { path };
            }
            StoreError::Open { path, source }
        };
        let mut connection = Connection::open(path).map_err(failed)?;
        configure(&connection).map_err(failed)?;
        let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
        let found: u32 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(failed)?;
        if found > known {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known,
            });
        }
        migrate(&mut connection, found).map_err(failed)?;
        Ok(Self { connection })
    }

    /// Writes one batch. On an error nothing of it is stored.
    pub(super) fn commit(
        &mut self,
        changes: &[Change],
        replies: &[(String, Arc<Reply>)],
    ) -> rusqlite::Result<()> {
        let tx = self.connection.transaction()?;
        insert_changes(&tx, changes)?;
        insert_replies(&tx, replies)?;
        tx.commit()
    }

    /// Forgets log entries that are old and far back, and answers that nobody asks for again. Answers the revision before the
    /// oldest entry when it moved.
    pub(super) fn trim(
        &mut self,
        floor: u64,
        newest: u64,
        now: i64,
    ) -> rusqlite::Result<Option<u64>> {
        let tx = self.connection.transaction()?;
        tx.execute("DELETE FROM replies WHERE at <= ?1", [oldest(now)])?;
        let floor = next_floor(&tx, floor, newest, now)?;
        if let Some(floor) = floor {
            tx.execute("DELETE FROM changes WHERE rv <= ?1", [sql(floor)])?;
            tx.execute(SET_META, ["floor", &floor.to_string()])?;
        }
        tx.commit()?;
        Ok(floor)
    }

    /// A small secret or setting of the server itself.
    pub(super) fn meta(&self, name: &str) -> rusqlite::Result<Option<String>> {
        let sql = "SELECT value FROM meta WHERE name = ?1";
        self.connection
            .query_row(sql, [name], |row| row.get(0))
            .optional()
    }

    /// Stores a setting of the server itself.
    pub(super) fn set_meta(&self, name: &str, value: &str) -> rusqlite::Result<()> {
        self.connection.execute(SET_META, [name, value]).map(drop)
    }
}

/// Where the log may begin from now on: a step further, if what lies before is far back and old, or too much.
fn next_floor(
    tx: &Transaction<'_>,
    floor: u64,
    newest: u64,
    now: i64,
) -> rusqlite::Result<Option<u64>> {
    let step = (floor + AT_ONCE).min(newest.saturating_sub(KEEP_ENTRIES));
    if step <= floor {
        return Ok(None);
    }
    let too_much = newest - floor > MOST_ENTRIES;
    let sql_at = "SELECT at FROM changes WHERE rv = ?1";
    let at: Option<i64> = tx
        .query_row(sql_at, [sql(step)], |row| row.get(0))
        .optional()?;
    let old = at.is_none_or(|at| at < now - KEEP_MILLIS);
    Ok((too_much || old).then_some(step))
}

/// A revision as it goes into SQLite, whose integers are signed.
pub(super) fn sql(rv: u64) -> i64 {
    i64::try_from(rv).unwrap_or(i64::MAX)
}

fn insert_changes(tx: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO objects (kind, namespace, name, rv, words, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET rv = excluded.rv, words = excluded.words, body = excluded.body",
    )?;
    let mut remove =
        tx.prepare_cached("DELETE FROM objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3")?;
    let mut log = tx.prepare_cached(
        "INSERT INTO changes (rv, at, kind, namespace, name, before_rv, words, before)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for change in changes {
        let (rv, at) = (sql(change.rv), change.at);
        let Key {
            kind,
            namespace,
            name,
        } = change.key();
        match &change.after {
            Some(o) => {
                let (words, body) = o.stored();
                put.execute(params![kind, namespace, name, sql(o.rv), words, body])?
            }
            None => remove.execute(params![kind, namespace, name])?,
        };
        let before = change.before.as_ref();
        let before_rv = before.map(|before| sql(before.rv));
        let (words, before) = before.map(|before| before.stored()).unzip();
        log.execute(params![
            rv, at, kind, namespace, name, before_rv, words, before
        ])?;
    }
    Ok(())
}

fn insert_replies(tx: &Transaction<'_>, replies: &[(String, Arc<Reply>)]) -> rusqlite::Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT OR REPLACE INTO replies (id, at, fingerprint, status, body, operation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (id, r) in replies {
        put.execute(params![
            id,
            r.at,
            r.fingerprint,
            r.status,
            r.body,
            r.operation
        ])?;
    }
    Ok(())
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit does not wait for the disk; whoever needs that waits in `sync`.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // The log is carried over by `checkpoint`, beside the writer.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

fn migrate(connection: &mut Connection, found: u32) -> rusqlite::Result<()> {
    for (number, step) in (1u32..).zip(MIGRATIONS).skip(found as usize) {
        let tx = connection.transaction()?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
impl Db {
    /// Lets the file grow no further, as a full disk would.
    pub(super) fn limit_pages(&self) {
        let pages: i64 = self
            .connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        self.connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    }
}
