//! Two states of objects side by side: a unified diff, or a program of the user's choice.

use std::path::Path;
use std::process::Command;

use nova_core::{Context, Cx, Failure, Kind, Result, env};
use serde_json::Value;

use crate::input::Input;

/// An object as it is and as it would be; absent is [`Value::Null`].
#[derive(Debug)]
pub(crate) struct Pair {
    /// What both files are called.
    pub(crate) name: String,
    pub(crate) live: Value,
    pub(crate) merged: Value,
}

impl Pair {
    pub(crate) fn new(input: &Input, live: Value, merged: Value, owners: bool) -> Self {
        let info = &input.info;
        let parts = [
            info.group,
            info.version,
            info.kind,
            &input.namespace,
            &input.name,
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let shown = |object| comparable(object, owners);
        Self {
            name: parts.join("."),
            live: shown(live),
            merged: shown(merged),
        }
    }

    pub(crate) fn differs(&self) -> bool {
        self.live != self.merged
    }

    fn texts(&self) -> Result<(String, String)> {
        let text = |object: &Value| match object {
            Value::Null => Ok(String::new()),
            object => nova_core::output::to_yaml(object),
        };
        Ok((text(&self.live)?, text(&self.merged)?))
    }
}

/// What every write changes says nothing about a difference.
fn comparable(mut object: Value, owners: bool) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["resourceVersion", "generation", "uid", "creationTimestamp"] {
            metadata.remove(field);
        }
        if !owners {
            metadata.remove("managedFields");
        }
    }
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    object
}

/// Shows what differs and answers whether anything does.
pub(crate) fn show(cx: &Cx, pairs: &[Pair]) -> Result<bool> {
    let different: Vec<&Pair> = pairs.iter().filter(|pair| pair.differs()).collect();
    if different.is_empty() {
        return Ok(false);
    }
    if let Some(program) = env::get(env::NOVA_EXTERNAL_DIFF) {
        external(&program, &different)?;
        return Ok(true);
    }
    let mut text = String::new();
    for pair in different {
        let (live, merged) = pair.texts()?;
        text.push_str(&unified(&pair.name, &live, &merged));
    }
    cx.print(&if cx.color_stdout() {
        colored(&text)
    } else {
        text
    })?;
    Ok(true)
}

fn unified(name: &str, live: &str, merged: &str) -> String {
    similar::TextDiff::from_lines(live, merged)
        .unified_diff()
        .context_radius(3)
        .header(&format!("live/{name}"), &format!("merged/{name}"))
        .to_string()
}

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const RESET: &str = "\x1b[0m";

fn colored(text: &str) -> String {
    let paint = |line: &str| {
        let color = match line {
            line if line.starts_with("--- ") || line.starts_with("+++ ") => BOLD,
            line if line.starts_with("@@") => CYAN,
            line if line.starts_with('-') => RED,
            line if line.starts_with('+') => GREEN,
            _ => return format!("{line}\n"),
        };
        format!("{color}{line}{RESET}\n")
    };
    text.lines().map(paint).collect()
}

/// Runs a program such as `diff -u` or `meld` on two directories. It has the terminal, and as long as it likes.
fn external(program: &str, pairs: &[&Pair]) -> Result<()> {
    let words = shell_words::split(program)
        .map_err(|error| Failure::usage(format!("NOVA_EXTERNAL_DIFF cannot be read: {error}")))?;
    let Some((command, arguments)) = words.split_first() else {
        return Err(Failure::usage("NOVA_EXTERNAL_DIFF names no program"));
    };
    let dir = tempfile::Builder::new().prefix("nova-diff-").tempdir();
    let dir = dir.context(Kind::Failed, || "cannot make a temporary directory".into())?;
    let (live, merged) = (dir.path().join("live"), dir.path().join("merged"));
    for pair in pairs {
        let (before, after) = pair.texts()?;
        save(&live, &pair.name, &before)?;
        save(&merged, &pair.name, &after)?;
    }
    let ran = Command::new(command)
        .args(arguments)
        .arg(&live)
        .arg(&merged)
        .status();
    let status = ran.map_err(|error| {
        let message = format!("cannot run NOVA_EXTERNAL_DIFF `{command}`: {error}");
        Failure::new(Kind::Vanished, message).with_hint("unset it to see the built-in diff")
    })?;
    // As every diff program: 0 is alike, 1 is different, more is trouble.
    match status.code() {
        Some(0 | 1) => Ok(()),
        _ => Err(Failure::usage(format!("`{command}` ended with {status}"))),
    }
}

fn save(dir: &Path, name: &str, text: &str) -> Result<()> {
    std::fs::create_dir_all(dir)
        .context(Kind::Failed, || format!("cannot make {}", dir.display()))?;
    nova_core::fs::save(&dir.join(name), text.as_bytes(), nova_core::fs::PRIVATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pair(live: Value, merged: Value) -> Pair {
        Pair {
            name: "nova.dev.v1.VirtualMachine.default.a".to_owned(),
            live: comparable(live, false),
            merged: comparable(merged, false),
        }
    }

    #[test]
    fn only_what_someone_changed_is_a_difference() {
        let at = |version: &str| {
            json!({
                "metadata": {"name": "a", "resourceVersion": version, "managedFields": [version]},
                "spec": {"cpu": 1}, "status": {"phase": version},
            })
        };
        assert!(!pair(at("1"), at("2")).differs());
        assert!(pair(Value::Null, at("2")).differs());
    }

    #[test]
    fn the_diff_is_unified_and_coloured_by_line() {
        let pair = pair(json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}));
        let (live, merged) = pair.texts().unwrap();
        let text = unified(&pair.name, &live, &merged);
        let name = &pair.name;
        let want =
            format!("--- live/{name}\n+++ merged/{name}\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n+b: 3\n");
        assert_eq!(text, want);
        assert!(colored(&text).contains("\x1b[31m-b: 2\x1b[0m\n\x1b[32m+b: 3\x1b[0m\n"));
    }
}
