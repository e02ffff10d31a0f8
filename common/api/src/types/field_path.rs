//! Paths to a field: `.status.phase`, `{.spec.disks[0].name}`, `$.metadata.labels['nova.dev/owner']`.
//!
//! This is the part of the jsonpath dialect that names exactly one field; templates come with the renderer.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A path to one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a field path; write one such as `.status.phase`")]
pub struct FieldPathError(String);

impl FieldPath {
    /// The field, when it exists.
    #[must_use]
    pub fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.steps
            .iter()
            .try_fold(document, |value, step| match step {
                Step::Key(key) => value.get(key),
                Step::Index(index) => value.get(index),
            })
    }
}

impl FromStr for FieldPath {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, FieldPathError> {
        let bad = || FieldPathError(text.to_owned());
        let inner = match text.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}').ok_or_else(bad)?,
            None => text,
        };
        let inner = inner.trim();
        let mut rest = inner.strip_prefix(['$', '@']).unwrap_or(inner);
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest).ok_or_else(bad)?;
            steps.push(step);
            rest = after;
        }
        if steps.is_empty() {
            Err(bad())
        } else {
            Ok(Self { steps })
        }
    }
}

fn step(rest: &str) -> Option<(Step, &str)> {
    if let Some(inside) = rest.strip_prefix('[') {
        if let Some(quoted) = inside.strip_prefix('\'') {
            let (key, after) = quoted.split_once("']")?;
            return Some((Step::Key(key.to_owned()), after));
        }
        let (index, after) = inside.split_once(']')?;
        return Some((Step::Index(index.trim().parse().ok()?), after));
    }
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let (mut key, mut escaped, mut end) = (String::new(), false, rest.len());
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => {
                key.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' | '[' => {
                end = at;
                break;
            }
            c => key.push(c),
        }
    }
    if key.is_empty() {
        None
    } else {
        Some((Step::Key(key), &rest[end..]))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Key(key) if key.contains(['.', '[', '\'']) => write!(f, "['{key}']"),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_spelling_finds_its_field() {
        let document =
            json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "labels": {"nova.dev/owner": "ana"}});
        let find = |path: &str| path.parse::<FieldPath>().unwrap().find(&document).cloned();
        assert_eq!(find(".a.b[1].c"), Some(json!(2)));
        assert_eq!(find("{.a.b[0].c}"), Some(json!(1)));
        assert_eq!(find("$.labels['nova.dev/owner']"), Some(json!("ana")));
        assert_eq!(find(".labels.nova\\.dev/owner"), Some(json!("ana")));
        assert_eq!(find("a.x"), None);
        for bad in ["", "{.a", "{}", ".", "a..b", "a[x]", "a[0"] {
            assert!(bad.parse::<FieldPath>().is_err(), "{bad}");
        }
    }
}
