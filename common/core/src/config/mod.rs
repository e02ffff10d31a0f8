//! Layered TOML configuration in which every key knows where it came from.
//!
//! Layers, lowest first: built-in defaults, `/etc/nova/config.toml` and `conf.d`, the user's
//! `config.toml` and `conf.d`, the project file, `NOVA_SECTION__KEY` variables, `--config
//! KEY=VALUE`. Tables merge deeply, scalars and arrays replace, and the named lists `contexts`,
//! `clusters` and `users` merge by name. Within a file, `[profiles.P]` and `[environments.E]` of
//! the chosen profile and environment stand above its base keys.

mod contexts;
mod file;
mod keys;
mod merge;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::Value;

use crate::output::Format;
use crate::paths::Paths;
use crate::{Failure, Globals, Kind, Result, env, suggest};

pub use contexts::{ClusterConfig, ContextConfig, UserConfig};
pub use file::{ParsedFile, parse_file};
pub use keys::{KEYS, Key, KeyType, check_value, find_key};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A file and the line of the key.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(String),
    /// `--config` on the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Flag => f.write_str("--config"),
        }
    }
}

/// One key with its value, where it came from and which origins it hides.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The value in force.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
    /// Lower layers that said something else, nearest first.
    pub shadowed: Vec<Origin>,
}

/// The merged configuration: leaf keys by dotted path, sorted.
#[derive(Debug, Clone, Default)]
pub struct Config {
    entries: BTreeMap<String, Entry>,
    warnings: Vec<String>,
}

impl Config {
    /// Reads every layer. A broken file is one error with file, line and column.
    pub fn load(paths: &Paths, globals: &Globals) -> Result<Self> {
        let mut config = Self::default();
        for key in KEYS {
            if let Some(default) = key.default_value() {
                config.set(key.name, default, &Origin::Default);
            }
        }
        for file in file::files(paths) {
            config.add_file(&file)?;
        }
        for (name, text) in env::with_prefix("NOVA_") {
            if let Some(key) = merge::key_of_variable(&name) {
                config.add_text(&key, &text, &Origin::Variable(name))?;
            }
        }
        for setting in &globals.config {
            let (key, text) = setting.split_once('=').ok_or_else(|| {
                Failure::usage(format!("--config needs KEY=VALUE, not `{setting}`"))
            })?;
            config.add_text(key.trim(), text.trim(), &Origin::Flag)?;
        }
        Ok(config)
    }

    fn add_file(&mut self, path: &Path) -> Result<()> {
        let Some(parsed) = parse_file(path)? else {
            return Ok(());
        };
        self.warnings.extend(parsed.unknown.iter().cloned());
        let profile = env::get(env::NOVA_PROFILE);
        let environment = env::get(env::NOVA_ENVIRONMENT);
        for (key, (value, line)) in merge::overlay(&parsed.leaves, profile, environment) {
            self.set(&key, value, &Origin::File(path.to_owned(), line));
        }
        Ok(())
    }

    fn add_text(&mut self, key: &str, text: &str, origin: &Origin) -> Result<()> {
        let value = merge::value_of_text(key, text);
        check_value(key, &value)
            .map_err(|fault| Failure::new(Kind::Config, format!("{origin}: {fault}")))?;
        self.set(key, value, origin);
        Ok(())
    }

    fn set(&mut self, key: &str, value: Value, origin: &Origin) {
        let key = keys::canonical(key);
        let mut shadowed = Vec::new();
        let old = self.entries.remove(&key);
        let merged = match &old {
            Some(old) => merge::named_lists(&key, &old.value, value),
            None => value,
        };
        if let Some(old) = old {
            shadowed.push(old.origin);
            shadowed.extend(old.shadowed);
        }
        self.entries.insert(
            key,
            Entry {
                value: merged,
                origin: origin.clone(),
                shadowed,
            },
        );
    }

    /// Every key in force.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.as_str(), entry))
    }

    /// One key; an alias or kebab-case spelling is accepted.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(&keys::canonical(key))
    }

    /// A scalar as text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(|entry| match &entry.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// A duration key.
    #[must_use]
    pub fn duration(&self, key: &str) -> Option<std::time::Duration> {
        self.text(key)
            .and_then(|text| crate::units::parse_duration(&text).ok())
    }

    /// The configured output format.
    #[must_use]
    pub fn output(&self) -> Option<Format> {
        self.text("global.output")
            .and_then(|text| Format::parse(&text).ok())
    }

    /// Things that are odd but not wrong, each said once.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The named context, else the current one; `None` when neither is set.
    pub fn context(&self, name: Option<&str>) -> Result<Option<ContextConfig>> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => match self.text("current_context") {
                Some(name) if !name.is_empty() => name,
                _ => return Ok(None),
            },
        };
        let known = self.contexts();
        if let Some(found) = known.iter().find(|context| context.name == name) {
            return Ok(Some(found.clone()));
        }
        let failure = Failure::new(
            Kind::NotFound,
            format!("context \"{name}\" is not configured"),
        );
        let names = known.iter().map(|context| context.name.as_str());
        Err(match suggest::hint(&name, names) {
            Some(hint) => failure.with_hint(hint),
            None => failure.with_hint("list contexts with: nova config get-contexts"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(files: &[(&str, &str)], globals: &Globals) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths {
            config: dir.path().join("user"),
            system: dir.path().join("system"),
            data: dir.path().join("data"),
            state: dir.path().join("state"),
            cache: dir.path().join("cache"),
            runtime: dir.path().join("run"),
        };
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            crate::fs::write_atomic(&path, text.as_bytes(), 0o600).unwrap();
        }
        Config::load(&paths, globals)
    }

    #[test]
    fn higher_layers_win_and_say_what_they_hide() {
        let files = [
            ("system/config.toml", "[global]\ntimeout = \"10s\"\n"),
            (
                "user/config.toml",
                "version = 1\n\n[global]\ntimeout = \"20s\"\n",
            ),
        ];
        let merged = config(&files, &Globals::default()).unwrap();
        let entry = merged.get("global.timeout").unwrap();
        assert_eq!(entry.value.as_str(), Some("20s"));
        assert!(
            entry.origin.to_string().ends_with("user/config.toml:4"),
            "{}",
            entry.origin
        );
        assert_eq!(entry.shadowed.len(), 2);
        let flags = Globals {
            config: vec!["global.timeout=1m".into()],
            ..Globals::default()
        };
        let merged = config(&files, &flags).unwrap();
        assert_eq!(merged.get("global.timeout").unwrap().origin, Origin::Flag);
        assert_eq!(
            merged.get("global.retry_attempts").unwrap().origin,
            Origin::Default
        );
    }

    #[test]
    fn a_broken_file_is_one_error_with_its_place() {
        let error = config(
            &[("user/config.toml", "a = 1\nb = [\n")],
            &Globals::default(),
        )
        .unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().contains("user/config.toml:"), "{error}");
        let error = config(
            &[("user/config.toml", "[global]\ntimeout = 5\n")],
            &Globals::default(),
        )
        .unwrap_err();
        assert!(error.message().contains("config.toml:2"), "{error}");
        assert!(error.message().contains("global.timeout"), "{error}");
    }

    #[test]
    fn contexts_merge_by_name_and_an_unknown_one_suggests_the_nearest() {
        let files = [
            (
                "system/config.toml",
                "[[contexts]]\nname = \"prod\"\ncluster = \"c\"\n",
            ),
            (
                "user/config.toml",
                "current_context = \"dev\"\n[[contexts]]\nname = \"dev\"\nnamespace = \"team\"\n",
            ),
        ];
        let merged = config(&files, &Globals::default()).unwrap();
        assert_eq!(
            merged.context(None).unwrap().unwrap().namespace.as_deref(),
            Some("team")
        );
        assert_eq!(
            merged
                .context(Some("prod"))
                .unwrap()
                .unwrap()
                .cluster
                .as_deref(),
            Some("c")
        );
        let error = merged.context(Some("prd")).unwrap_err();
        assert_eq!(error.hints(), ["did you mean \"prod\"?"]);
    }

    #[test]
    fn unknown_keys_warn_with_the_nearest_known_one() {
        let merged = config(
            &[("user/config.toml", "[global]\ntimout = \"5s\"\n")],
            &Globals::default(),
        )
        .unwrap();
        assert!(
            merged.warnings()[0].contains("global.timout"),
            "{:?}",
            merged.warnings()
        );
        assert!(merged.warnings()[0].contains("global.timeout"));
    }
}
