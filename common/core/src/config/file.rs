//! One configuration file: parsing with the line of every key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;
use toml::de::{DeTable, DeValue};

use crate::config::keys;
use crate::paths::Paths;
use crate::{Failure, Kind, Result, fs, suggest};

/// Leaf keys with their values and lines (from 1).
pub(crate) type Leaves = BTreeMap<String, (Value, usize)>;

/// A parsed configuration file.
#[derive(Debug, Default)]
pub struct ParsedFile {
    /// Leaf keys by dotted path.
    pub leaves: BTreeMap<String, (Value, usize)>,
    /// One sentence per key that nobody knows.
    pub unknown: Vec<String>,
}

/// The files that may exist, lowest layer first.
pub(crate) fn files(paths: &Paths) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for dir in [&paths.system, &paths.config] {
        files.push(dir.join("config.toml"));
        files.extend(drop_ins(&dir.join("conf.d")));
    }
    files.extend(project_file());
    files
}

fn drop_ins(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    found.sort();
    found
}

/// `nova.toml` or `.nova/config.toml` of this directory or one above it, up to the repository
/// root or the home directory.
fn project_file() -> Option<PathBuf> {
    let home = crate::env::get_os(crate::env::HOME).map(PathBuf::from);
    let here = std::env::current_dir().ok()?;
    for dir in here.ancestors() {
        if home.as_deref() == Some(dir) {
            return None;
        }
        let found = ["nova.toml", ".nova/config.toml"].map(|name| dir.join(name));
        if let Some(file) = found.into_iter().find(|file| file.is_file()) {
            return Some(file);
        }
        if dir.join(".git").exists() {
            return None;
        }
    }
    None
}

/// Reads and checks a file; absent is `None`.
pub fn parse_file(path: &Path) -> Result<Option<ParsedFile>> {
    let Some(text) = fs::read_optional(path)? else {
        return Ok(None);
    };
    let broken = |line: usize, column: usize, message: &str| {
        let place = format!("{}:{line}:{column}", path.display());
        Failure::new(Kind::Config, format!("{place}: {message}")).with_hint(format!(
            "mend the file, or check it with: nova config validate {}",
            path.display()
        ))
    };
    let table = DeTable::parse(&text).map_err(|error| {
        let (line, column) = place(&text, error.span().map_or(0, |span| span.start));
        broken(line, column, error.message())
    })?;
    let mut parsed = ParsedFile::default();
    collect(&text, "", table.get_ref(), &mut parsed.leaves);
    for (key, (value, line)) in &parsed.leaves {
        keys::check_value(key, value).map_err(|fault| broken(*line, 1, &fault))?;
        if !keys::is_known(key) {
            parsed.unknown.push(unknown(path, *line, key));
        }
    }
    Ok(Some(parsed))
}

fn unknown(path: &Path, line: usize, key: &str) -> String {
    let near = suggest::nearest(key, keys::KEYS.iter().map(|known| known.name));
    let tail = near
        .first()
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("{}:{line}: unknown key `{key}`{tail}", path.display())
}

fn collect(text: &str, prefix: &str, table: &DeTable<'_>, leaves: &mut Leaves) {
    for (name, value) in table {
        let own = name.get_ref().replace('-', "_");
        let key = if prefix.is_empty() {
            own
        } else {
            format!("{prefix}.{own}")
        };
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => collect(text, &key, inner, leaves),
            _ => {
                let (line, _) = place(text, name.span().start);
                leaves.insert(key, (plain(value.get_ref()), line));
            }
        }
    }
}

/// The value without its positions.
fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(
                |_| Value::String(number.as_str().to_owned()),
                Value::Integer,
            ),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(time) => Value::Datetime(*time),
        DeValue::Array(items) => Value::Array(items.iter().map(|i| plain(i.get_ref())).collect()),
        DeValue::Table(table) => Value::Table(
            table
                .iter()
                .map(|(name, value)| (name.get_ref().replace('-', "_"), plain(value.get_ref())))
                .collect(),
        ),
    }
}

/// Line and column (from 1) of a byte offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(1, |last| last.chars().count() + 1);
    (line, column)
}
