//! Layered TOML configuration in which every key knows where it came from.
//!
//! Layers, lowest first: built-in defaults, `/etc/nova/config.toml` and `conf.d`, the user's
//! `config.toml` and `conf.d`, the settings of the context in use, the project file, `NOVA_*`
//! variables, `--config KEY=VALUE`, the dedicated flags. Tables merge deeply, scalars and arrays
//! replace (`key+` adds to a list, `key-` takes from it), and the named lists `contexts`,
//! `clusters` and `users` merge by name. Within a file, `[profiles.P]` and `[environments.E]` of
//! the chosen profile and environment stand above its base keys.

mod check;
mod contexts;
mod file;
mod keys;
mod load;
mod merge;
mod path;
mod policy;
mod scopes;
mod trust;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use toml::Value;

use crate::output::Format;
use crate::{Failure, Kind, Result, suggest};

pub use check::{check_value, nearest_key};
pub use contexts::{ClusterConfig, ContextConfig, UserConfig};
pub use file::{
    ParsedFile, is_yaml, main_file, parse_file, parse_file_as, parse_text, project_file,
};
pub(crate) use keys::canonical;
pub use keys::{KEYS, Key, KeyType, OPEN, VERSION, find_key, is_known};
pub use path::{join as join_path, split as split_path};
pub(crate) use policy::Protection;
pub use trust::{distrust, sensitive, trust};
pub use yaml::table_of as yaml_table;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A file and the line of the key.
    File(PathBuf, usize),
    /// Settings of the context in use.
    Context(String),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Origin {
    /// Whether it was typed on the command line.
    #[must_use]
    pub fn is_flag(&self) -> bool {
        matches!(self, Self::Flag(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Context(name) => write!(f, "context {name}"),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Flag(name) => f.write_str(name),
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
    environment: Option<String>,
    profile: Option<String>,
}

impl Config {
    /// Every key in force.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.as_str(), entry))
    }

    /// One key; an alias or kebab-case spelling is accepted.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(&canonical(key))
    }

    /// The environment in force.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// The profile in force.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Names of the tables below `section`, such as `environments`.
    #[must_use]
    pub fn names_in(&self, section: &str) -> Vec<String> {
        scopes::names_in(self.entries.keys().map(String::as_str), section)
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
    use crate::Globals;
    use crate::paths::Paths;

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
        assert_eq!(
            merged.get("global.timeout").unwrap().origin,
            Origin::Flag("--config")
        );
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
