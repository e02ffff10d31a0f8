//! One configuration file: parsing with the line of every key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;
use toml::de::{DeTable, DeValue};

use super::{check, keys, path as key_path, yaml};
use crate::paths::Paths;
use crate::{Failure, Kind, Result, fs};

/// Leaf keys with their values and lines (from 1).
pub(crate) type Leaves = BTreeMap<String, (Value, usize)>;

/// A parsed configuration file.
#[derive(Debug, Default)]
pub struct ParsedFile {
    /// Leaf keys by dotted path.
    pub leaves: BTreeMap<String, (Value, usize)>,
    /// One sentence per key that nobody knows, with its place.
    pub unknown: Vec<String>,
}

/// Whose word a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    System,
    User,
    Project,
}

/// The files that may exist, lowest layer first.
pub(crate) fn files(paths: &Paths) -> Vec<(Layer, PathBuf)> {
    let mut files = Vec::new();
    for (layer, dir) in [(Layer::System, &paths.system), (Layer::User, &paths.config)] {
        files.push((layer, main_file(dir)));
        files.extend(
            drop_ins(&dir.join("conf.d"))
                .into_iter()
                .map(|file| (layer, file)),
        );
    }
    files.extend(project_file().map(|file| (Layer::Project, file)));
    files
}

/// `config.toml`, or the `config.yaml` that stands in its place.
#[must_use]
pub fn main_file(dir: &Path) -> PathBuf {
    let toml = dir.join("config.toml");
    let yaml = ["config.yaml", "config.yml"].map(|name| dir.join(name));
    if toml.exists() {
        return toml;
    }
    yaml.into_iter().find(|file| file.exists()).unwrap_or(toml)
}

/// Whether a file is read as YAML.
#[must_use]
pub fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ext| ext == "yaml" || ext == "yml")
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
#[must_use]
pub fn project_file() -> Option<PathBuf> {
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
    parse_file_as(path, false)
}

/// The same; `lax` reads what is known of a file of a newer version.
pub fn parse_file_as(path: &Path, lax: bool) -> Result<Option<ParsedFile>> {
    fs::read_optional(path)?
        .map(|text| parse_text(path, &text, lax))
        .transpose()
}

/// Checks the text of a file at `path`.
pub fn parse_text(path: &Path, text: &str, lax: bool) -> Result<ParsedFile> {
    let leaves = if is_yaml(path) {
        yaml::leaves(text).map_err(|(place, message)| broken(path, place, &message))?
    } else {
        toml_leaves(text).map_err(|(place, message)| broken(path, place, &message))?
    };
    check_version(path, &leaves, lax)?;
    let mut parsed = ParsedFile::default();
    for (key, (value, line)) in leaves {
        if lax && newer(&value, &key) {
            continue;
        }
        match check::check_value(&key, &value) {
            Err(_) if lax => continue,
            checked => checked.map_err(|fault| broken(path, (line, 1), &fault))?,
        }
        let unknown = check::unknown_parts(&key, &value);
        let placed = unknown
            .iter()
            .map(|what| format!("{}:{line}: {what}", path.display()));
        parsed.unknown.extend(placed);
        parsed.leaves.insert(key, (value, line));
    }
    Ok(parsed)
}

/// A place, from 1, and what is wrong there.
pub(crate) type Fault = ((usize, usize), String);

fn toml_leaves(text: &str) -> Result<Leaves, Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = place(text, error.span().map_or(0, |span| span.start));
        (at, error.message().to_owned())
    })?;
    let mut leaves = Leaves::new();
    collect(text, &mut Vec::new(), table.get_ref(), &mut leaves);
    Ok(leaves)
}

fn newer(value: &Value, key: &str) -> bool {
    key == "version"
        && value
            .as_integer()
            .is_some_and(|version| version > keys::VERSION)
}

fn check_version(path: &Path, leaves: &Leaves, lax: bool) -> Result<()> {
    match leaves.get("version") {
        Some((value, line)) if newer(value, "version") && !lax => {
            let message = format!(
                "{}:{line}: version {value} is newer than this nova understands ({})",
                path.display(),
                keys::VERSION
            );
            Err(Failure::new(Kind::Config, message)
                .with_hint("update nova, or read what is understood by adding: --lax"))
        }
        _ => Ok(()),
    }
}

fn broken(path: &Path, (line, column): (usize, usize), message: &str) -> Failure {
    let place = format!("{}:{line}:{column}", path.display());
    Failure::new(Kind::Config, format!("{place}: {message}")).with_hint(format!(
        "mend the file, or check it with: nova config validate {}",
        shell_words::quote(&path.to_string_lossy())
    ))
}

fn collect(text: &str, above: &mut Vec<String>, table: &DeTable<'_>, leaves: &mut Leaves) {
    for (name, value) in table {
        above.push(name.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => collect(text, above, inner, leaves),
            _ => {
                let (line, _) = place(text, name.span().start);
                let key = keys::canonical(&key_path::join(above));
                let value = translate(above, plain(value.get_ref()));
                leaves.insert(key, (value, line));
            }
        }
        above.pop();
    }
}

/// Old keys whose values mean something else in the new one.
pub(crate) fn translate(names: &[String], value: Value) -> Value {
    let old = matches!(names, [.., section, key] if section == "preferences" && key == "colors");
    match value {
        Value::Boolean(on) if old => Value::String(if on { "auto" } else { "never" }.to_owned()),
        other => other,
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
                .map(|(name, value)| (keys::snake(name.get_ref()), plain(value.get_ref())))
                .collect(),
        ),
    }
}

/// Line and column (from 1) of a byte offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let lines = before.split(|byte| *byte == b'\n');
    let last = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let column = String::from_utf8_lossy(last).chars().count() + 1;
    (lines.count(), column)
}
