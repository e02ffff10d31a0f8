//! How layers lie over each other.

use std::collections::BTreeMap;

use toml::Value;

use crate::config::file::Leaves;
use crate::config::keys::{self, KeyType};

/// Lays the chosen profile and environment of a file over its base keys.
pub(crate) fn overlay(
    leaves: &Leaves,
    profile: Option<String>,
    environment: Option<String>,
) -> BTreeMap<String, (Value, usize)> {
    let chosen = [("profiles", profile), ("environments", environment)];
    let mut merged = leaves.clone();
    for (section, name) in chosen {
        let Some(name) = name else { continue };
        let prefix = format!("{section}.{name}.");
        for (key, value) in leaves {
            if let Some(inner) = key.strip_prefix(&prefix) {
                merged.insert(inner.to_owned(), value.clone());
            }
        }
    }
    merged
}

/// `NOVA_GLOBAL__TIMEOUT` is the key `global.timeout`: a double underscore nests.
pub(crate) fn key_of_variable(name: &str) -> Option<String> {
    let rest = name.strip_prefix("NOVA_")?;
    rest.contains("__")
        .then(|| rest.to_lowercase().replace("__", "."))
}

/// Reads the text of a variable or flag as the type that the key wants; an unknown key takes TOML
/// where the text is TOML, else the text itself.
pub(crate) fn value_of_text(key: &str, text: &str) -> Value {
    let string = || Value::String(text.to_owned());
    match keys::find_key(key).map(|key| key.kind) {
        Some(KeyType::Bool | KeyType::Int(..) | KeyType::NamedList) | None => {
            let line = format!("x = {text}");
            let parsed = toml::from_str::<toml::Table>(&line).ok();
            parsed
                .and_then(|mut table| table.remove("x"))
                .unwrap_or_else(string)
        }
        Some(_) => string(),
    }
}

/// Named lists merge by name, the higher layer's tables replacing those of the same name; every
/// other value is simply replaced.
pub(crate) fn named_lists(key: &str, old: &Value, new: Value) -> Value {
    let named = keys::find_key(key).is_some_and(|key| key.kind == KeyType::NamedList);
    let (true, Value::Array(old), Value::Array(new)) = (named, old, &new) else {
        return new;
    };
    let name = |table: &Value| table.get("name").and_then(Value::as_str).map(str::to_owned);
    let replaced: Vec<_> = new.iter().filter_map(name).collect();
    let kept = old
        .iter()
        .filter(|table| name(table).is_none_or(|n| !replaced.contains(&n)));
    Value::Array(kept.cloned().chain(new.iter().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_nest_by_double_underscore() {
        assert_eq!(
            key_of_variable("NOVA_GLOBAL__LOG_LEVEL").as_deref(),
            Some("global.log_level")
        );
        assert_eq!(key_of_variable("NOVA_TIMEOUT"), None);
    }

    #[test]
    fn text_becomes_the_type_of_its_key() {
        assert_eq!(
            value_of_text("global.retry_attempts", "5"),
            Value::Integer(5)
        );
        assert_eq!(
            value_of_text("defaults.cpu", "2"),
            Value::String("2".into())
        );
        assert_eq!(
            value_of_text("plugins.x.n", "[1]"),
            Value::Array(vec![Value::Integer(1)])
        );
        assert_eq!(
            value_of_text("plugins.x.n", "a b"),
            Value::String("a b".into())
        );
    }

    #[test]
    fn a_profile_lies_over_the_base_keys() {
        let leaf = |text: &str, line| (Value::String(text.into()), line);
        let leaves = Leaves::from([
            ("global.output".into(), leaf("table", 1)),
            ("profiles.ci.global.output".into(), leaf("json", 2)),
        ]);
        let merged = overlay(&leaves, Some("ci".into()), None);
        assert_eq!(merged["global.output"], leaf("json", 2));
    }
}
