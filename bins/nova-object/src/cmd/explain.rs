//! `nova explain`: fields of kinds, and the meaning of errors.

use nova_api::KindInfo;
use nova_core::output::Object;
use nova_core::{Column, Cx, Failure, Item, Kind, Listing, Render, Result, Row, Table};
use nova_http::block_on;
use serde::Serialize;
use serde_json::{Value, json};

use crate::codes::{self, Entry};
use crate::kinds::Kinds;
use crate::schema::{Document, Schema};

/// Explain the fields of a kind, or an error
///
/// Fields come from the server. What a code, reason or exit code of an error means is known without
/// one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova explain vm\n\
\x20 nova explain vm.spec.disks\n\
\x20 nova explain vm --recursive\n\
\x20 nova explain InvalidState\n\
\x20 nova explain 4\n\
\x20 nova explain --codes")]
pub(crate) struct ExplainArgs {
    /// Kind with an optional path of fields, or a code of an error
    #[arg(value_name = "KIND[.FIELD]|CODE", required_unless_present = "codes")]
    what: Option<String>,

    /// Show all fields below, without their descriptions
    #[arg(long)]
    recursive: bool,

    /// List every code, reason and exit code
    #[arg(long, conflicts_with_all = ["what", "recursive"])]
    codes: bool,
}

pub(crate) fn run(cx: &Cx, args: &ExplainArgs) -> Result<()> {
    let Some(what) = &args.what else {
        return cx.emit_listing(every_code());
    };
    let entries = codes::named(what);
    if !entries.is_empty() {
        return cx.emit(&Meaning { entries });
    }
    cx.emit(&block_on(fields(cx, what, args.recursive))?)
}

async fn fields(cx: &Cx, what: &str, recursive: bool) -> Result<Fields> {
    let kinds = Kinds::open(cx).await?;
    let (info, path) = match split(&kinds, what).await {
        Ok(found) => found,
        Err(failure) if failure.kind() == Kind::NotFound => return Err(no_code(what, &failure)),
        Err(failure) => return Err(failure),
    };
    let document = Document::fetch(kinds.api(), &info).await?;
    let words: Vec<&str> = path.split('.').filter(|word| !word.is_empty()).collect();
    let field = document.kind(&info)?.field(&words)?;
    Ok(Fields {
        api_version: "nova.dev/v1",
        kind: "FieldExplanation",
        group: info.group,
        version: info.version,
        explained_kind: info.kind,
        field: path.to_owned(),
        schema: field.expanded(),
        text: text(&info, path, field, recursive),
    })
}

/// `vm.spec` is a kind and a path; `vm.nova.dev.spec` is one with its group.
async fn split<'w>(kinds: &Kinds, what: &'w str) -> Result<(KindInfo, &'w str)> {
    let dots = what.match_indices('.').map(|(at, _)| at);
    for end in dots
        .chain([what.len()])
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        if let Ok(info) = kinds.one(&what[..end]).await {
            return Ok((info, what[end..].trim_start_matches('.')));
        }
    }
    let word = what.split('.').next().unwrap_or(what);
    kinds.one(word).await.map(|info| (info, ""))
}

/// The word may also have been meant as a code.
fn no_code(what: &str, failure: &Failure) -> Failure {
    let near = nova_core::suggest::hint(what, codes::all().map(|entry| entry.word));
    let message = format!("`{what}` is neither a kind of the server nor a code of an error");
    let start = Failure::new(failure.kind(), message);
    let start = match near {
        Some(hint) => start.with_hint(hint),
        None => start,
    };
    let hints = failure.hints().iter().fold(start, Failure::with_hint);
    hints.with_hint("list the codes with: nova explain --codes")
}

/// Fields of a kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    api_version: &'static str,
    kind: &'static str,
    group: &'static str,
    version: &'static str,
    explained_kind: &'static str,
    field: String,
    schema: Value,
    #[serde(skip)]
    text: String,
}

impl Render for Fields {
    fn table(&self, table: &mut Table) {
        table.line(self.text.trim_end());
    }
}

/// The page, in the layout of `kubectl explain`.
fn text(info: &KindInfo, path: &str, field: Schema<'_>, recursive: bool) -> String {
    let mut page = String::new();
    if !info.group.is_empty() {
        page.extend([format!("GROUP:      {}\n", info.group)]);
    }
    page.extend([format!(
        "KIND:       {}\nVERSION:    {}\n\n",
        info.kind, info.version
    )]);
    if let Some(name) = path.rsplit('.').next().filter(|name| !name.is_empty()) {
        page.extend([format!("FIELD: {name} <{}>\n\n", field.type_name())]);
    }
    page += "DESCRIPTION:\n";
    let description = match field.description() {
        "" => "<empty>",
        words => words,
    };
    page += &wrapped(description, 4);
    page += &facts(field, 4);
    if !field.fields().is_empty() {
        page += "\nFIELDS:\n";
        if recursive {
            tree(field, 2, &mut page);
        } else {
            page += &list(field);
        }
    }
    page
}

/// What else is known of a value.
fn facts(field: Schema<'_>, indent: usize) -> String {
    let mut lines = String::new();
    let blank = " ".repeat(indent);
    let values = field.values();
    if !values.is_empty() {
        lines.extend([format!("{blank}One of: {}\n", values.join(", "))]);
    }
    if let Some(value) = field.default() {
        lines.extend([format!(
            "{blank}Default: {}\n",
            value.to_string().trim_matches('"')
        )]);
    }
    lines
}

fn list(field: Schema<'_>) -> String {
    let entry = |(name, inner): (&str, Schema<'_>)| {
        let required = if field.requires(name) {
            " -required-"
        } else {
            ""
        };
        let words = match inner.description() {
            "" => "    <no description>\n".to_owned(),
            words => wrapped(words, 4),
        };
        format!(
            "  {name}\t<{}>{required}\n{words}{}\n",
            inner.type_name(),
            facts(inner, 4)
        )
    };
    field.fields().into_iter().map(entry).collect()
}

/// Levels that are shown below each other; a kind that holds itself would have no end.
const LEVELS: usize = 24;

fn tree(field: Schema<'_>, indent: usize, page: &mut String) {
    for (name, inner) in field.fields() {
        let required = if field.requires(name) {
            " -required-"
        } else {
            ""
        };
        page.extend([format!(
            "{}{name}\t<{}>{required}\n",
            " ".repeat(indent),
            inner.type_name()
        )]);
        if indent < 2 * LEVELS {
            tree(inner, indent + 2, page);
        }
    }
}

/// Text in lines of at most 80 columns.
fn wrapped(text: &str, indent: usize) -> String {
    let blank = " ".repeat(indent);
    let mut page = String::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent + line.len() + 1 + word.len() > 80 {
                page.extend([format!("{blank}{line}\n")]);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        page += format!("{blank}{line}").trim_end();
        page.push('\n');
    }
    page
}

/// What a code means; several where a word is one of several sorts.
#[derive(Debug)]
struct Meaning {
    entries: Vec<&'static Entry>,
}

impl Serialize for Meaning {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items: Vec<Value> = self.entries.iter().map(|entry| document(entry)).collect();
        json!({"apiVersion": "nova.dev/v1", "kind": "CodeExplanationList", "items": items})
            .serialize(serializer)
    }
}

impl Render for Meaning {
    fn table(&self, table: &mut Table) {
        for (at, entry) in self.entries.iter().enumerate() {
            if at > 0 {
                table.line("");
            }
            table.line(page_of(entry).trim_end());
        }
    }

    fn names(&self) -> Vec<String> {
        self.entries
            .iter()
            .map(|entry| entry.word.to_owned())
            .collect()
    }
}

fn page_of(entry: &Entry) -> String {
    let mut head = format!("{} ({}", entry.word, entry.sort.words());
    if !entry.alias.is_empty() {
        head.extend([format!(", {}", entry.alias)]);
    }
    if entry.http > 0 {
        head.extend([format!(", HTTP {}", entry.http)]);
    }
    if entry.sort != codes::Sort::ExitCode {
        head.extend([format!(", exit code {}", entry.exit)]);
    }
    format!(
        "{head})\n{}\nCAUSE:\n{}\nWHAT TO DO:\n{}",
        wrapped(entry.meaning, 4),
        wrapped(entry.cause, 4),
        wrapped(entry.remedy, 4),
    )
}

fn document(entry: &Entry) -> Value {
    json!({
        "apiVersion": "nova.dev/v1", "kind": "CodeExplanation", "metadata": {"name": entry.word},
        "sort": entry.sort, "alias": entry.alias, "http": entry.http, "exitCode": entry.exit,
        "meaning": entry.meaning, "cause": entry.cause, "remedy": entry.remedy,
    })
}

fn every_code() -> Listing {
    let column = |name: &str| Column {
        name: name.to_owned(),
        priority: 0,
    };
    let columns = ["Code", "Sort", "HTTP", "Exit", "Meaning"]
        .map(column)
        .to_vec();
    let row = |entry: &'static Entry| {
        let http = if entry.http == 0 {
            "<none>".to_owned()
        } else {
            entry.http.to_string()
        };
        Ok(Item::Row(Row {
            full_name: entry.word.to_owned(),
            cells: vec![
                entry.word.to_owned(),
                entry.sort.words().to_owned(),
                http,
                entry.exit.to_string(),
                entry.meaning.to_owned(),
            ],
            object: Some(Object::from_value(&document(entry))?),
            since: Vec::new(),
            ..Row::default()
        }))
    };
    Listing::new(std::iter::once(Ok(Item::Columns(columns))).chain(codes::all().map(row)))
}
