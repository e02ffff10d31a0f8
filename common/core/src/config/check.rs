//! Whether values fit their keys.

use toml::Value;

use super::keys::{self, Key, KeyType, find_key};
use crate::output::Format;
use crate::suggest;
use crate::units::parse_duration;

/// Says what is wrong with a value for a key, with the type that was expected.
pub fn check_value(name: &str, value: &Value) -> Result<(), String> {
    find_key(name).map_or(Ok(()), |key| check(key, key.name, value))
}

fn check(key: &Key, shown: &str, value: &Value) -> Result<(), String> {
    let secret = matches!(key.name, "token" | "client_key_data");
    let wrong = |expected: &str| {
        let got = if secret {
            String::new()
        } else {
            format!(", not {value}")
        };
        Err(format!("`{shown}` must be {expected}{got}"))
    };
    let fits = match (key.kind, value) {
        (KeyType::Quantity, Value::String(text)) => is_quantity(text),
        (KeyType::Quantity, Value::Integer(n)) => *n > 0,
        (KeyType::Text, Value::String(_) | Value::Integer(_))
        | (KeyType::TextList, Value::String(_))
        | (KeyType::Bool, Value::Boolean(_)) => true,
        (KeyType::Int(low, high), Value::Integer(n)) => (low..=high).contains(n),
        (KeyType::Duration, Value::String(text)) => parse_duration(text).is_ok(),
        (KeyType::OneOf(words), value) => words.contains(&word(value).as_str()),
        (KeyType::Format, Value::String(text)) => {
            return Format::parse(text)
                .map(|_| ())
                .map_err(|f| format!("`{shown}`: {f}"));
        }
        (KeyType::TextList, Value::Array(items)) => items.iter().all(Value::is_str),
        (KeyType::NamedList, Value::Array(items)) => {
            return items.iter().try_for_each(|item| check_table(key, item));
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        wrong(&expected(key.kind))
    }
}

/// A type in words that read after `must be`.
pub(crate) fn expected(kind: KeyType) -> String {
    match kind {
        KeyType::Text => "text".to_owned(),
        KeyType::Quantity => "a quantity such as 2 or \"512Mi\"".to_owned(),
        KeyType::Bool => "true or false".to_owned(),
        KeyType::Int(low, high) => format!("a whole number from {low} to {high}"),
        KeyType::Duration => "a duration such as \"30s\"".to_owned(),
        KeyType::OneOf(words) => format!("one of {}", words.join(", ")),
        KeyType::Format => "an output format".to_owned(),
        KeyType::TextList => "a list of texts".to_owned(),
        KeyType::NamedList => "an array of tables".to_owned(),
    }
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// One table of a named list: it has a name, and its fields have their types.
fn check_table(list: &Key, item: &Value) -> Result<(), String> {
    let name = item.get("name").and_then(Value::as_str);
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(format!("every table of `{}` needs a `name`", list.name));
    };
    let fields = item.as_table().into_iter().flatten();
    for (field, value) in fields {
        let known = list
            .fields()
            .iter()
            .find(|known| known.name == keys::snake(field));
        if let Some(known) = known {
            check(
                known,
                &format!("{} of {} \"{name}\"", known.name, singular(list.name)),
                value,
            )?;
        }
    }
    Ok(())
}

pub(crate) fn singular(list: &str) -> &str {
    list.strip_suffix('s').unwrap_or(list)
}

/// One sentence for each part of this key that nobody knows.
pub(crate) fn unknown_parts(name: &str, value: &Value) -> Vec<String> {
    if !keys::is_known(name) {
        let near = nearest_key(name);
        return vec![unknown(&format!("unknown key `{name}`"), near.as_deref())];
    }
    let Some(list) = find_key(name).filter(|key| key.kind == KeyType::NamedList) else {
        return Vec::new();
    };
    let tables = value.as_array().into_iter().flatten();
    tables.flat_map(|item| unknown_fields(list, item)).collect()
}

fn unknown_fields(list: &Key, item: &Value) -> Vec<String> {
    let owner = item.get("name").and_then(Value::as_str).unwrap_or_default();
    let fields = item.as_table().into_iter().flatten();
    let strange = fields.filter(|(field, value)| {
        let setting = list.name == "contexts" && value.is_table() && holds_settings(field);
        !setting
            && !list
                .fields()
                .iter()
                .any(|known| known.name == field.as_str())
    });
    strange
        .map(|(field, _)| {
            let near = suggest::nearest(field, list.fields().iter().map(|known| known.name));
            let what = format!(
                "unknown key `{field}` of {} \"{owner}\"",
                singular(list.name)
            );
            unknown(&what, near.first().copied())
        })
        .collect()
}

/// Sections that a context may set for itself.
pub(crate) fn holds_settings(section: &str) -> bool {
    matches!(
        section,
        "global" | "defaults" | "preferences" | "providers" | "plugins"
    )
}

fn unknown(what: &str, near: Option<&str>) -> String {
    let tail = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("{what}{tail}")
}

/// The known key nearest to a path, in the same profile or environment.
#[must_use]
pub fn nearest_key(name: &str) -> Option<String> {
    let canonical = keys::canonical(name);
    let inner = keys::unscoped(&canonical);
    let scope = canonical.strip_suffix(&inner).unwrap_or_default();
    let known = keys::KEYS.iter().map(|known| known.name);
    let near = suggest::nearest(&inner, known.clone());
    // `timeout` alone is `global.timeout`.
    let by_last = known
        .clone()
        .find(|known| known.rsplit('.').next() == Some(inner.as_str()));
    let found = by_last.or_else(|| near.first().copied());
    let found = found.or_else(|| {
        let last = inner.rsplit('.').next().unwrap_or(&inner);
        let near = suggest::nearest(last, known.clone().filter_map(|k| k.rsplit('.').next()));
        known
            .clone()
            .find(|known| known.rsplit('.').next() == near.first().copied())
    });
    found.map(|found| format!("{scope}{found}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Value {
        Value::Table(text.parse().unwrap())
    }

    #[test]
    fn values_are_checked_inside_environments_and_named_lists() {
        let bad = Value::String("soon".into());
        assert!(check_value("environments.prod.global.timeout", &bad).is_err());
        assert!(check_value("environments.prod.anything", &bad).is_ok());
        let list = Value::Array(vec![table("name = \"a\"\nprotected = \"yes\"")]);
        let fault = check_value("contexts", &list).unwrap_err();
        assert_eq!(
            fault,
            "`protected of context \"a\"` must be true or false, not \"yes\""
        );
        let token = Value::Array(vec![table("name = \"a\"\ntoken = [\"hush\"]")]);
        assert!(!check_value("users", &token).unwrap_err().contains("hush"));
    }

    #[test]
    fn unknown_keys_and_fields_name_the_nearest() {
        let any = Value::Integer(1);
        let said = |key: &str| unknown_parts(key, &any).join("");
        assert!(said("global.timout").ends_with("did you mean `global.timeout`?"));
        assert!(said("timeout").ends_with("did you mean `global.timeout`?"));
        assert!(
            said("environments.prod.global.timout").contains("`environments.prod.global.timeout`")
        );
        assert_eq!(said("environments.prod.global.timeout"), "");
        assert_eq!(said("aliases.my-own"), "");
        assert_eq!(said("profiles.ci.extends"), "");
        let list = Value::Array(vec![table(
            "name = \"a\"\nnamspace = \"x\"\n[global]\noutput = \"json\"",
        )]);
        let said = unknown_parts("contexts", &list);
        assert_eq!(
            said,
            ["unknown key `namspace` of context \"a\"; did you mean `namespace`?"]
        );
    }
}
