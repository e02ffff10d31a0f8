//! `cloudtop.json` of the cloud monitor's first design, read into the model.
//!
//! | cloudtop | here |
//! | --- | --- |
//! | `providers.NAME.…` | `providers.NAME.…`, with the typed keys of gcp and azure filled from `options` and `auth` |
//! | `defaults.output_format`, `output.color_enabled` | `global.output`, `global.color` |
//! | `defaults.refresh_interval`, `defaults.show_cached`, `output.timestamps`, `output.columns` | the same names below `top` |
//! | `cache.…` | `top.cache.…` |
//!
//! Durations may be texts (`30s`) or whole nanoseconds, as Go writes them.

use nova_core::units::format_duration;
use nova_core::{Failure, Kind, Result};
use serde_json::{Map, Value as Json};
use toml::{Table, Value};

/// Options and files that have a typed key of their own here.
const TYPED: [(&str, &[&str], &str); 5] = [
    ("gcp", &["options", "project_id"], "project"),
    ("gcp", &["auth", "key_file"], "credentials_file"),
    ("azure", &["options", "subscription_id"], "subscription_id"),
    ("azure", &["options", "tenant_id"], "tenant_id"),
    ("azure", &["auth", "client_id"], "client_id"),
];

/// Whether a JSON document looks like one of cloudtop's.
pub(crate) fn is_one(document: &Json) -> bool {
    let providers = document.get("providers").and_then(Json::as_object);
    let provider = |p: &Json| p.get("enabled").is_some() || p.get("auth").is_some();
    providers.is_some_and(|providers| providers.values().all(provider))
        && document.get("version").is_none_or(Json::is_string)
}

/// The configuration that a cloudtop document means.
pub(crate) fn table_of(document: &Json) -> Result<Table> {
    let mut config = Table::new();
    let none = Map::new();
    let section = |name: &str| {
        document
            .get(name)
            .and_then(Json::as_object)
            .unwrap_or(&none)
    };
    for (name, provider) in section("providers") {
        let table = Value::Table(provider_table(name, provider)?);
        put(&mut config, &["providers", name], table);
    }
    for (name, value) in section("defaults") {
        let value = plain(name, value)?;
        match (name.as_str(), value) {
            (_, None) => {}
            ("output_format", Some(value)) => put(&mut config, &["global", "output"], value),
            (_, Some(value)) => put(&mut config, &["top", name], value),
        }
    }
    for (name, value) in section("output") {
        match (name.as_str(), value) {
            ("color_enabled", Json::Bool(on)) => {
                let word = if *on { "auto" } else { "never" };
                put(
                    &mut config,
                    &["global", "color"],
                    Value::String(word.to_owned()),
                );
            }
            (_, value) => {
                if let Some(value) = plain(name, value)? {
                    put(&mut config, &["top", name], value);
                }
            }
        }
    }
    for (name, value) in section("cache") {
        if let Some(value) = plain(name, value)? {
            put(&mut config, &["top", "cache", name], value);
        }
    }
    Ok(config)
}

fn provider_table(name: &str, provider: &Json) -> Result<Table> {
    let Some(Value::Table(mut table)) = plain(name, provider)? else {
        return Err(wrong(&format!("provider \"{name}\" is not an object")));
    };
    for (owner, path, key) in TYPED {
        let found = path
            .iter()
            .try_fold(provider, |value, part| value.get(part));
        if let (true, Some(Json::String(text))) = (owner == name, found) {
            table.insert(key.to_owned(), Value::String(text.clone()));
        }
    }
    Ok(table)
}

fn put(config: &mut Table, path: &[&str], value: Value) {
    let Some((last, above)) = path.split_last() else {
        return;
    };
    let mut table = config;
    for name in above {
        let made = table
            .entry(*name)
            .or_insert_with(|| Value::Table(Table::new()));
        let Some(inner) = made.as_table_mut() else {
            return;
        };
        table = inner;
    }
    table.insert((*last).to_owned(), value);
}

/// The value for TOML, which has no null; durations as text.
fn plain(name: &str, value: &Json) -> Result<Option<Value>> {
    Ok(Some(match value {
        Json::Null => return Ok(None),
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => match number.as_u64() {
            Some(nanos) if is_duration(name) => {
                Value::String(format_duration(std::time::Duration::from_nanos(nanos)))
            }
            _ => number_of(name, number)?,
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => {
            let items: Result<Vec<_>> = items.iter().map(|item| plain("", item)).collect();
            Value::Array(items?.into_iter().flatten().collect())
        }
        Json::Object(members) => {
            let mut table = Table::new();
            for (name, value) in members {
                if let Some(value) = plain(name, value)? {
                    table.insert(name.clone(), value);
                }
            }
            Value::Table(table)
        }
    }))
}

fn number_of(name: &str, number: &serde_json::Number) -> Result<Value> {
    let whole = number.as_i64().map(Value::Integer);
    whole
        .or_else(|| number.as_f64().map(Value::Float))
        .ok_or_else(|| wrong(&format!("`{name}` is too large a number")))
}

fn is_duration(name: &str) -> bool {
    matches!(name, "timeout" | "ttl" | "refresh_interval")
}

fn wrong(message: &str) -> Failure {
    Failure::new(Kind::Config, message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_the_design_finds_its_places() {
        let document = serde_json::json!({
            "version": "1.0",
            "defaults": {"refresh_interval": 30_000_000_000_u64, "output_format": "wide", "show_cached": true},
            "cache": {"enabled": true, "backend": "memory", "ttl": "5m", "max_size": 1000},
            "output": {"color_enabled": false, "timestamps": true, "columns": {"gpu": ["name", "price"]}},
            "providers": {
                "gcp": {"enabled": true, "auth": {"method": "service_account", "key_file": "~/sa.json"},
                    "options": {"project_id": "p"}, "rate_limit": {"requests_per_second": 0.5, "timeout": "30s"}},
                "neon": {"enabled": false, "auth": {"method": "api_key", "env_api_key": "NEON_API_KEY"}},
            },
        });
        assert!(is_one(&document));
        let table = table_of(&document).unwrap();
        assert_eq!(table["global"]["output"].as_str(), Some("wide"));
        assert_eq!(table["global"]["color"].as_str(), Some("never"));
        assert_eq!(table["top"]["refresh_interval"].as_str(), Some("30s"));
        assert_eq!(table["top"]["columns"]["gpu"][1].as_str(), Some("price"));
        assert_eq!(table["top"]["cache"]["max_size"].as_integer(), Some(1000));
        let gcp = &table["providers"]["gcp"];
        assert_eq!(gcp["project"].as_str(), Some("p"));
        assert_eq!(gcp["credentials_file"].as_str(), Some("~/sa.json"));
        assert_eq!(
            gcp["rate_limit"]["requests_per_second"].as_float(),
            Some(0.5)
        );
        assert_eq!(
            table["providers"]["neon"]["auth"]["env_api_key"].as_str(),
            Some("NEON_API_KEY")
        );
    }

    #[test]
    fn other_documents_are_not_taken_for_one() {
        assert!(!is_one(&serde_json::json!({"current-context": "x"})));
        assert!(!is_one(
            &serde_json::json!({"providers": {"aws": {"region": "eu"}}})
        ));
    }
}
