//! kubectl's JSONPath: literal text with `{actions}` in it. Not RFC 9535.
//!
//! ```text
//! template := (text | "{" action "}")*
//! action   := (path | literal | "range" path | "end")*
//! path     := ["$" | "@"] ("." name | ".*" | ".." name | "[" index "]" | "[?(" filter ")]")*
//! ```
//! An action is a pipeline of steps over a list of values; what is left at its end is printed. The
//! rules, odd ones included, are those of the vectors in `tests/fixtures/output`.

mod compare;
mod eval;
mod parse;

use serde_json::Value;

use super::{go, json};

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not parse.
    #[error("{0}")]
    Parse(String),
    /// It does not fit the object.
    #[error("{0}")]
    Execute(String),
}

/// One step of an action.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Literal(Value),
    Field(String),
    Wildcard,
    Recursive,
    Slice([Option<i64>; 3], SliceEnd),
    Union(Vec<Vec<Self>>),
    Filter(Box<Filter>),
    Word(String),
}

/// Where the end of an index came from: `[1]` means `[1:2]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SliceEnd {
    Given,
    Derived,
}

/// `[?(left op right)]`; without an operator, whether anything is there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    pub(crate) left: Vec<Step>,
    pub(crate) right: Option<(String, Vec<Step>)>,
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath {
    /// Each text and each action; a text is an action with one literal.
    actions: Vec<Vec<Step>>,
    strict: bool,
}

impl JsonPath {
    /// Parses a template of text and `{actions}`.
    pub fn parse(template: &str) -> Result<Self, Error> {
        Ok(Self {
            actions: parse::template(template)?,
            strict: false,
        })
    }

    /// Parses a path where dot and braces may be left out: `metadata.name`, `.metadata.name`,
    /// `{.metadata.name}`.
    pub fn parse_relaxed(path: &str) -> Result<Self, Error> {
        if path.is_empty() {
            return Self::parse(path);
        }
        let inner = path
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let inner = inner.unwrap_or(path);
        let inner = inner.strip_prefix('.').unwrap_or(inner);
        if inner.is_empty() || inner.contains(['{', '}']) {
            return Err(Error::Parse(format!(
                "`{path}` is not a path such as `.metadata.name` or `{{.metadata.name}}`"
            )));
        }
        Self::parse(&format!("{{.{inner}}}"))
    }

    /// Makes a missing field an error instead of nothing.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The values of every text and action, in order; ranges are unrolled.
    pub fn find<'a>(&'a self, data: &'a Value) -> Result<Vec<Vec<&'a Value>>, Error> {
        eval::run(&self.actions, data, self.strict)
    }

    /// What the template prints for `data`.
    pub fn print(&self, data: &Value) -> Result<String, Error> {
        let mut out = String::new();
        for values in self.find(data)? {
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                print_value(value, &mut out)?;
            }
        }
        Ok(out)
    }

    /// Every action's values as an indented JSON array.
    pub fn print_json(&self, data: &Value) -> Result<String, Error> {
        let mut out = String::new();
        for values in self.find(data)? {
            out.push_str(&json::to_pretty(&values).map_err(encoding)?);
        }
        Ok(out)
    }
}

/// Scalars as they are, lists and maps as compact JSON.
fn print_value(value: &Value, out: &mut String) -> Result<(), Error> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Array(_) | Value::Object(_) => {
            out.push_str(&json::to_line(value).map_err(encoding)?);
        }
        scalar => go::print_into(scalar, out),
    }
    Ok(())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn encoding(error: serde_json::Error) -> Error {
    Error::Execute(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_and_actions_alternate() {
        let data = json!({"a": {"b": [1, 2.5, "x"]}, "n": null});
        let cases = [
            ("x {.a.b[*]} y", "x 1 2.5 x y"),
            ("{.a}{.n}", "{\"b\":[1,2.5,\"x\"]}null"),
            ("{range .a.b[*]}<{@}>{end}!", "<1><2.5><x>!"),
            // Strings are made of bytes, as in Go.
            ("{.a.b[2].*}", "120"),
        ];
        for (template, text) in cases {
            assert_eq!(
                JsonPath::parse(template).unwrap().print(&data).unwrap(),
                text
            );
        }
    }

    #[test]
    fn relaxed_paths_need_neither_dot_nor_braces() {
        let data = json!({"a": {"b": 1}});
        for path in ["a.b", ".a.b", "{.a.b}", "{a.b}"] {
            assert_eq!(
                JsonPath::parse_relaxed(path).unwrap().print(&data).unwrap(),
                "1"
            );
        }
        for path in ["{.a.b", "{a}{b}", "{}", "."] {
            assert!(JsonPath::parse_relaxed(path).is_err(), "{path}");
        }
    }

    #[test]
    fn strict_paths_name_the_missing_field() {
        let path = JsonPath::parse("{.a.c}").unwrap().strict(true);
        let error = path.find(&json!({"a": {}})).unwrap_err();
        assert_eq!(error, Error::Execute("c is not found".into()));
    }
}
