//! The two things that the dispatcher takes from the user's `config.toml`: `[aliases]` and
//! `dispatch.trust`. The file is read only when a word is not found directly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::alias::{self, Alias, Expansion};
use crate::files::Files;
use crate::input::Input;
use crate::problem::Problem;
use crate::text::reason;

/// A larger configuration is a mistake, and not one that start-up should wait for.
const LIMIT: u64 = 1 << 20;

/// What the dispatcher reads from the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// `dispatch.trust = "path"`: folders of `PATH` that others can write to count too.
    pub(crate) trusts_path: bool,
    /// Whether any alias says `override = true`.
    pub(crate) overrides: bool,
}

impl Config {
    /// Where the user's configuration lies.
    pub(crate) fn path(input: &Input) -> Option<PathBuf> {
        let dir = input.folder("NOVA_CONFIG_DIR", "XDG_CONFIG_HOME", ".config")?;
        Some(dir.join("config.toml"))
    }

    /// Reads the user's configuration; a missing file is an empty one.
    pub(crate) fn load(input: &Input, files: &dyn Files) -> Result<Self, Problem> {
        let Some(path) = Self::path(input) else {
            return Ok(Self::default());
        };
        let bytes = match files.head(&path, LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if absent(&error) => return Ok(Self::default()),
            Err(error) => return Err(Problem::Config(path, reason(&error))),
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| Problem::Config(path.clone(), "it is not UTF-8".to_owned()))?;
        Self::parse(&text).map_err(|reason| Problem::Config(path, reason))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table = DeTable::parse(text).map_err(|error| located(text, &error))?;
        let table = table.get_ref();
        let mut config = Self::default();
        let trust = table
            .get("dispatch")
            .and_then(|dispatch| dispatch.get_ref().get("trust"));
        config.trusts_path = trust.and_then(|trust| trust.get_ref().as_str()) == Some("path");
        if let Some(aliases) = table.get("aliases") {
            let aliases = aliases
                .get_ref()
                .as_table()
                .ok_or("`aliases` is not a table")?;
            for (name, value) in aliases {
                let alias = read_alias(value.get_ref())
                    .map_err(|reason| format!("`aliases.{}` {reason}", name.get_ref()))?;
                config.overrides |= alias.overrides;
                config.aliases.insert(name.get_ref().to_string(), alias);
            }
        }
        Ok(config)
    }
}

fn absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// The message of a parse error with its line, which the parser gives as an offset.
fn located(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.get(..at).unwrap_or_default().split('\n').count();
    format!("line {line}: {}", error.message())
}

/// A string, a list, or a table with `command` and `override`.
fn read_alias(value: &DeValue<'_>) -> Result<Alias, String> {
    if let Some(table) = value.as_table() {
        let command = table.get("command").ok_or("has no `command`")?;
        let overrides = match table.get("override").map(|value| value.get_ref().as_bool()) {
            None => false,
            Some(Some(value)) => value,
            Some(None) => return Err("has an `override` that is not true or false".to_owned()),
        };
        return Ok(Alias {
            expansion: read_expansion(command.get_ref())?,
            overrides,
        });
    }
    Ok(Alias {
        expansion: read_expansion(value)?,
        overrides: false,
    })
}

fn read_expansion(value: &DeValue<'_>) -> Result<Expansion, String> {
    if let Some(text) = value.as_str() {
        return match text.trim_start().strip_prefix('!') {
            Some(script) => Ok(Expansion::Shell(script.to_owned())),
            None => some_words(alias::split(text)?),
        };
    }
    let items = value.as_array().ok_or("is neither a string nor a list")?;
    let words: Option<Vec<String>> = items
        .iter()
        .map(|item| item.get_ref().as_str().map(str::to_owned))
        .collect();
    let words = words.ok_or("has an element that is not a string")?;
    match words.first().and_then(|word| word.strip_prefix('!')) {
        Some(first) => {
            let quoted = words[1..].iter().map(|word| alias::quote(word));
            let script: Vec<String> = std::iter::once(first.to_owned()).chain(quoted).collect();
            Ok(Expansion::Shell(script.join(" ")))
        }
        None => some_words(words),
    }
}

fn some_words(words: Vec<String>) -> Result<Expansion, String> {
    if words.is_empty() {
        Err("is empty".to_owned())
    } else {
        Ok(Expansion::Words(words))
    }
}

/// Whether the file at hand could hold an alias that overrides, without parsing it.
pub(crate) fn may_override(path: &Path, files: &dyn Files) -> bool {
    let bytes = files.head(path, LIMIT).unwrap_or_default();
    bytes
        .windows(b"override".len())
        .any(|part| part == b"override")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, name: &str) -> Expansion {
        Config::parse(text).unwrap().aliases[name].expansion.clone()
    }

    #[test]
    fn aliases_are_strings_lists_or_tables() {
        let text = "[aliases]\na = 'vm list -o \"wide x\"'\nb = ['vm', 'list']\n\
                    c = { command = 'vm list', override = true }\nd = '!echo $1'\n";
        let list =
            |words: &[&str]| Expansion::Words(words.iter().map(ToString::to_string).collect());
        assert_eq!(words(text, "a"), list(&["vm", "list", "-o", "wide x"]));
        assert_eq!(words(text, "b"), list(&["vm", "list"]));
        assert_eq!(words(text, "d"), Expansion::Shell("echo $1".into()));
        let config = Config::parse(text).unwrap();
        assert!(
            config.aliases["c"].overrides && config.overrides && !config.aliases["a"].overrides
        );
    }

    #[test]
    fn a_list_can_be_a_shell_alias_too() {
        let text = "aliases.x = ['!printf', '%s\\n', \"it's\"]";
        assert_eq!(
            words(text, "x"),
            Expansion::Shell("printf '%s\\n' 'it'\\''s'".into())
        );
    }

    #[test]
    fn mistakes_name_the_key_or_the_line() {
        let reason = |text: &str| Config::parse(text).unwrap_err();
        assert_eq!(
            reason("[aliases]\nx = 1"),
            "`aliases.x` is neither a string nor a list"
        );
        assert_eq!(reason("[aliases]\nx = []"), "`aliases.x` is empty");
        assert_eq!(
            reason("[aliases]\nx = 'a \"b'"),
            "`aliases.x` has a quote that does not end"
        );
        assert_eq!(reason("aliases = 1"), "`aliases` is not a table");
        assert!(reason("a = 1\nb = = 2\n").starts_with("line 2: "));
    }

    #[test]
    fn trust_in_path_is_only_the_word_path() {
        assert!(
            Config::parse("dispatch.trust = 'path'")
                .unwrap()
                .trusts_path
        );
        assert!(
            !Config::parse("dispatch.trust = 'signed'")
                .unwrap()
                .trusts_path
        );
    }

    #[test]
    fn the_aliases_of_the_manual_page_are_read() {
        let page = include_str!("../../../man/topics/aliases.txt");
        let block = page.lines().skip_while(|line| !line.contains("[aliases]"));
        let block: String = block
            .take_while(|line| line.starts_with("    "))
            .flat_map(|line| [&line[4..], "\n"])
            .collect();
        let aliases = Config::parse(&block).unwrap().aliases;
        assert_eq!(aliases.len(), 4);
        assert!(aliases["hello"].overrides);
    }
}
