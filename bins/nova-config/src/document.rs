//! A configuration file that is changed in place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_core::config::{check_value, parse_file};
use nova_core::fs::{self, Lock};
use nova_core::{Change, Cx, Failure, Kind, Outcome, Outcomes, Result};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The user's `config.toml`, locked until this is dropped.
#[derive(Debug)]
pub(crate) struct Document {
    path: PathBuf,
    before: String,
    toml: DocumentMut,
    _lock: Lock,
}

impl Document {
    /// Opens the user's file; an absent one is new and starts with its `version`.
    pub(crate) fn open(cx: &Cx) -> Result<Self> {
        let path = cx.paths()?.config_file();
        let lock = Lock::take(&path.with_extension("toml.lock"), PATIENCE)?;
        // The same checks as every reader: never add to a file that is broken.
        parse_file(&path)?;
        let before = fs::read_optional(&path)?.unwrap_or_default();
        let text = if before.is_empty() {
            "version = 1\n"
        } else {
            &before
        };
        let toml = text.parse().map_err(|error| broken(&path, &error))?;
        Ok(Self {
            path,
            before,
            toml,
            _lock: lock,
        })
    }

    /// Sets a dotted key; missing tables are made.
    pub(crate) fn set(&mut self, key: &str, value: Value) -> Result<()> {
        let (table, last) = self.table_of(key)?;
        match table.get_mut(last).and_then(Item::as_value_mut) {
            Some(old) => {
                // The comment behind the old value belongs to the key, not to the value.
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            None => {
                table.insert(last, Item::Value(value));
            }
        }
        Ok(())
    }

    /// Removes a dotted key, and tables that it leaves empty; `false` when it was not there.
    pub(crate) fn unset(&mut self, key: &str) -> bool {
        remove(
            self.toml.as_table_mut(),
            &key.split('.').collect::<Vec<_>>(),
        )
    }

    /// Changes the table called `name` of a named list, made when missing. Answers whether it is
    /// new.
    pub(crate) fn upsert(
        &mut self,
        list: &str,
        name: &str,
        change: impl FnOnce(&mut Table),
    ) -> Result<bool> {
        let tables = self.named_list(list)?;
        if let Some(found) = tables.iter_mut().find(|table| is_named(table, name)) {
            change(found);
            return Ok(false);
        }
        let mut table = Table::new();
        table.insert("name", name.into());
        change(&mut table);
        tables.push(table);
        Ok(true)
    }

    /// Removes the table called `name` of a named list; `false` when it was not there.
    pub(crate) fn remove_named(&mut self, list: &str, name: &str) -> bool {
        let tables = self
            .toml
            .get_mut(list)
            .and_then(Item::as_array_of_tables_mut);
        let Some(tables) = tables else { return false };
        let before = tables.len();
        tables.retain(|table| !is_named(table, name));
        before != tables.len()
    }

    /// Writes the file if anything changed; readers see the old one or the new one.
    pub(crate) fn save(self) -> Result<bool> {
        let text = self.toml.to_string();
        if text == self.before {
            return Ok(false);
        }
        fs::save(&self.path, text.as_bytes(), fs::PRIVATE)?;
        Ok(true)
    }

    fn table_of<'k>(&mut self, key: &'k str) -> Result<(&mut Table, &'k str)> {
        let mut parts: Vec<&str> = key.split('.').collect();
        let last = parts.pop().unwrap_or(key);
        let mut table = self.toml.as_table_mut();
        for part in parts {
            let item = table.entry(part).or_insert_with(|| {
                let mut made = Table::new();
                // A table that only holds tables needs no header of its own.
                made.set_implicit(true);
                Item::Table(made)
            });
            table = item.as_table_mut().ok_or_else(|| {
                Failure::new(Kind::Config, format!("`{part}` of `{key}` is not a table"))
            })?;
        }
        Ok((table, last))
    }

    fn named_list(&mut self, list: &str) -> Result<&mut ArrayOfTables> {
        let item = self
            .toml
            .entry(list)
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(inline) = item.as_array() {
            *item = Item::ArrayOfTables(tables_of(inline));
        }
        item.as_array_of_tables_mut().ok_or_else(|| {
            Failure::new(Kind::Config, format!("`{list}` is not an array of tables"))
        })
    }
}

/// `contexts = [{ name = "a" }]` as `[[contexts]]`, which has room for comments.
fn tables_of(inline: &toml_edit::Array) -> ArrayOfTables {
    let tables = inline
        .iter()
        .filter_map(|value| value.as_inline_table().cloned());
    tables.map(toml_edit::InlineTable::into_table).collect()
}

fn is_named(table: &Table, name: &str) -> bool {
    table.get("name").and_then(Item::as_str) == Some(name)
}

fn remove(table: &mut Table, path: &[&str]) -> bool {
    let [first, rest @ ..] = path else {
        return false;
    };
    if rest.is_empty() {
        return table.remove(first).is_some();
    }
    let Some(inner) = table.get_mut(first).and_then(Item::as_table_mut) else {
        return false;
    };
    let removed = remove(inner, rest);
    if removed && inner.is_empty() {
        table.remove(first);
    }
    removed
}

fn broken(path: &Path, error: &toml_edit::TomlError) -> Failure {
    Failure::new(
        Kind::Config,
        format!("{}: {}", path.display(), error.message()),
    )
}

/// Reads a value as typed on the command line, checked against the key's type.
pub(crate) fn value_of(key: &str, text: &str) -> Result<Value> {
    let wants_text = nova_core::config::find_key(key).is_some_and(|known| {
        use nova_core::config::KeyType as T;
        matches!(
            known.kind,
            T::Text | T::Quantity | T::Duration | T::Format | T::OneOf(_)
        )
    });
    let parsed = if wants_text {
        None
    } else {
        text.parse::<Value>().ok()
    };
    let mut value = parsed.unwrap_or_else(|| Value::from(text));
    value.decor_mut().clear();
    let plain: toml::Table = toml::from_str(&format!("x = {value}"))
        .map_err(|error| Failure::usage(format!("`{text}` is not a value: {}", error.message())))?;
    check_value(key, &plain["x"]).map_err(|fault| Failure::new(Kind::Config, fault))?;
    Ok(value)
}

/// The outcome of a change to one thing of the configuration.
pub(crate) fn outcome(kind: &str, name: &str, word: &str, changed: bool) -> Outcomes {
    let change = if changed {
        Change::done(word)
    } else {
        Change::Unchanged
    };
    Outcomes::new(vec![Outcome {
        target: format!("{kind}/{name}"),
        full_name: format!("{kind}/{name}"),
        result: Ok(change),
        object: None,
    }])
}
