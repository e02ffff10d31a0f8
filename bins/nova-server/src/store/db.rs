//! The SQLite file below the store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::is_full;
use super::key::intern;
use super::log::{Change, Log};
use super::state::State;
use super::{Durability, Key, Object, StoreError};

/// Layout steps; `user_version` counts those that were applied. Only ever append.
const MIGRATIONS: &[&str] = &["CREATE TABLE objects (
         kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
         rv INTEGER NOT NULL, body TEXT NOT NULL,
         PRIMARY KEY (kind, namespace, name)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE changes (
         rv INTEGER PRIMARY KEY, at INTEGER NOT NULL,
         kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
         before_rv INTEGER, before TEXT
     ) STRICT;
     CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"];

pub(super) struct Db {
    connection: Connection,
    durable: bool,
}

impl Db {
    /// Opens or makes the file and brings its layout up to date.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |source: rusqlite::Error| match is_full(&source) {
            true => StoreError::Full {
                path: path.to_owned(),
            },
            false => StoreError::Open {
                path: path.to_owned(),
                source,
            },
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
        Ok(Self {
            connection,
            durable: true,
        })
    }

    /// Reads the whole state. The log keeps only the state before each change, so the state after
    /// it is found by walking back from the newest objects.
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
        for (key, rv, body) in rows {
            let object = parse(key, rv, body).map_err(corrupt)?;
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
            let before = row.before.map(|(rv, body)| parse(key.clone(), rv, body));
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
        let mut log = Log::after(floor);
        backwards
            .into_iter()
            .rev()
            .for_each(|change| log.push(change));
        Ok(State::new(objects, log))
    }

    /// Writes one batch. On an error nothing of it is stored.
    pub(super) fn commit(
        &mut self,
        changes: &[Change],
        durability: Durability,
    ) -> rusqlite::Result<()> {
        self.set_durable(durability == Durability::Spec)?;
        let tx = self.connection.transaction()?;
        {
            let mut put = tx.prepare_cached(
                "INSERT INTO objects (kind, namespace, name, rv, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET rv = excluded.rv, body = excluded.body",
            )?;
            let mut remove = tx.prepare_cached(
                "DELETE FROM objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3",
            )?;
            let mut log = tx.prepare_cached(
                "INSERT INTO changes (rv, at, kind, namespace, name, before_rv, before)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for change in changes {
                let Key {
                    kind,
                    namespace,
                    name,
                } = change.key();
                match &change.after {
                    Some(o) => put.execute(params![kind, namespace, name, sql(o.rv), o.json()])?,
                    None => remove.execute(params![kind, namespace, name])?,
                };
                let before = change.before.as_ref();
                let (rv, body) = (before.map(|b| sql(b.rv)), before.map(|b| b.json()));
                log.execute(params![
                    sql(change.rv),
                    change.at,
                    kind,
                    namespace,
                    name,
                    rv,
                    body
                ])?;
            }
        }
        tx.commit()
    }

    /// Forgets log entries up to and including `floor`.
    pub(super) fn trim(&mut self, floor: u64) -> rusqlite::Result<()> {
        let tx = self.connection.transaction()?;
        tx.execute("DELETE FROM changes WHERE rv <= ?1", [sql(floor)])?;
        tx.execute(
            "INSERT INTO meta (name, value) VALUES ('floor', ?1)
             ON CONFLICT DO UPDATE SET value = excluded.value",
            [floor.to_string()],
        )?;
        tx.commit()
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
        self.connection
            .execute(
                "INSERT INTO meta (name, value) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
                [name, value],
            )
            .map(drop)
    }

    fn set_durable(&mut self, durable: bool) -> rusqlite::Result<()> {
        if self.durable != durable {
            let mode = if durable { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", mode)?;
            self.durable = durable;
        }
        Ok(())
    }

    fn revision(&self) -> rusqlite::Result<u64> {
        let newest: Option<i64> =
            self.connection
                .query_row("SELECT max(rv) FROM changes", [], |row| row.get(0))?;
        let floor = self.meta("floor")?.and_then(|floor| floor.parse().ok());
        Ok(newest.map(revision).or(floor).unwrap_or(0))
    }

    fn object_rows(&self) -> rusqlite::Result<Vec<(Key, u64, String)>> {
        let mut rows = self
            .connection
            .prepare("SELECT kind, namespace, name, rv, body FROM objects")?;
        let rows = rows.query_map([], |row| {
            let Some(key) = key_of(row)? else {
                return Ok(None);
            };
            Ok(Some((key, revision(row.get(3)?), row.get(4)?)))
        })?;
        rows.filter_map(Result::transpose).collect()
    }

    fn change_rows(&self) -> rusqlite::Result<Vec<ChangeRow>> {
        let mut rows = self.connection.prepare(
            "SELECT kind, namespace, name, rv, at, before_rv, before FROM changes
             ORDER BY rv DESC",
        )?;
        let rows = rows.query_map([], |row| {
            let before = match row.get::<_, Option<String>>(6)? {
                Some(body) => Some((revision(row.get(5)?), body)),
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
}

struct ChangeRow {
    key: Option<Key>,
    rv: u64,
    at: i64,
    before: Option<(u64, String)>,
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

fn parse(key: Key, rv: u64, body: String) -> Result<Arc<Object>, String> {
    let name = key.to_string();
    Object::parse(key, rv, body)
        .map(Arc::new)
        .map_err(|e| format!("{name}: {e}"))
}

/// A revision as it comes out of SQLite.
fn revision(rv: i64) -> u64 {
    u64::try_from(rv).unwrap_or(0)
}

/// A revision as it goes into SQLite, whose integers are signed.
fn sql(rv: u64) -> i64 {
    i64::try_from(rv).unwrap_or(i64::MAX)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A checkpoint every 16 MiB: rarer means fewer stalls of the writer, and the file stays small.
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
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
