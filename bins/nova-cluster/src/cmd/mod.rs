//! One file per command, and how the server's answers are read.

pub(crate) mod health;
pub(crate) mod info;
pub(crate) mod status;

use serde::Serialize;
use serde_json::Value;

/// A document of the server, printed in the object formats exactly as it came.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Document(Value);

impl Document {
    /// A scalar at a JSON pointer, `<none>` when it is missing.
    fn text(&self, pointer: &str) -> String {
        self.0.pointer(pointer).map_or_else(none, shown)
    }

    /// The items of a list.
    fn list(&self, key: &str) -> &[Value] {
        self.0[key].as_array().map_or(&[], Vec::as_slice)
    }
}

fn none() -> String {
    "<none>".to_owned()
}

/// A value as people read it: text without quotes, lists joined by commas.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => none(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => none(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
        Value::Object(fields) if fields.is_empty() => none(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| format!("{key} {}", shown(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_shown_as_people_read_them() {
        assert_eq!(
            shown(&json!({"Running": 2, "Stopped": 1})),
            "Running 2, Stopped 1"
        );
        assert_eq!(shown(&json!(["a", "b"])), "a,b");
        assert_eq!(shown(&json!({})), "<none>");
        assert_eq!(Document(json!({"a": {"b": 3}})).text("/a/b"), "3");
        assert_eq!(Document(json!({})).text("/a/b"), "<none>");
    }
}
