//! A configuration file that is changed in place, locked meanwhile.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_core::config::{is_yaml, main_file, parse_text, project_file, yaml_table};
use nova_core::fs::{self, Lock};
use nova_core::{Change, Context, Cx, Failure, Kind, Outcome, Outcomes, Result};
use toml_edit::Value;

use crate::text::{TomlText, own_key};
use crate::yaml_out;

/// How long a writer waits for others: a thousand of them may stand in line.
const PATIENCE: Duration = Duration::from_mins(1);

/// Which file a command changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Scope {
    /// Your own file
    #[default]
    User,
    /// `nova.toml` of the project
    Project,
    /// The file of the whole machine
    System,
}

/// A configuration file, locked until this is dropped.
#[derive(Debug)]
pub(crate) struct Document {
    path: PathBuf,
    /// What the file holds; YAML is shown here as TOML.
    text: TomlText,
    before: String,
    _lock: Lock,
}

impl Document {
    /// Opens the user's file; an absent one is new and starts with its `version`.
    pub(crate) fn open(cx: &Cx) -> Result<Self> {
        Self::open_in(cx, Scope::User)
    }

    /// Opens the file of a scope.
    pub(crate) fn open_in(cx: &Cx, scope: Scope) -> Result<Self> {
        Self::open_at(cx, &file_of(cx, scope)?)
    }

    /// Opens the file at `path`.
    pub(crate) fn open_at(cx: &Cx, path: &Path) -> Result<Self> {
        let lock = lock(cx, path)?;
        let before = fs::read_optional(path)?.unwrap_or_default();
        // The same checks as every reader: never add to a file that is broken.
        parse_text(path, &before, cx.globals().lax)?;
        let text = if is_yaml(path) {
            as_toml(path, &before)?
        } else {
            TomlText::parse(&before)?
        };
        Ok(Self {
            path: path.to_owned(),
            text,
            before,
            _lock: lock,
        })
    }

    /// The text to change.
    pub(crate) fn text(&mut self) -> &mut TomlText {
        &mut self.text
    }

    /// Sets a dotted key; missing tables are made.
    pub(crate) fn set(&mut self, key: &str, value: Value) -> Result<()> {
        self.text.set(key, value)
    }

    /// Removes a dotted key, and tables that it leaves empty; `false` when it was not there.
    pub(crate) fn unset(&mut self, key: &str) -> bool {
        self.text.unset(key)
    }

    /// Changes the table called `name` of a named list, made when missing. Answers whether it is
    /// new.
    pub(crate) fn upsert(
        &mut self,
        list: &str,
        name: &str,
        change: impl FnOnce(&mut toml_edit::Table),
    ) -> Result<bool> {
        self.text.upsert(list, name, change)
    }

    /// Removes the table called `name` of a named list; `false` when it was not there.
    pub(crate) fn remove_named(&mut self, list: &str, name: &str) -> Result<bool> {
        self.text.remove_named(list, name)
    }

    /// The text that would be written.
    pub(crate) fn after(&self) -> Result<String> {
        let after = self.text.after();
        if !is_yaml(&self.path) {
            return Ok(after);
        }
        if after == self.text.before() {
            return Ok(self.before.clone());
        }
        yaml_out::text_of(&parsed(&after)?)
    }

    /// The file as it was read.
    pub(crate) fn before(&self) -> &str {
        &self.before
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file if anything changed; readers see the old one or the new one.
    pub(crate) fn save(self) -> Result<bool> {
        let text = self.after()?;
        if text == self.before {
            return Ok(false);
        }
        if is_yaml(&self.path) && has_comments(&self.before) {
            return Err(Failure::new(
                Kind::Config,
                format!(
                    "a change would lose the comments of {}",
                    self.path.display()
                ),
            )
            .with_hint("turn it into TOML, where they can stay, with: nova config migrate"));
        }
        // What is written must be readable by everybody who reads it.
        parse_text(&self.path, &text, true)?;
        write(&self.path, &text)?;
        Ok(true)
    }
}

/// The file that a scope means.
pub(crate) fn file_of(cx: &Cx, scope: Scope) -> Result<PathBuf> {
    let paths = cx.paths()?;
    Ok(match scope {
        Scope::User => main_file(&paths.config),
        Scope::System => main_file(&paths.system),
        Scope::Project => match project_file() {
            Some(file) => file,
            None => std::path::absolute("nova.toml").context(Kind::Config, || {
                "cannot find the working directory".to_owned()
            })?,
        },
    })
}

/// The lock of a file. It lies beside it, since the file itself is replaced; that of a project lies
/// in the state directory, where no version control sees it.
fn lock(cx: &Cx, path: &Path) -> Result<Lock> {
    let paths = cx.paths()?;
    let own = path.starts_with(&paths.config) || path.starts_with(&paths.system);
    let file = if own {
        path.with_extension("toml.lock")
    } else {
        paths.state.join("project-config.lock")
    };
    Lock::take(&file, PATIENCE)
}

/// Replaces a file and keeps its mode, except that a file with secrets becomes private.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let public = |path: &Path| path.file_name().is_some_and(|name| name == "nova.toml");
    let mode = match std::fs::metadata(path) {
        Ok(found) => found.permissions().mode() & 0o777,
        Err(_) if public(path) => fs::PUBLIC,
        Err(_) => fs::PRIVATE,
    };
    let mode = if holds_secrets(text) {
        mode & fs::PRIVATE
    } else {
        mode
    };
    fs::save(path, text.as_bytes(), mode)
}

fn holds_secrets(text: &str) -> bool {
    let secret = |line: &str| {
        let key = line.split(['=', ':']).next().unwrap_or_default().trim();
        let key = key.trim_start_matches("- ").replace('-', "_");
        crate::redact::is_secret(&key)
    };
    text.lines().any(secret)
}

fn has_comments(text: &str) -> bool {
    text.lines()
        .any(|line| line.trim_start().starts_with('#') || line.contains(" #"))
}

fn as_toml(path: &Path, text: &str) -> Result<TomlText> {
    let table = yaml_table(text).map_err(|((line, column), message)| {
        let place = format!("{}:{line}:{column}", path.display());
        Failure::new(Kind::Config, format!("{place}: {message}"))
    })?;
    TomlText::parse(&table.to_string())
}

pub(crate) fn parsed(text: &str) -> Result<toml::Table> {
    text.parse()
        .map_err(|error: toml::de::Error| Failure::new(Kind::Config, error.message().to_owned()))
}

/// The profile or environment that was typed: a change goes there.
pub(crate) fn typed_scope(cx: &Cx) -> Vec<String> {
    let typed = |key: &str| {
        let settings = &cx.globals().settings;
        let found = settings.iter().find(|setting| setting.key == key);
        found
            .filter(|setting| setting.is_flag())
            .map(|setting| setting.value.clone())
    };
    if let Some(name) = typed("current_environment") {
        return vec!["environments".to_owned(), name];
    }
    typed("current_profile").map_or_else(Vec::new, |name| vec!["profiles".to_owned(), name])
}

/// The key as it is written when `key` was typed, in the profile or environment that was typed.
pub(crate) fn key_to_change(cx: &Cx, key: &str) -> String {
    own_key(&typed_scope(cx), key)
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
