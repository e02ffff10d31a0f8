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
    "access_key",
];

/// The value with every secret replaced.
pub(crate) fn redact(key: &str, value: &Value) -> Value {
    let last = key.rsplit('.').next().unwrap_or(key);
    match value {
        Value::String(text) if SECRET.contains(&last) && !text.starts_with("secret://") => {
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
