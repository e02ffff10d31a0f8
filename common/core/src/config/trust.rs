//! Which files of a project may decide what runs and where credentials go.
//!
//! A project file comes with whatever was checked out or unpacked, so its keys that run programs
//! or name servers and users count only after `nova config trust`. What is remembered are these
//! keys with their values, exactly: a file that changes them is asked about again, one that
//! changes anything else is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;

use super::file::{Leaves, ParsedFile};
use super::{keys, path as key_path};
use crate::paths::Paths;
use crate::{Context, Kind, Result, fs};

/// Trusted keys by file, as they were trusted.
type Record = BTreeMap<PathBuf, serde_json::Value>;

/// Takes keys out that are not trusted, and says which.
pub(crate) fn restrict(
    paths: &Paths,
    path: &Path,
    parsed: &mut ParsedFile,
) -> Result<Option<String>> {
    let sensitive = sensitive(&parsed.leaves);
    if sensitive.is_empty() || trusted(paths, path)? == Some(image(&sensitive)) {
        return Ok(None);
    }
    for key in sensitive.keys() {
        parsed.leaves.remove(key);
    }
    let names: Vec<String> = sensitive.keys().map(|key| format!("`{key}`")).collect();
    Ok(Some(format!(
        "{}: {} can run programs or choose servers and {} ignored until you say: nova config trust",
        path.display(),
        names.join(", "),
        if names.len() == 1 { "is" } else { "are" },
    )))
}

/// Trusts the file as it is now; answers the keys that this concerns.
pub fn trust(paths: &Paths, path: &Path, parsed: &ParsedFile) -> Result<Vec<String>> {
    let sensitive = sensitive(&parsed.leaves);
    let mut record = read(paths)?;
    record.insert(path.to_owned(), image(&sensitive));
    write(paths, &record)?;
    Ok(sensitive.into_keys().collect())
}

/// Forgets a file; `false` when it was not trusted.
pub fn distrust(paths: &Paths, path: &Path) -> Result<bool> {
    let mut record = read(paths)?;
    let known = record.remove(path).is_some();
    if known {
        write(paths, &record)?;
    }
    Ok(known)
}

/// The keys of a file that need trust.
#[must_use]
pub fn sensitive(leaves: &Leaves) -> BTreeMap<String, Value> {
    let wanted = leaves
        .iter()
        .filter(|(key, (value, _))| is_sensitive(key, value));
    wanted
        .map(|(key, (value, _))| (key.clone(), value.clone()))
        .collect()
}

fn is_sensitive(key: &str, value: &Value) -> bool {
    let inner = keys::unscoped(key);
    let inner = inner.trim_end_matches(['+', '-']);
    let names = key_path::split(inner);
    let last = names.last().map_or("", String::as_str);
    match names[0].as_str() {
        "hooks" | "secrets" | "users" | "clusters" | "contexts" | "dispatch" => true,
        "global" => matches!(last, "pager" | "editor"),
        "aliases" => shell_alias(value),
        "plugins" | "providers" | "ghost" | "server" => [
            "path",
            "command",
            "cmd",
            "exec",
            "program",
            "kubeconfig",
            "endpoint",
            "url",
        ]
        .iter()
        .any(|word| last.split('_').any(|part| part == *word)),
        _ => false,
    }
}

fn shell_alias(value: &Value) -> bool {
    let first = match value {
        Value::Array(items) => items.first(),
        other => Some(other),
    };
    first
        .and_then(Value::as_str)
        .is_none_or(|text| text.trim_start().starts_with('!'))
}

fn image(sensitive: &BTreeMap<String, Value>) -> serde_json::Value {
    serde_json::to_value(sensitive).unwrap_or_default()
}

fn trusted(paths: &Paths, path: &Path) -> Result<Option<serde_json::Value>> {
    Ok(read(paths)?.remove(path))
}

fn record_file(paths: &Paths) -> PathBuf {
    paths.state.join("trusted-projects.json")
}

fn read(paths: &Paths) -> Result<Record> {
    let file = record_file(paths);
    let Some(text) = fs::read_optional(&file)? else {
        return Ok(Record::new());
    };
    serde_json::from_str(&text).context(Kind::Config, || format!("cannot read {}", file.display()))
}

fn write(paths: &Paths, record: &Record) -> Result<()> {
    let text = serde_json::to_string_pretty(record)
        .context(Kind::Internal, || "encoding trusted projects".to_owned())?;
    fs::save(&record_file(paths), text.as_bytes(), fs::PRIVATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_programs_or_sends_credentials_needs_trust() {
        let text = |text: &str| Value::String(text.into());
        for (key, value) in [
            ("global.pager", text("sh -c 'curl x'")),
            ("profiles.ci.global.editor", text("x")),
            ("aliases.x", text("!rm -rf /")),
            ("hooks", text("")),
            ("clusters", Value::Array(vec![])),
            ("plugins.x.path", text("./evil")),
            ("providers.aws.endpoint_url", text("https://evil")),
        ] {
            assert!(is_sensitive(key, &value), "{key}");
        }
        for (key, value) in [
            ("global.output", text("json")),
            ("aliases.x", text("vm list")),
            ("defaults.image", text("tiny")),
            ("providers.aws.region", text("eu")),
            ("current_context", text("dev")),
        ] {
            assert!(!is_sensitive(key, &value), "{key}");
        }
    }
}
