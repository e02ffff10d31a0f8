//! The one renderer: what a command returns, in every format.

mod columns;
mod delimited;
mod fit;
pub(crate) mod go;
pub(crate) mod go_string;
mod grid;
mod json;
pub mod jsonpath;
mod list;
mod listing;
mod live;
mod look;
mod object;
mod outcome;
mod reindent;
mod render;
mod sort;
mod spec;
mod table;
pub mod template;
#[cfg(test)]
mod vectors;
mod yaml;

use crate::{Failure, Result, suggest};

pub use columns::{PathColumn, parse_columns, parse_columns_file};
pub use json::{to_line as json_line, to_pretty as json_pretty};
pub use listing::{Column, Item, Listing, Row};
pub use object::Object;
pub use outcome::{Change, Outcome, Outcomes};
pub use render::Render;
pub(crate) use render::{emit_listing, emit_report};
pub use sort::parse_sort;
pub use spec::{Output, PrintArgs};
pub use table::{Table, escape_cell};
pub use yaml::to_yaml;

/// An output format, the first part of the value of `-o`.
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
    /// Columns chosen with `--columns`, else those of `wide`.
    Custom,
    /// Columns made from paths.
    CustomColumns,
    /// What a JSONPath template prints.
    JsonPath,
    /// What a JSONPath finds, as JSON arrays.
    JsonPathAsJson,
    /// What a Go template prints.
    GoTemplate,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// A Markdown table.
    Md,
}

impl Format {
    /// Every format by its name; one with a second name comes first by the preferred one.
    pub const ALL: [(&'static str, Self); 19] = [
        ("table", Self::Table),
        ("wide", Self::Wide),
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("yaml", Self::Yaml),
        ("name", Self::Name),
        ("custom", Self::Custom),
        ("custom-columns", Self::CustomColumns),
        ("custom-columns-file", Self::CustomColumns),
        ("go-template", Self::GoTemplate),
        ("go-template-file", Self::GoTemplate),
        ("template", Self::GoTemplate),
        ("templatefile", Self::GoTemplate),
        ("jsonpath", Self::JsonPath),
        ("jsonpath-file", Self::JsonPath),
        ("jsonpath-as-json", Self::JsonPathAsJson),
        ("csv", Self::Csv),
        ("tsv", Self::Tsv),
        ("md", Self::Md),
    ];

    /// Reads a format; an unknown one is a usage error with the list and the nearest name. What
    /// follows a `=` is the business of [`Output::parse`].
    pub fn parse(text: &str) -> Result<Self> {
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        Self::named(name).map(|(format, _)| format)
    }

    /// The format of a name, and whether its argument names a file.
    fn named(name: &str) -> Result<(Self, bool)> {
        if let Some((name, format)) = Self::ALL.iter().find(|(known, _)| *known == name) {
            return Ok((*format, name.ends_with("file")));
        }
        let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
        let failure = Failure::usage(format!(
            "unknown output format `{name}`; known are {}",
            names.join(", ")
        ));
        Err(match suggest::nearest(name, names).first() {
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

    /// Whether a person reads it: `table`, `wide` or `custom`.
    #[must_use]
    pub fn is_human(self) -> bool {
        matches!(self, Self::Table | Self::Wide | Self::Custom)
    }

    /// Whether it is a document that programs read: `json`, `jsonl` or `yaml`.
    #[must_use]
    pub fn is_document(self) -> bool {
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
                .contains("table, wide, json, jsonl, yaml, name, custom, custom-columns")
        );
        assert_eq!(error.hints(), ["did you mean `-o json`?"]);
        assert_eq!(error.code(), 2);
    }
}
