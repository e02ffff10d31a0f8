//! Writes results in the wanted format, and tells what the exit code is.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::output::list::{ListWriter, print_layout};
use crate::output::live;
use crate::output::look::Look;
use crate::output::spec::{Layout, list_of};
use crate::output::{Format, Item, Listing, Output, Row, Table, json, sort, to_yaml};
use crate::{Context, Cx, Failure, Kind, Result};

/// A result that can be shown in every format.
///
/// The serialised form is an API: it carries `apiVersion` and `kind`.
pub trait Render: Serialize {
    /// Fills the table for people.
    fn table(&self, table: &mut Table);

    /// Fills the table of csv, tsv and md, where lines for people are no rows.
    fn grid(&self, table: &mut Table) {
        self.table(table);
    }

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

    /// Whether this is what a pure reader found, which may go through a pager.
    fn is_reading(&self) -> bool {
        false
    }

    /// The exit code when it is not 0.
    fn verdict(&self) -> Option<u8> {
        None
    }
}

/// Writes a report and its failures.
pub(crate) fn emit_report(cx: &Cx, report: &impl Render) -> Result<()> {
    let mut out = if report.is_reading() {
        cx.paged_stdout()
    } else {
        cx.stdout()
    };
    write_report(cx, report, &mut out).and_then(|()| flush(&mut out))?;
    drop(out);
    for failure in report.failures() {
        cx.report(failure);
    }
    report
        .verdict()
        .map_or(Ok(()), |code| Err(Failure::silent(code)))
}

fn write_report(cx: &Cx, report: &impl Render, out: &mut dyn Write) -> Result<()> {
    let output = cx.output();
    let mut table = Table::default();
    match (output.format(), output.layout()) {
        (Format::Table | Format::Wide | Format::Custom, Layout::Fixed) => {
            report.table(&mut table);
            table.write(out, true).map_err(broken)
        }
        (Format::Name, _) => report.names().iter().try_for_each(|name| line(out, name)),
        (
            format @ (Format::Custom | Format::Csv | Format::Tsv | Format::Md),
            Layout::Fixed | Layout::Named(_),
        ) => {
            report.grid(&mut table);
            if let Layout::Named(names) = output.layout() {
                table.pick(names)?;
            }
            table.write_as(format, out).map_err(broken)
        }
        (_, Layout::Paths(_)) => write_paths(output, &documents(report)?, out),
        (_, Layout::Path(_) | Layout::Template(_)) => {
            print_layout(output, cx.surroundings(), &whole(documents(report)?), out)
        }
        (format, _) => match report.documents() {
            Some(documents) => write_documents(format, &documents, out),
            None => write_value(format, report, out),
        },
    }
}

/// What templates see: the objects where the report is made of them, else the report itself.
fn documents(report: &impl Render) -> Result<Vec<Value>> {
    match report.documents() {
        Some(documents) => Ok(documents),
        None => Ok(vec![
            serde_json::to_value(report).context(Kind::Internal, encoding)?,
        ]),
    }
}

fn whole(mut documents: Vec<Value>) -> Value {
    match documents.len() {
        1 => documents.remove(0),
        _ => list_of(&documents),
    }
}

/// A row per object; a report that is itself a list has a row per item.
fn write_paths(output: &Output, documents: &[Value], out: &mut dyn Write) -> Result<()> {
    let Layout::Paths(columns) = output.layout() else {
        return Ok(());
    };
    let items = match documents {
        [Value::Object(fields)] => fields.get("items").and_then(Value::as_array),
        _ => None,
    };
    let mut table = Table::default();
    table.plain_headers(columns.iter().map(|column| column.header.clone()));
    for document in items.map_or(documents, Vec::as_slice) {
        let cells = columns.iter().map(|column| column.cell(document));
        let cells = cells.collect::<std::result::Result<Vec<_>, _>>();
        table.row(cells.map_err(|error| Failure::usage(format!("custom columns: {error}")))?);
    }
    table.write_as(output.format(), out).map_err(broken)
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

pub(crate) fn encoding() -> String {
    "encoding the result".to_owned()
}

/// Consumes a listing and writes it as it arrives; a sorted one when its list is complete.
pub(crate) fn emit_listing(cx: &Cx, mut listing: Listing) -> Result<()> {
    if live::suits(cx, &listing) {
        return live::follow(cx, listing);
    }
    let items = std::mem::replace(&mut listing.items, Box::new(std::iter::empty()));
    let sorted = listing.sort_by.is_some() && !listing.single;
    // A watch has no end to page to.
    let mut out = if listing.watching {
        cx.stdout()
    } else {
        cx.paged_stdout()
    };
    let mut writer = ListWriter::new(cx.output(), cx.surroundings(), listing).looking(Look::of(cx));
    let (mut failures, mut waiting) = (Vec::new(), sorted.then(Vec::new));
    for item in items {
        match (item?, &mut waiting) {
            (Item::Failed(failure), _) => failures.push(failure),
            (Item::Row(row), Some(rows)) => rows.push(row),
            (Item::EndOfList, Some(_)) => {
                write_sorted(&mut writer, waiting.take().unwrap_or_default(), &mut out)?;
                writer.item(Item::EndOfList, &mut out)?;
            }
            (item, _) => writer.item(item, &mut out)?,
        }
    }
    write_sorted(&mut writer, waiting.unwrap_or_default(), &mut out)?;
    writer.finish(&mut out).and_then(|()| flush(&mut out))?;
    // What follows is said when the pager has given the terminal back.
    drop(out);
    if writer.listing.ignore_missing {
        failures.retain(|failure: &Failure| failure.kind() != Kind::NotFound);
    } else if writer.shown == 0 && failures.is_empty() && cx.format().is_human() {
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

fn write_sorted(
    writer: &mut ListWriter<'_>,
    mut rows: Vec<Row>,
    out: &mut dyn Write,
) -> Result<()> {
    if let Some(path) = &writer.listing.sort_by {
        sort::sort(&mut rows, path, writer.listing.reverse)?;
    }
    rows.into_iter()
        .try_for_each(|row| writer.item(Item::Row(row), out))
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
