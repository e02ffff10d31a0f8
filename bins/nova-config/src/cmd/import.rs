//! `nova config import`: take over the configuration of another place or program.

use std::path::{Path, PathBuf};

use nova_core::config::{KeyType, find_key, join_path, parse_text, yaml_table};
use nova_core::{Cx, Failure, Kind, Outcomes, Result, input};
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::cloudtop;
use crate::document::{Document, outcome, parsed};

/// Import configuration from a file
///
/// Reads TOML, the kube-style YAML with current-context, contexts, clusters and users, and the JSON of
/// cloudtop; what it is shows in the content. Keys of the file replace yours, contexts, clusters and
/// users are matched by name, and everything else of your file stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config import ~/.novacron/config.yaml\n\
\x20 nova config import cloudtop.json --dry-run")]
pub(crate) struct ImportArgs {
    /// File to read; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Only show the configuration file as it would be
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(cx: &Cx, args: &ImportArgs) -> Result<Option<Outcomes>> {
    let text = input::text(&args.file)?;
    let table = table_of(cx, &args.file, &text)?;
    if table.is_empty() {
        cx.warn(&format!("{} holds no configuration", args.file.display()));
    }
    let mut document = Document::open(cx)?;
    let count = merge(&mut document, &table)?;
    if args.dry_run {
        cx.print(&document.after()?)?;
        return Ok(None);
    }
    let name = args.file.display().to_string();
    let word = format!("imported ({count} keys)");
    Ok(Some(outcome("config", &name, &word, document.save()?)))
}

/// What the text says, in the spelling of our own files. Faults name the file and the place.
fn table_of(cx: &Cx, path: &Path, text: &str) -> Result<Table> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('{')
        && let Ok(document) = serde_json::from_str::<Json>(start)
        && cloudtop::is_one(&document)
    {
        return cloudtop::table_of(&document);
    }
    if let Ok(table) = text.parse::<Table>() {
        check(cx, &shown_as(path, "toml"), text)?;
        return Ok(table);
    }
    // A file that says it is TOML is told what is wrong with that.
    if path.extension().is_some_and(|ext| ext == "toml") {
        parse_text(path, text, false)?;
    }
    check(cx, &shown_as(path, "yaml"), text)?;
    yaml_table(text).map_err(|(_, message)| Failure::new(Kind::Config, message))
}

/// Faults end the import, unknown keys are told.
fn check(cx: &Cx, path: &Path, text: &str) -> Result<()> {
    let parsed = parse_text(path, text, false)?;
    parsed.unknown.iter().for_each(|warning| cx.warn(warning));
    Ok(())
}

/// The same file, read as what it holds whatever its name says.
fn shown_as(path: &Path, extension: &str) -> PathBuf {
    let own = path
        .extension()
        .is_some_and(|ext| ext == extension || ext == "yml");
    if own {
        path.to_owned()
    } else {
        PathBuf::from(format!("{}.{extension}", path.display()))
    }
}

/// Puts every key of the table into the document; answers how many there were.
fn merge(document: &mut Document, table: &Table) -> Result<usize> {
    let mut count = 0;
    for (key, value) in table {
        if key == "version" {
            continue;
        }
        count += merge_key(document, &mut vec![key.clone()], value)?;
    }
    Ok(count)
}

fn merge_key(document: &mut Document, names: &mut Vec<String>, value: &Value) -> Result<usize> {
    let key = join_path(names);
    match value {
        Value::Table(inner) if !inner.is_empty() => {
            let mut count = 0;
            for (name, value) in inner {
                names.push(name.clone());
                count += merge_key(document, names, value)?;
                names.pop();
            }
            Ok(count)
        }
        Value::Array(items) if names.len() == 1 && is_named_list(&key) => {
            for item in items {
                merge_named(document, &key, item)?;
            }
            Ok(items.len())
        }
        value => {
            let (key, value) = modern(&key, value);
            document.set(&key, edit_value(&value)?)?;
            Ok(1)
        }
    }
}

fn is_named_list(key: &str) -> bool {
    find_key(key).is_some_and(|key| key.kind == KeyType::NamedList)
}

fn merge_named(document: &mut Document, list: &str, item: &Value) -> Result<()> {
    let (Some(fields), Some(name)) = (item.as_table(), item.get("name").and_then(Value::as_str))
    else {
        return Err(Failure::new(
            Kind::Config,
            format!("every entry of `{list}` needs a name"),
        ));
    };
    let mut values = Vec::new();
    for (field, value) in fields.iter().filter(|(field, _)| *field != "name") {
        values.push((field, edit_value(value)?));
    }
    document.upsert(list, name, |table| {
        for (field, value) in values {
            table.insert(field, value.into());
        }
    })?;
    Ok(())
}

/// Old keys under their present names.
fn modern(key: &str, value: &Value) -> (String, Value) {
    match (key, value) {
        ("preferences.colors", Value::Boolean(on)) => {
            let word = if *on { "auto" } else { "never" };
            ("global.color".to_owned(), Value::String(word.to_owned()))
        }
        _ => (crate::text::own_key(&[], key), value.clone()),
    }
}

/// The value for a document that keeps its format.
fn edit_value(value: &Value) -> Result<toml_edit::Value> {
    let mut table = Table::new();
    table.insert("x".to_owned(), value.clone());
    // Tables would become sections of their own; inside a value they stay inline.
    let inline = match value {
        Value::Table(_) | Value::Array(_) => value.to_string(),
        _ => parsed(&table.to_string())?["x"].to_string(),
    };
    let mut value: toml_edit::Value = inline.parse().map_err(|error: toml_edit::TomlError| {
        Failure::new(
            Kind::Internal,
            format!("writing a value: {}", error.message()),
        )
    })?;
    value.decor_mut().clear();
    Ok(value)
}
