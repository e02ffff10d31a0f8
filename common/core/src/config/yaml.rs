//! The kube-style YAML of the first design, read into the model of the TOML files.
//!
//! ```yaml
//! current-context: prod
//! contexts: [{name: prod, cluster: c, user: ana, namespace: web}]
//! clusters: [{name: c, server: https://h, certificate-authority: ca.pem}]
//! users: [{name: ana, token: t}]
//! defaults: {cpu: 2, memory: 4Gi, disk: 20Gi, image: tiny, output: table}
//! preferences: {colors: true, pager: less, editor: vi, confirm-destructive: true}
//! ```
//!
//! Entries may also be nested as in a kubeconfig (`{name: prod, context: {cluster: c}}`), and every
//! other key of the model may stand beside them in kebab-case or snake case.

use serde_json::Value as Json;
use toml::Value;

use super::file::{Fault, Leaves, translate};
use super::{keys, path};

/// The leaf keys of a YAML text.
pub(crate) fn leaves(text: &str) -> Result<Leaves, Fault> {
    let mut leaves = Leaves::new();
    for (key, value) in table_of(text)? {
        collect(text, &mut vec![key], value, &mut leaves);
    }
    Ok(leaves)
}

/// The whole text as one table in the spelling of the TOML files.
pub fn table_of(text: &str) -> Result<toml::Table, Fault> {
    // Comments alone are an empty configuration.
    let blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(blank) {
        return Ok(toml::Table::new());
    }
    let parsed: Json = serde_saphyr::from_str(text).map_err(|error| {
        let at = error.location().map_or((1, 1), |at| {
            let number = |n: u64| usize::try_from(n).unwrap_or(1);
            (number(at.line()), number(at.column()))
        });
        let message = error.without_snippet().to_string();
        let first = message.lines().next().unwrap_or_default().to_owned();
        (at, first)
    })?;
    let Json::Object(members) = parsed else {
        return Err(((1, 1), "a configuration is a mapping of keys".to_owned()));
    };
    // A kubeconfig says what it is; that is not configuration.
    let members = members.into_iter().filter(|(name, value)| {
        !(matches!(name.as_str(), "apiVersion" | "kind") && value.is_string())
    });
    Ok(members
        .filter_map(|(name, value)| {
            let name = keys::snake(&name);
            Some((name.clone(), section(&name, value)?))
        })
        .collect())
}

fn section(name: &str, value: Json) -> Option<Value> {
    let fields = keys::find_key(name).map_or(&[][..], keys::Key::fields);
    match value {
        Json::Array(items) if !fields.is_empty() => Some(Value::Array(
            items
                .into_iter()
                .filter_map(|item| toml_of(flat(name, item)))
                .collect(),
        )),
        other => toml_of(other),
    }
}

/// `{name: a, cluster: {server: s}}` as `{name: a, server: s}`.
fn flat(list: &str, item: Json) -> Json {
    let inner = super::check::singular(list);
    let Json::Object(mut members) = item else {
        return item;
    };
    // In a flat context, `cluster` and `user` are names.
    match members.remove(inner) {
        Some(Json::Object(nested)) => members.extend(nested),
        Some(other) => {
            members.insert(inner.to_owned(), other);
        }
        None => {}
    }
    Json::Object(members)
}

/// The same value for TOML, which has no null; field names in snake case.
fn toml_of(value: Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(flag) => Value::Boolean(flag),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text),
        Json::Array(items) => Value::Array(items.into_iter().filter_map(toml_of).collect()),
        Json::Object(members) => Value::Table(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((field(&name), toml_of(value)?)))
                .collect(),
        ),
    })
}

/// kubectl's own spelling of two fields has capitals.
fn field(name: &str) -> String {
    match name {
        "tokenFile" => "token_file".to_owned(),
        "insecure-skip-tls-verify" => "insecure_skip_tls_verify".to_owned(),
        other => keys::snake(other),
    }
}

fn collect(text: &str, above: &mut Vec<String>, value: Value, leaves: &mut Leaves) {
    match value {
        Value::Table(inner) if !inner.is_empty() => {
            for (name, value) in inner {
                above.push(name);
                collect(text, above, value, leaves);
                above.pop();
            }
        }
        value => {
            let value = translate(above, value);
            let key = keys::canonical(&path::join(above));
            leaves.insert(key, (value, line_of(text, above)));
        }
    }
}

/// The line of a key: each name is looked for below the one above it. A flow mapping has them all
/// in one line, so a name that begins no line stands where its parent does.
fn line_of(text: &str, names: &[String]) -> usize {
    let mut found = 0;
    for name in names {
        let lines = text.lines().enumerate().skip(found);
        let own = |line: &str| {
            let rest = line
                .trim_start()
                .trim_start_matches("- ")
                .trim_start_matches(['"', '\'']);
            let key = rest.split([':', '"', '\'']).next().unwrap_or_default();
            keys::snake(key.trim_end()) == *name && rest.len() > key.len()
        };
        if let Some((at, _)) = lines.into_iter().find(|(_, line)| own(line)) {
            found = at;
        }
    }
    found + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGN: &str = "# mine\ncurrent-context: prod\ncontexts:\n- name: prod\n  cluster: c\n  user: ana\n  \
namespace: web\nclusters:\n- name: c\n  server: https://h:1\n  certificate-authority-data: QQ==\n  \
insecure-skip-tls-verify: true\nusers:\n- {name: ana, token: t, client-key: k.pem}\ndefaults:\n  cpu: 2\n  \
output: json\npreferences:\n  colors: false\n  confirm-destructive: true\n";

    #[test]
    fn every_field_of_the_first_design_has_its_place() {
        let leaves = leaves(DESIGN).unwrap();
        let value = |key: &str| leaves[key].0.clone();
        assert_eq!(value("current_context").as_str(), Some("prod"));
        assert_eq!(value("contexts")[0]["namespace"].as_str(), Some("web"));
        assert_eq!(
            value("clusters")[0]["insecure_skip_tls_verify"].as_bool(),
            Some(true)
        );
        assert_eq!(
            value("clusters")[0]["certificate_authority_data"].as_str(),
            Some("QQ==")
        );
        assert_eq!(value("users")[0]["client_key"].as_str(), Some("k.pem"));
        assert_eq!(value("global.output").as_str(), Some("json"));
        assert_eq!(value("global.color").as_str(), Some("never"));
        assert_eq!(
            value("preferences.confirm_destructive").as_bool(),
            Some(true)
        );
        assert_eq!(leaves["defaults.cpu"].1, 16);
        assert_eq!(leaves["current_context"].1, 2);
    }

    #[test]
    fn entries_nested_as_in_a_kubeconfig_are_flat_too() {
        let text = "apiVersion: v1\nkind: Config\ncontexts:\n- name: a\n  context: {cluster: c, user: u}\n\
users:\n- name: u\n  user: {tokenFile: /t}\n";
        let leaves = leaves(text).unwrap();
        assert_eq!(leaves["contexts"].0[0]["user"].as_str(), Some("u"));
        assert_eq!(leaves["users"].0[0]["token_file"].as_str(), Some("/t"));
        assert!(!leaves.contains_key("kind"));
    }

    #[test]
    fn faults_have_a_place_and_comments_alone_are_fine() {
        let ((line, _), _) = leaves("a: 1\nb: [\n").unwrap_err();
        assert!(line >= 2, "{line}");
        assert!(leaves("- a\n").is_err());
        assert!(leaves("# nothing\n\n").unwrap().is_empty());
    }
}
