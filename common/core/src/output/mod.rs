//! The one renderer: what a command returns, in every format.

mod json;
mod list;
mod listing;
mod outcome;
mod render;
mod table;
mod yaml;

use crate::{Failure, Result, suggest};

pub use json::{to_line as json_line, to_pretty as json_pretty};
pub use listing::{Column, Item, Listing, Row};
pub use outcome::{Change, Outcome, Outcomes};
pub use render::Render;
pub(crate) use render::{emit_listing, emit_report};
pub use table::{Table, escape_cell};
pub use yaml::to_yaml;

/// An output format, the value of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// More columns for people.
    Wide,
    /// One JSON document.
    Json,
    /// One compact JSON object per line.
    Jsonl,
    /// YAML documents.
    Yaml,
    /// `kind.group/name` per line.
    Name,
}

impl Format {
    /// Every format by its name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("table", Self::Table),
        ("wide", Self::Wide),
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("yaml", Self::Yaml),
        ("name", Self::Name),
    ];

    /// Reads a format name; an unknown one is a usage error with the list and the nearest name.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some((_, format)) = Self::ALL.iter().find(|(name, _)| *name == text) {
            return Ok(*format);
        }
        let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
        let failure = Failure::usage(format!(
            "unknown output format `{text}`; known are {}",
            names.join(", ")
        ));
        Err(match suggest::nearest(text, names).first() {
            Some(near) => failure.with_hint(format!("did you mean `-o {near}`?")),
            None => failure,
        })
    }

    /// The name as given to `-o`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, format)| *format == self)
            .map_or("table", |(name, _)| *name)
    }

    /// Whether a person reads it: `table` or `wide`.
    #[must_use]
    pub fn is_human(self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }

    /// Whether whole objects are needed rather than cells: `json`, `jsonl` or `yaml`.
    #[must_use]
    pub fn needs_objects(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Yaml)
    }
}

impl std::str::FromStr for Format {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_format_names_all_and_the_nearest() {
        let error = Format::parse("jsn").unwrap_err();
        assert!(
            error
                .message()
                .contains("table, wide, json, jsonl, yaml, name")
        );
        assert_eq!(error.hints(), ["did you mean `-o json`?"]);
        assert_eq!(error.code(), 2);
    }
}
