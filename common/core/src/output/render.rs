//! Writes results in the wanted format, and tells what the exit code is.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::output::list::ListWriter;
use crate::output::{Format, Item, Listing, Table, json, to_yaml};
use crate::{Context, Cx, Failure, Kind, Result};

/// A result that can be shown in every format.
///
/// The serialised form is an API: it carries `apiVersion` and `kind`.
pub trait Render: Serialize {
    /// Fills the table for people.
    fn table(&self, table: &mut Table);

    /// The lines of `-o name`.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// The documents of the object formats, when they are not the serialised value itself.
    fn documents(&self) -> Option<Vec<Value>> {
        None
    }

    /// Failures of single targets, printed as errors after the result.
    fn failures(&self) -> Vec<&Failure> {
        Vec::new()
    }

    /// The exit code when it is not 0.
    fn verdict(&self) -> Option<u8> {
        None
    }
}

/// Writes a report and its failures.
pub(crate) fn emit_report(cx: &Cx, report: &impl Render) -> Result<()> {
    let mut out = cx.stdout();
    write_report(cx, report, &mut out).and_then(|()| flush(&mut out))?;
    for failure in report.failures() {
        cx.report(failure);
    }
    report
        .verdict()
        .map_or(Ok(()), |code| Err(Failure::silent(code)))
}

fn write_report(cx: &Cx, report: &impl Render, out: &mut dyn Write) -> Result<()> {
    match cx.format() {
        Format::Table | Format::Wide => {
            let mut table = Table::default();
            report.table(&mut table);
            table.write(out, true).map_err(broken)
        }
        Format::Name => report.names().iter().try_for_each(|name| line(out, name)),
        format => match report.documents() {
            Some(documents) => write_documents(format, &documents, out),
            None => write_value(format, report, out),
        },
    }
}

pub(crate) fn write_value(
    format: Format,
    value: &impl Serialize,
    out: &mut dyn Write,
) -> Result<()> {
    let text = match format {
        Format::Json => json::to_pretty(value).context(Kind::Internal, encoding)?,
        Format::Yaml => to_yaml(value)?,
        _ => json::to_line(value).context(Kind::Internal, encoding)? + "\n",
    };
    out.write_all(text.as_bytes()).map_err(broken)
}

/// One object is printed by itself, several as a list, YAML as separate documents.
fn write_documents(format: Format, documents: &[Value], out: &mut dyn Write) -> Result<()> {
    match (format, documents) {
        (_, [one]) => write_value(format, one, out),
        (Format::Json, many) => write_value(format, &list_of(many), out),
        (Format::Yaml, many) => many.iter().enumerate().try_for_each(|(at, document)| {
            if at > 0 {
                line(out, "---")?;
            }
            write_value(format, document, out)
        }),
        (_, many) => many
            .iter()
            .try_for_each(|document| write_value(format, document, out)),
    }
}

pub(crate) fn list_of(items: &[Value]) -> Value {
    serde_json::json!({
        "apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items,
    })
}

pub(crate) fn encoding() -> String {
    "encoding the result".to_owned()
}

/// Consumes a listing and writes it as it arrives.
pub(crate) fn emit_listing(cx: &Cx, mut listing: Listing) -> Result<()> {
    let items = std::mem::replace(&mut listing.items, Box::new(std::iter::empty()));
    let mut out = cx.stdout();
    let mut writer = ListWriter::new(cx.format(), listing);
    let mut failures = Vec::new();
    for item in items {
        match item? {
            Item::Failed(failure) => failures.push(failure),
            item => writer.item(item, &mut out)?,
        }
    }
    writer.finish(&mut out).and_then(|()| flush(&mut out))?;
    if writer.shown == 0 && failures.is_empty() && cx.format().is_human() {
        cx.note(&writer.listing.empty);
    }
    for failure in &failures {
        cx.report(failure);
    }
    let kinds: Vec<Kind> = failures.iter().map(Failure::kind).collect();
    match Kind::of_many(writer.shown, &kinds) {
        None => Ok(()),
        Some(kind) => Err(Failure::silent(kind.code())),
    }
}

pub(crate) fn line(out: &mut dyn Write, text: &str) -> Result<()> {
    writeln!(out, "{text}").map_err(broken)
}

pub(crate) fn flush(out: &mut dyn Write) -> Result<()> {
    out.flush().map_err(broken)
}

/// The reader of a pipe that went away has had enough: a quiet end, not an error.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(crate) fn broken(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::silent(0);
    }
    Failure::new(Kind::Failed, format!("cannot write the output: {error}"))
}
