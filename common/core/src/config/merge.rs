//! How layers lie over each other.

use std::collections::BTreeMap;

use toml::Value;

use super::file::Leaves;
use super::keys::{self, KeyType};

/// Lays the chosen profiles (the ones they extend first) and then the environment of a file over
/// its base keys.
pub(crate) fn overlay(leaves: &Leaves, scopes: &[String]) -> BTreeMap<String, (Value, usize)> {
    let mut merged = leaves.clone();
    for scope in scopes {
        let prefix = format!("{scope}.");
        for (key, value) in leaves {
            match key.strip_prefix(&prefix) {
                Some("extends") | None => {}
                Some(inner) => {
                    let old = merged.get(inner).map(|(old, _)| old.clone());
                    let (target, laid) = join(inner, old.as_ref(), value.0.clone());
                    merged.insert(target, (laid, value.1));
                }
            }
        }
    }
    merged
}

/// The key and value after `value` was laid over `old`: `deny+` adds to the list `deny`, `deny-`
/// takes from it, rules that protect only become stricter, named lists merge by name, and
/// everything else is replaced.
pub(crate) fn join(key: &str, old: Option<&Value>, value: Value) -> (String, Value) {
    let target = key.trim_end_matches(['+', '-']);
    let old_items = old.and_then(Value::as_array).cloned().unwrap_or_default();
    let laid = match (key, value) {
        (_, Value::Array(items)) if key.ends_with('+') => added(old_items, items),
        (_, Value::Array(items)) if key.ends_with('-') => {
            let kept = old_items.into_iter().filter(|item| !items.contains(item));
            Value::Array(kept.collect())
        }
        ("deny", Value::Array(items)) => added(old_items, items),
        ("protect", value) if old.and_then(Value::as_bool) == Some(true) => {
            drop(value);
            Value::Boolean(true)
        }
        (_, value) => match old {
            Some(old) => named_lists(target, old, value),
            None => value,
        },
    };
    (target.to_owned(), laid)
}

fn added(mut old: Vec<Value>, items: Vec<Value>) -> Value {
    for item in items {
        if !old.contains(&item) {
            old.push(item);
        }
    }
    Value::Array(old)
}

/// `NOVA_GLOBAL__TIMEOUT` is the key `global.timeout`: a double underscore nests.
pub(crate) fn key_of_variable(name: &str) -> Option<String> {
    let rest = name.strip_prefix("NOVA_")?;
    rest.contains("__")
        .then(|| rest.to_lowercase().replace("__", "."))
}

/// Reads the text of a variable or flag as the type that the key wants; an unknown key takes TOML
/// where the text is TOML, else the text itself. Lists are JSON, or split at commas.
pub(crate) fn value_of_text(key: &str, text: &str) -> Value {
    let string = || Value::String(text.to_owned());
    match keys::find_key(key).map(|key| key.kind) {
        Some(KeyType::TextList) => list_of_text(text),
        Some(KeyType::Bool | KeyType::Int(..) | KeyType::NamedList) | None => {
            parsed(text).unwrap_or_else(string)
        }
        Some(_) => string(),
    }
}

/// A value as TOML has it; JSON of arrays and objects is understood too.
fn parsed(text: &str) -> Option<Value> {
    let toml = toml::from_str::<toml::Table>(&format!("x = {text}")).ok();
    let json = || serde_json::from_str::<Value>(text).ok();
    // More than one key means that the text was not one value.
    let toml = toml.filter(|table| table.len() == 1);
    toml.and_then(|mut table| table.remove("x")).or_else(json)
}

fn list_of_text(text: &str) -> Value {
    if let Some(list @ Value::Array(_)) = parsed(text) {
        return list;
    }
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
}

/// Named lists merge by name, the higher layer's tables replacing those of the same name; every
/// other value is simply replaced.
fn named_lists(key: &str, old: &Value, new: Value) -> Value {
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
        let text = |text: &str| Value::String(text.into());
        assert_eq!(
            value_of_text("global.retry_attempts", "5"),
            Value::Integer(5)
        );
        assert_eq!(value_of_text("defaults.cpu", "2"), text("2"));
        assert_eq!(
            value_of_text("plugins.x.n", "[1]"),
            Value::Array(vec![Value::Integer(1)])
        );
        assert_eq!(value_of_text("plugins.x.n", "a b"), text("a b"));
        assert_eq!(value_of_text("plugins.x.n", "1\ny = 2"), text("1\ny = 2"));
        let list = Value::Array(vec![text("vm delete"), text("vm stop")]);
        assert_eq!(value_of_text("deny", "vm delete, vm stop"), list);
        assert_eq!(value_of_text("deny", "[\"vm delete\",\"vm stop\"]"), list);
    }

    #[test]
    fn a_profile_lies_over_the_base_keys() {
        let leaf = |text: &str, line| (Value::String(text.into()), line);
        let leaves = Leaves::from([
            ("global.output".into(), leaf("table", 1)),
            ("profiles.ci.global.output".into(), leaf("json", 2)),
            ("profiles.ci.extends".into(), leaf("base", 3)),
        ]);
        let merged = overlay(&leaves, &["profiles.ci".into()]);
        assert_eq!(merged["global.output"], leaf("json", 2));
        assert!(!merged.contains_key("extends"));
    }

    #[test]
    fn lists_grow_and_shrink_by_their_operator_and_rules_only_get_stricter() {
        let list = |items: &[&str]| {
            Value::Array(items.iter().map(|i| Value::String((*i).into())).collect())
        };
        let old = list(&["a", "b"]);
        assert_eq!(
            join("allow+", Some(&old), list(&["b", "c"])),
            ("allow".into(), list(&["a", "b", "c"]))
        );
        assert_eq!(
            join("allow-", Some(&old), list(&["a"])),
            ("allow".into(), list(&["b"]))
        );
        assert_eq!(join("allow", Some(&old), list(&["x"])).1, list(&["x"]));
        assert_eq!(
            join("deny", Some(&old), list(&["x"])).1,
            list(&["a", "b", "x"])
        );
        let yes = Value::Boolean(true);
        assert_eq!(join("protect", Some(&yes), Value::Boolean(false)).1, yes);
    }
}
