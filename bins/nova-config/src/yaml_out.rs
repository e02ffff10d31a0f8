//! The configuration as the kube-style YAML of the first design.
//!
//! Keys that the design has stand where it has them (`defaults.output`, `preferences.colors`);
//! every other key keeps its section, in kebab case.

use nova_core::Result;
use nova_core::config::KEYS;
use serde_json::{Map, Value as Json};
use toml::Value;

/// Keys of the model and where the design has them.
const PLACES: [(&str, &str, &str, &str); 3] = [
    ("global", "output", "defaults", "output"),
    ("global", "pager", "preferences", "pager"),
    ("global", "editor", "preferences", "editor"),
];

/// The YAML of a configuration.
pub(crate) fn text_of(config: &toml::Table) -> Result<String> {
    nova_core::output::to_yaml(&Json::Object(design(config)))
}

fn design(config: &toml::Table) -> Map<String, Json> {
    let mut config = config.clone();
    for (from, key, to, name) in PLACES {
        if let Some(value) = take(&mut config, from, key) {
            place(&mut config, to, name, value);
        }
    }
    match take(&mut config, "global", "color") {
        Some(Value::String(word)) if word == "auto" || word == "never" => {
            place(
                &mut config,
                "preferences",
                "colors",
                Value::Boolean(word == "auto"),
            );
        }
        Some(other) => place(&mut config, "global", "color", other),
        None => {}
    }
    confirmation(&mut config);
    let members = config
        .iter()
        .map(|(name, value)| (kebab(name), section(name, value)));
    members.collect()
}

/// The design knows only yes and no here.
fn confirmation(config: &mut toml::Table) {
    const KEY: &str = "confirm_destructive";
    let word = match take(config, "preferences", KEY) {
        Some(Value::String(word)) if word == "always" || word == "never" => {
            Value::Boolean(word == "always")
        }
        Some(other) => other,
        None => return,
    };
    place(config, "preferences", KEY, word);
}

fn take(config: &mut toml::Table, section: &str, key: &str) -> Option<Value> {
    let table = config.get_mut(section)?.as_table_mut()?;
    let value = table.remove(key);
    if table.is_empty() {
        config.remove(section);
    }
    value
}

fn place(config: &mut toml::Table, section: &str, key: &str, value: Value) {
    let made = config
        .entry(section)
        .or_insert_with(|| Value::Table(toml::Table::new()));
    if let Some(table) = made.as_table_mut() {
        table.insert(key.to_owned(), value);
    }
}

/// Names that users chose stay; names of ours are in kebab case.
fn section(name: &str, value: &Value) -> Json {
    let ours = KEYS
        .iter()
        .any(|key| key.name.split('.').next() == Some(name));
    json_of(value, ours && name != "providers")
}

fn json_of(value: &Value, ours: bool) -> Json {
    match value {
        Value::String(text) => Json::String(text.clone()),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::Datetime(time) => Json::String(time.to_string()),
        Value::Array(items) => items.iter().map(|item| json_of(item, ours)).collect(),
        Value::Table(table) => {
            let name = |name: &String| if ours { kebab(name) } else { name.clone() };
            let members = table
                .iter()
                .map(|(key, value)| (name(key), json_of(value, ours)));
            Json::Object(members.collect())
        }
    }
}

fn kebab(name: &str) -> String {
    name.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = r#"
version = 1
current_context = "prod"
contexts = [{ name = "prod", cluster = "c", user = "ana", namespace = "web" }]
clusters = [{ name = "c", server = "https://h", certificate_authority = "/ca.pem", certificate_authority_data = "QQ==", insecure_skip_tls_verify = true }]
users = [{ name = "ana", username = "ana@h", token = "t", client_certificate = "/c.pem", client_key = "/k.pem" }]
global = { output = "json", color = "never", pager = "less -S", editor = "vi", timeout = "10s" }
defaults = { cpu = 2, memory = "4Gi", disk = "20Gi", image = "tiny" }
preferences = { confirm_destructive = "always" }
aliases = { my_own = "vm list" }
"#;

    #[test]
    fn every_field_survives_the_way_through_yaml() {
        let model: toml::Table = MODEL.parse().unwrap();
        let yaml = text_of(&model).unwrap();
        for part in [
            "current-context: prod",
            "certificate-authority-data: QQ==",
            "insecure-skip-tls-verify: true",
            "client-certificate: /c.pem",
            "username: ana@h",
            "colors: false",
            "confirm-destructive: true",
            "  output: json",
            "  pager: less -S",
            "my_own: vm list",
        ] {
            assert!(yaml.contains(part), "{part} in\n{yaml}");
        }
        let path = std::path::Path::new("config.yaml");
        let back = nova_core::config::parse_text(path, &yaml, false).unwrap();
        assert!(back.unknown.is_empty(), "{:?}", back.unknown);
        let toml = std::path::Path::new("config.toml");
        let mut there = nova_core::config::parse_text(toml, MODEL, false)
            .unwrap()
            .leaves;
        // Yes and no are words for the same.
        there.get_mut("preferences.confirm_destructive").unwrap().0 = Value::Boolean(true);
        let values = |leaves: std::collections::BTreeMap<String, (Value, usize)>| {
            leaves
                .into_iter()
                .map(|(key, (value, _))| (key, value))
                .collect::<Vec<_>>()
        };
        assert_eq!(values(back.leaves), values(there));
    }
}
