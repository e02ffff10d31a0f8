//! The keys that the toolkit knows, with their types and defaults.

use toml::Value;

use crate::output::Format;
use crate::units::parse_duration;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Text.
    Text,
    /// A quantity such as `2`, `500m` or `512Mi`.
    Quantity,
    /// `true` or `false`.
    Bool,
    /// A whole number in a range.
    Int(i64, i64),
    /// A duration such as `30s`.
    Duration,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An output format.
    Format,
    /// An array of tables with a `name` each.
    NamedList,
}

/// One known key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted path.
    pub name: &'static str,
    /// Type.
    pub kind: KeyType,
    /// Default, as TOML would read it.
    pub default: Option<&'static str>,
    /// One line for people.
    pub about: &'static str,
}

impl Key {
    /// The default as a value.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        let text = self.default?;
        Some(match self.kind {
            KeyType::Int(..) => Value::Integer(text.parse().unwrap_or_default()),
            KeyType::Bool => Value::Boolean(text == "true"),
            _ => Value::String(text.to_owned()),
        })
    }
}

const fn key(
    name: &'static str,
    kind: KeyType,
    default: Option<&'static str>,
    about: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        about,
    }
}

const LEVELS: KeyType = KeyType::OneOf(&["off", "error", "warn", "info", "debug", "trace"]);
const COLORS: KeyType = KeyType::OneOf(&["auto", "always", "never"]);
const CONFIRM: KeyType = KeyType::OneOf(&["never", "bulk", "always", "true", "false"]);

/// Every key with a meaning of its own. Tables whose content is open are in [`OPEN`].
pub const KEYS: &[Key] = &[
    key(
        "version",
        KeyType::Int(0, 1),
        None,
        "version of the file format",
    ),
    key(
        "current_context",
        KeyType::Text,
        None,
        "context used when none is named",
    ),
    key(
        "contexts",
        KeyType::NamedList,
        None,
        "pairs of cluster and user, with a namespace",
    ),
    key("clusters", KeyType::NamedList, None, "servers"),
    key("users", KeyType::NamedList, None, "credentials"),
    key(
        "global.log_level",
        LEVELS,
        Some("warn"),
        "which log records are written",
    ),
    key(
        "global.timeout",
        KeyType::Duration,
        Some("30s"),
        "limit of one request",
    ),
    key(
        "global.connect_timeout",
        KeyType::Duration,
        Some("5s"),
        "limit of a connect",
    ),
    key(
        "global.retry_attempts",
        KeyType::Int(0, 10),
        Some("3"),
        "tries after the first",
    ),
    key(
        "global.output",
        KeyType::Format,
        Some("table"),
        "output format",
    ),
    key("global.color", COLORS, Some("auto"), "when to colour"),
    key("global.pager", KeyType::Text, None, "pager of long output"),
    key(
        "global.editor",
        KeyType::Text,
        None,
        "editor of `edit` verbs",
    ),
    key(
        "preferences.confirm_destructive",
        CONFIRM,
        Some("always"),
        "when deletes ask",
    ),
    key(
        "preferences.accessible",
        KeyType::Bool,
        None,
        "screen-reader mode",
    ),
    key(
        "preferences.colors",
        KeyType::Bool,
        None,
        "old name of global.color",
    ),
    key(
        "defaults.cpu",
        KeyType::Quantity,
        Some("1"),
        "virtual CPUs of a new VM",
    ),
    key(
        "defaults.memory",
        KeyType::Quantity,
        Some("512Mi"),
        "memory of a new VM",
    ),
    key(
        "defaults.disk",
        KeyType::Text,
        None,
        "disk size of a new VM",
    ),
    key(
        "defaults.image",
        KeyType::Text,
        None,
        "boot image of a new VM",
    ),
    key(
        "defaults.network",
        KeyType::Text,
        None,
        "network of a new VM",
    ),
];

/// Tables whose keys belong to others: providers, plugins, aliases and the like.
const OPEN: &[&str] = &[
    "providers",
    "plugins",
    "profiles",
    "environments",
    "aliases",
    "favorites",
    "hooks",
    "audit",
    "secrets",
    "state",
    "logs",
    "batch",
    "dispatch",
    "help",
    "updates",
    "retention",
    "top",
    "ghost",
    "gonuget",
    "server",
    "$schema",
];

/// Spellings that mean another key.
const ALIASES: &[(&str, &str)] = &[("defaults.output", "global.output")];

/// The key's own spelling: snake case, aliases resolved.
pub(crate) fn canonical(key: &str) -> String {
    let snake = key.replace('-', "_");
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == snake)
        .map_or(snake, |(_, own)| (*own).to_owned())
}

/// The known key of this name.
#[must_use]
pub fn find_key(name: &str) -> Option<&'static Key> {
    let name = canonical(name);
    KEYS.iter().find(|key| key.name == name)
}

/// Whether `name` is known or lies in an open table.
pub(crate) fn is_known(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or(name);
    find_key(name).is_some() || OPEN.contains(&first)
}

/// Says what is wrong with a value for a key, with the type that was expected.
pub fn check_value(name: &str, value: &Value) -> Result<(), String> {
    let Some(key) = find_key(name) else {
        return Ok(());
    };
    let wrong = |expected: &str| Err(format!("`{}` must be {expected}, not {value}", key.name));
    match (key.kind, value) {
        (KeyType::Quantity, Value::String(text)) if is_quantity(text) => Ok(()),
        (KeyType::Quantity, Value::Integer(n)) if *n > 0 => Ok(()),
        (KeyType::Quantity, _) => wrong("a quantity such as 2 or \"512Mi\""),
        (KeyType::Text, Value::String(_) | Value::Integer(_))
        | (KeyType::Bool, Value::Boolean(_)) => Ok(()),
        (KeyType::Text, _) => wrong("text"),
        (KeyType::Bool, _) => wrong("true or false"),
        (KeyType::Int(low, high), Value::Integer(n)) if (low..=high).contains(n) => Ok(()),
        (KeyType::Int(low, high), _) => wrong(&format!("a whole number from {low} to {high}")),
        (KeyType::Duration, Value::String(text)) if parse_duration(text).is_ok() => Ok(()),
        (KeyType::Duration, _) => wrong("a duration such as \"30s\""),
        (KeyType::OneOf(words), value) => {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if words.contains(&text.as_str()) {
                Ok(())
            } else {
                wrong(&format!("one of {}", words.join(", ")))
            }
        }
        (KeyType::Format, Value::String(text)) => Format::parse(text)
            .map(|_| ())
            .map_err(|f| format!("`{}`: {f}", key.name)),
        (KeyType::Format, _) => wrong("an output format"),
        (KeyType::NamedList, Value::Array(items)) => check_names(key.name, items),
        (KeyType::NamedList, _) => wrong("an array of tables"),
    }
}

/// A number with a unit, roughly: who uses the key reads it exactly.
fn is_quantity(text: &str) -> bool {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let unit = &text[digits..];
    text[..digits].parse::<f64>().is_ok_and(|n| n > 0.0)
        && unit.len() <= 3
        && unit.chars().all(|c| c.is_ascii_alphabetic())
}

fn check_names(key: &str, items: &[Value]) -> Result<(), String> {
    for item in items {
        let name = item.get("name").and_then(Value::as_str);
        if name.is_none_or(str::is_empty) {
            return Err(format!("every table of `{key}` needs a `name`"));
        }
    }
    Ok(())
}
