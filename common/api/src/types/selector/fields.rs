//! Field selectors: `path op value`, comma separated, blanks count, `\` escapes `\`, `,` and `=` in values.

use std::fmt;
use std::str::FromStr;

use super::SelectorError;

/// One term of a field selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRequirement {
    /// Field path, such as `status.phase`.
    pub path: String,
    /// Whether the value must differ.
    pub negated: bool,
    /// Value; a missing field counts as empty.
    pub value: String,
}

/// A field selector; all terms must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector {
    requirements: Vec<FieldRequirement>,
}

impl FieldSelector {
    /// The terms in the order written.
    #[must_use]
    pub fn requirements(&self) -> &[FieldRequirement] {
        &self.requirements
    }

    /// Whether it matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether fields, looked up by path, satisfy every term.
    pub fn matches_by<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements
            .iter()
            .all(|term| (lookup(&term.path).unwrap_or_default() == term.value) != term.negated)
    }

    /// This selector with one more term.
    #[must_use]
    pub fn and_equals(mut self, path: &str, value: &str) -> Self {
        self.requirements.push(FieldRequirement {
            path: path.to_owned(),
            negated: false,
            value: value.to_owned(),
        });
        self
    }
}

impl FromStr for FieldSelector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let terms = split_terms(text)
            .into_iter()
            .filter(|term| !term.is_empty());
        Ok(Self {
            requirements: terms.map(parse_term).collect::<Result<_, _>>()?,
        })
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn parse_term(term: &str) -> Result<FieldRequirement, SelectorError> {
    let split = term.char_indices().find_map(|(index, _)| {
        let rest = &term[index..];
        ["!=", "==", "="]
            .iter()
            .find(|op| rest.starts_with(**op))
            .map(|op| (index, *op))
    });
    let Some((index, op)) = split else {
        return Err(SelectorError(format!(
            "invalid selector: '{term}'; can't understand '{term}'"
        )));
    };
    let value = unescape(&term[index + op.len()..])?;
    Ok(FieldRequirement {
        path: term[..index].to_owned(),
        negated: op == "!=",
        value,
    })
}

fn unescape(text: &str) -> Result<String, SelectorError> {
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => value.push(c),
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    return Err(SelectorError(format!(
                        "invalid field selector: invalid escape sequence: \\{other}"
                    )));
                }
            },
            ',' | '=' => {
                let code = u32::from(c);
                return Err(SelectorError(format!(
                    "invalid field selector: unescaped character in value: {code}"
                )));
            }
            c => value.push(c),
        }
    }
    Ok(value)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.requirements.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let op = if term.negated { "!=" } else { "=" };
            write!(f, "{comma}{}{op}", term.path)?;
            for c in term.value.chars() {
                if matches!(c, '\\' | ',' | '=') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}
