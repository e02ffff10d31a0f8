//! Secrets are never shown unless asked for.

use toml::Value;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "REDACTED";

/// Keys whose value is a secret, wherever they stand.
const SECRET: &[&str] = &[
    "token",
    "password",
    "secret",
    "client_key_data",
    "api_key",
    "api_secret",
    "client_secret",
    "access_key",
    "secret_access_key",
    "session_token",
    "redis_url",
];

/// Whether a key of this name holds a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    SECRET.contains(&name)
}

/// The value with every secret replaced.
pub(crate) fn redact(key: &str, value: &Value) -> Value {
    let last = key.rsplit('.').next().unwrap_or(key);
    match value {
        Value::String(text) if is_secret(last) && !text.starts_with("secret://") => {
            Value::String(REDACTED.to_owned())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| redact(key, item)).collect()),
        Value::Table(table) => {
            let shown = table
                .iter()
                .map(|(name, value)| (name.clone(), redact(name, value)));
            Value::Table(shown.collect())
        }
        other => other.clone(),
    }
}

/// Takes every secret out; answers whether there was one.
pub(crate) fn without_secrets(table: &mut toml::Table) -> bool {
    let before = table.len();
    table.retain(|name, value| !(is_secret(name) && is_inline(value)));
    let mut found = table.len() != before;
    for (_, value) in table.iter_mut() {
        found |= match value {
            Value::Table(inner) => without_secrets(inner),
            Value::Array(items) => {
                let tables = items.iter_mut().filter_map(Value::as_table_mut);
                // All of them, not only up to the first that had one.
                tables
                    .filter_map(|inner| without_secrets(inner).then_some(()))
                    .count()
                    > 0
            }
            _ => false,
        };
    }
    found
}

/// A reference to a secret is no secret.
fn is_inline(value: &Value) -> bool {
    value
        .as_str()
        .is_none_or(|text| !text.starts_with("secret://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_hidden_and_references_are_shown() {
        let users: Value = toml::from_str::<toml::Table>(
            "u = [{name = \"a\", token = \"abc\"}, {name = \"b\", token = \"secret://x\"}]",
        )
        .unwrap()["u"]
            .clone();
        let text = redact("users", &users).to_string();
        assert!(!text.contains("abc") && text.contains(REDACTED) && text.contains("secret://x"));
    }
}
