//! What `-o` and its companions ask for.

use std::path::Path;

use serde_json::Value;

use super::Format;
use super::columns::{PathColumn, missing, parse_columns, parse_columns_file};
use super::jsonpath::JsonPath;
use super::template::Template;
use crate::{Context, Failure, Kind, Result, env};

/// Flags beside `-o` that say how results are printed.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct PrintArgs {
    /// Template, for -o go-template and -o jsonpath
    #[arg(long, global = true, value_name = "TEMPLATE")]
    template: Option<String>,

    /// Columns of a table, of csv, tsv or md: names, or HEADER:PATH
    #[arg(long, global = true, value_name = "COLUMN,…")]
    columns: Option<String>,

    /// Whether a template may name what is not there
    #[arg(long, global = true, value_name = "BOOL", default_value_t = true, hide_default_value = true,
        action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_possible_values = true)]
    allow_missing_template_keys: bool,
}

impl Default for PrintArgs {
    fn default() -> Self {
        Self {
            template: None,
            columns: None,
            allow_missing_template_keys: true,
        }
    }
}

/// An output format together with its template or columns.
#[derive(Debug, Clone, Default)]
pub struct Output {
    format: Format,
    layout: Layout,
}

#[derive(Debug, Clone, Default)]
pub(crate) enum Layout {
    /// The format says it all.
    #[default]
    Fixed,
    Path(JsonPath),
    Template(Box<Template>),
    /// Columns made from objects.
    Paths(Vec<PathColumn>),
    /// Chosen columns of the server's.
    Named(Vec<String>),
}

impl Output {
    /// Reads the value of `-o` alone: `json`, `jsonpath={.metadata.name}`.
    pub fn parse(text: &str) -> Result<Self> {
        PrintArgs::default()
            .resolve(Some(text))?
            .ok_or_else(|| Failure::usage("no output format"))
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether whole objects are needed.
    #[must_use]
    pub fn needs_objects(&self) -> bool {
        match self.format {
            Format::Table | Format::Wide | Format::Name => false,
            Format::Custom | Format::Csv | Format::Tsv | Format::Md => {
                matches!(self.layout, Layout::Paths(_))
            }
            _ => true,
        }
    }

    /// Whether the cells of the server's table are needed.
    #[must_use]
    pub fn needs_cells(&self) -> bool {
        !self.needs_objects()
    }
}

impl From<Format> for Output {
    fn from(format: Format) -> Self {
        Self {
            format,
            layout: Layout::Fixed,
        }
    }
}

impl PrintArgs {
    /// Joins the flags and their variables with the value of `-o`. Nothing when none was given.
    pub fn resolve(&self, output: Option<&str>) -> Result<Option<Output>> {
        let template = self
            .template
            .clone()
            .or_else(|| env::get(env::NOVA_TEMPLATE));
        let columns = self.columns.clone().or_else(|| env::get(env::NOVA_COLUMNS));
        let words = match (output, &template, &columns) {
            (Some(text), ..) => text,
            (None, Some(_), _) => "go-template",
            (None, None, Some(_)) => "custom",
            (None, None, None) => return Ok(None),
        };
        let (name, inline) = match words.split_once('=') {
            Some((name, argument)) => (name, Some(argument.to_owned())),
            None => (words, None),
        };
        let (mut format, from_file) = Format::named(name)?;
        if columns.is_some() && format.is_human() {
            format = Format::Custom;
        }
        let argument = match format {
            Format::Custom | Format::Csv | Format::Tsv | Format::Md => inline.or(columns),
            Format::CustomColumns => inline.or(template).or(columns),
            Format::JsonPath | Format::JsonPathAsJson | Format::GoTemplate => inline.or(template),
            _ if inline.is_some() => {
                return Err(Failure::usage(format!(
                    "the output format `{name}` takes no argument"
                )));
            }
            _ => None,
        };
        let argument = if from_file {
            argument.map(|path| read(&path)).transpose()?
        } else {
            argument
        };
        let layout = self.layout(format, argument.as_deref(), from_file)?;
        Ok(Some(Output { format, layout }))
    }

    fn layout(&self, format: Format, argument: Option<&str>, from_file: bool) -> Result<Layout> {
        let strict = !self.allow_missing_template_keys
            || env::get(env::NOVA_ALLOW_MISSING_TEMPLATE_KEYS).as_deref() == Some("false");
        let argument = argument.filter(|text| !text.is_empty());
        match (format, argument) {
            (Format::JsonPath | Format::JsonPathAsJson, Some(text)) => {
                match JsonPath::parse(text) {
                    Ok(path) => Ok(Layout::Path(path.strict(strict))),
                    Err(error) => Err(broken("jsonpath", text, &error)),
                }
            }
            (Format::GoTemplate, Some(text)) => match Template::parse(text) {
                Ok(template) => Ok(Layout::Template(Box::new(template.strict(strict)))),
                Err(error) => Err(broken("go-template", text, &error)),
            },
            (Format::CustomColumns, Some(text)) if from_file => {
                parse_columns_file(text).map(Layout::Paths)
            }
            (Format::CustomColumns, Some(text)) => parse_columns(text).map(Layout::Paths),
            (Format::CustomColumns, None) => Err(missing()),
            (Format::JsonPath | Format::JsonPathAsJson, None) => {
                Err(no_template("jsonpath={.metadata.name}"))
            }
            (Format::GoTemplate, None) => Err(no_template("go-template={{.metadata.name}}")),
            (_, Some(text)) if text.contains(':') => parse_columns(text).map(Layout::Paths),
            (_, Some(text)) => Ok(Layout::Named(
                text.split(',').map(|name| name.trim().to_owned()).collect(),
            )),
            (_, None) => Ok(Layout::Fixed),
        }
    }
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(Path::new(path))
        .context(Kind::Usage, || format!("cannot read the template {path}"))
}

fn no_template(example: &str) -> Failure {
    Failure::usage("the output format needs a template")
        .with_hint(format!("write for example: -o '{example}'"))
}

fn broken(what: &str, text: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("{what} template `{text}`: {error}"))
}

/// What a template sees of several objects.
pub(crate) fn list_of(items: &[Value]) -> Value {
    serde_json::json!({
        "apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(
        output: Option<&str>,
        template: Option<&str>,
        columns: Option<&str>,
    ) -> Result<Option<Output>> {
        let args = PrintArgs {
            template: template.map(str::to_owned),
            columns: columns.map(str::to_owned),
            ..PrintArgs::default()
        };
        args.resolve(output)
    }

    #[test]
    fn templates_come_inline_or_by_flag() {
        for (output, template) in [
            (Some("jsonpath={.a}"), None),
            (Some("jsonpath"), Some("{.a}")),
            (Some("go-template={{.a}}"), None),
            (Some("template"), Some("{{.a}}")),
            (None, Some("{{.a}}")),
            (Some("custom-columns=A:.a"), None),
        ] {
            let found = resolve(output, template, None).unwrap().unwrap();
            assert!(found.needs_objects(), "{output:?}");
        }
        assert!(resolve(None, None, None).unwrap().is_none());
    }

    #[test]
    fn what_a_format_lacks_or_cannot_take_is_a_usage_error() {
        for text in [
            "jsonpath",
            "go-template",
            "custom-columns",
            "jsonpath={.a",
            "go-template={{",
            "json=x",
            "jsonpath-file=/nowhere",
            "csv=A:.a,b",
        ] {
            assert_eq!(
                resolve(Some(text), None, None).unwrap_err().code(),
                2,
                "{text}"
            );
        }
    }

    #[test]
    fn columns_choose_by_name_or_path() {
        let named = resolve(None, None, Some("name,cpu")).unwrap().unwrap();
        assert_eq!(named.format(), Format::Custom);
        assert!(named.needs_cells());
        let paths = resolve(Some("csv"), None, Some("N:.metadata.name"))
            .unwrap()
            .unwrap();
        assert!(paths.needs_objects());
    }
}
