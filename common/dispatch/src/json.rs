//! The few JSON documents of the dispatcher, written by hand: a JSON crate would be the largest part of it.

use std::fmt::Write;

/// A JSON value.
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(u32),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

impl Json {
    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// The value, or `null` when there is none.
    pub(crate) fn maybe(value: Option<impl Into<String>>) -> Self {
        value.map_or(Self::Null, Self::text)
    }

    fn put(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => write!(out, "{value}").unwrap_or_default(),
            Self::Text(value) => quote(value, out),
            Self::List(items) => {
                sequence(out, ['[', ']'], items, Self::put);
            }
            Self::Object(fields) => sequence(out, ['{', '}'], fields, |(name, value), out| {
                quote(name, out);
                out.push(':');
                value.put(out);
            }),
        }
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        self.put(&mut out);
        f.write_str(&out)
    }
}

fn sequence<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    put: impl Fn(&T, &mut String),
) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        put(item, out);
    }
    out.push(close);
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // DEL, C1 and the line separators are legal raw, but nobody's terminal or script wants them.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default();
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_must_be_escaped_is() {
        let text = Json::text("a\"b\\c\n\u{1}\u{7f}é\u{2028}");
        assert_eq!(text.to_string(), "\"a\\\"b\\\\c\\n\\u0001\\u007fé\\u2028\"");
    }

    #[test]
    fn objects_and_lists_nest() {
        let value = Json::Object(vec![
            (
                "a",
                Json::List(vec![Json::Number(1), Json::Null, Json::Bool(true)]),
            ),
            ("b", Json::List(Vec::new())),
        ]);
        assert_eq!(value.to_string(), "{\"a\":[1,null,true],\"b\":[]}");
    }
}
