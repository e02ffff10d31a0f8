//! Rows and columns of a listing: tables for people, and the same cells for csv, tsv and md.

use std::borrow::Cow;
use std::io::Write;

use super::columns::pick;
use super::fit::{Fit, Head};
use super::look::{Look, is_state, painted};
use super::render::broken;
use super::spec::Layout;
use super::table::{widen, write_record, write_row, write_row_with};
use super::{Column, Format, Listing, Output, Row, delimited, escape_cell};
use crate::Result;

/// What says how a grid looks.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) output: &'a Output,
    pub(super) listing: &'a Listing,
}

impl Frame<'_> {
    /// Whether rows are aligned, so that they must wait for each other.
    fn aligned(self) -> bool {
        self.output.format().is_human() || self.output.format() == Format::CustomColumns
    }

    /// Whether there is anything to lay out at all.
    fn is_grid(self) -> bool {
        self.aligned() || matches!(self.output.format(), Format::Csv | Format::Tsv | Format::Md)
    }
}

/// Columns, and rows of a table that wait until the list is complete: widths depend on all of them.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) look: Look,
    columns: Vec<Column>,
    /// Which of the server's columns are shown.
    shown: Vec<usize>,
    waiting: Vec<Vec<String>>,
    widths: Vec<usize>,
    /// What makes the rows fit the screen.
    fit: Option<Fit>,
    /// Headers of what is shown.
    titles: Vec<String>,
    headers_done: bool,
    list_done: bool,
    /// A row was begun, even if it then failed.
    started: bool,
}

impl Grid {
    pub(super) fn columns(&mut self, frame: Frame<'_>, columns: Vec<Column>) -> Result<()> {
        let all = frame.output.format() != Format::Table;
        self.shown = match frame.output.layout() {
            Layout::Named(names) => {
                let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                pick(names, &known)?
            }
            _ => (0..columns.len())
                .filter(|at| all || columns[*at].priority == 0)
                .collect(),
        };
        self.columns = columns;
        Ok(())
    }

    /// From now on the header is due.
    pub(super) fn start(&mut self) {
        self.started = true;
    }

    fn headers(&self, frame: Frame<'_>) -> Vec<String> {
        let heads = self.heads(frame).into_iter();
        heads.map(|head| head.name).collect()
    }

    /// The columns as they are shown, with what the flags add.
    pub(super) fn heads(&self, frame: Frame<'_>) -> Vec<Head> {
        let head = |name: String, priority: u32| Head { name, priority };
        if let Layout::Paths(columns) = frame.output.layout() {
            let columns = columns.iter();
            return columns
                .map(|column| head(column.header.clone(), 0))
                .collect();
        }
        let listing = frame.listing;
        let own = self.shown.iter().map(|at| &self.columns[*at]);
        let own = own.map(|column| head(column.name.to_uppercase(), column.priority));
        let labels = listing.label_columns.iter();
        let labels = labels.map(|key| head(label_header(key), 0));
        let mut heads: Vec<Head> = own.chain(labels).collect();
        if listing.with_namespace {
            heads.insert(0, head("NAMESPACE".to_owned(), 0));
        }
        if listing.with_events {
            heads.insert(0, head("EVENT".to_owned(), 0));
        }
        if listing.show_labels {
            heads.push(head("LABELS".to_owned(), 0));
        }
        heads
    }

    /// Where the age cells of a row are, among those that are shown, and since when each counts.
    pub(super) fn ages(&self, frame: Frame<'_>, row: &Row) -> Vec<(usize, i64)> {
        let before =
            usize::from(frame.listing.with_namespace) + usize::from(frame.listing.with_events);
        let place = |(at, since): &(usize, i64)| {
            let shown = self.shown.iter().position(|column| column == at)?;
            Some((before + shown, *since))
        };
        row.since.iter().filter_map(place).collect()
    }

    /// Cells of a row that came from the server, with what the flags add.
    pub(super) fn cells(&self, frame: Frame<'_>, event: &str, row: &Row) -> Vec<String> {
        let listing = frame.listing;
        let cell = |at: &usize| match row.cells.get(*at) {
            _ if *at == 0 && listing.show_kind => row.full_name.clone(),
            Some(cell) => cell.clone(),
            None => "<none>".to_owned(),
        };
        let mut cells: Vec<String> = self.shown.iter().map(cell).collect();
        cells.extend(listing.label_columns.iter().map(|key| label_of(row, key)));
        if listing.with_namespace {
            cells.insert(0, row.namespace.clone().unwrap_or_default());
        }
        if listing.with_events {
            cells.insert(0, event.to_owned());
        }
        if listing.show_labels {
            cells.push(all_labels(row));
        }
        cells
    }

    /// Writes a row, or keeps it until the widths are known.
    pub(super) fn row(
        &mut self,
        frame: Frame<'_>,
        cells: &[String],
        out: &mut dyn Write,
    ) -> Result<()> {
        if !frame.aligned() {
            self.delimited_header(frame, out)?;
            let line = delimited::row(frame.output.format(), cells);
            return out.write_all(line.as_bytes()).map_err(broken);
        }
        let cells: Vec<String> = cells.iter().map(|cell| escape_cell(cell)).collect();
        if self.list_done {
            return self.late_row(frame, &cells, out);
        }
        self.waiting.push(cells);
        Ok(())
    }

    /// A row after the list: it takes over the widths of the others.
    fn late_row(&mut self, frame: Frame<'_>, cells: &[String], out: &mut dyn Write) -> Result<()> {
        if self.titles.is_empty() {
            self.fit_rows(frame, &[cells.to_owned()]);
        }
        let cells = self.cut(cells);
        widen(&mut self.widths, &cells);
        self.aligned_header(frame, out)?;
        self.put(&cells, out)
    }

    /// Rows that the screen is too narrow for are cut; described columns are a format, and stay.
    fn fit_rows(&mut self, frame: Frame<'_>, rows: &[Vec<String>]) {
        let width = self.look.width.filter(|_| {
            let free = frame.listing.no_trunc || self.look.records;
            !free && !matches!(frame.output.layout(), Layout::Paths(_))
        });
        self.fit = width.map(|width| {
            let heads = self.heads(frame);
            Fit::of(&heads, rows, !frame.listing.no_headers, width)
        });
        self.titles = self.cut(&self.headers(frame)).into_owned();
    }

    fn cut<'c>(&self, cells: &'c [String]) -> Cow<'c, [String]> {
        match &self.fit {
            Some(fit) => Cow::Owned(fit.cut(cells, self.look.unicode)),
            None => Cow::Borrowed(cells),
        }
    }

    /// Writes a row of cells that fit.
    fn put(&self, cells: &[String], out: &mut dyn Write) -> Result<()> {
        if self.look.records {
            return write_record(out, &self.titles, cells).map_err(broken);
        }
        write_row_with(out, cells, &self.widths, |at, cell| {
            match self.titles.get(at) {
                Some(header) if is_state(header) => painted(self.look, cell),
                _ => Cow::Borrowed(cell),
            }
        })
        .map_err(broken)
    }

    fn delimited_header(&mut self, frame: Frame<'_>, out: &mut dyn Write) -> Result<()> {
        if std::mem::replace(&mut self.headers_done, true) || frame.listing.no_headers {
            return Ok(());
        }
        let headers = self.headers(frame);
        if headers.is_empty() {
            return Ok(());
        }
        let text = delimited::header(frame.output.format(), &headers);
        out.write_all(text.as_bytes()).map_err(broken)
    }

    pub(super) fn end_of_list(&mut self, frame: Frame<'_>, out: &mut dyn Write) -> Result<()> {
        if std::mem::replace(&mut self.list_done, true) || !frame.is_grid() {
            return Ok(());
        }
        if !frame.aligned() {
            return self.delimited_header(frame, out);
        }
        let rows = std::mem::take(&mut self.waiting);
        if !rows.is_empty() {
            self.fit_rows(frame, &rows);
        }
        let rows: Vec<Cow<'_, [String]>> = rows.iter().map(|row| self.cut(row)).collect();
        for row in &rows {
            widen(&mut self.widths, row);
        }
        // An empty table says so on stderr; described columns are a format, so their header stays.
        // The header of an empty watch waits for the first row, since that makes the widths.
        let described = matches!(frame.output.layout(), Layout::Paths(_))
            && (self.started || !frame.listing.single);
        if !rows.is_empty() || (described && !frame.listing.watching) {
            self.aligned_header(frame, out)?;
        }
        rows.iter().try_for_each(|row| self.put(row, out))
    }

    fn aligned_header(&mut self, frame: Frame<'_>, out: &mut dyn Write) -> Result<()> {
        if std::mem::replace(&mut self.headers_done, true) {
            return Ok(());
        }
        if frame.listing.with_events {
            // Room for the longest word, since later events share these widths.
            widen(&mut self.widths, &["MODIFIED".to_owned()]);
        }
        if frame.listing.no_headers || self.look.records {
            return Ok(());
        }
        if self.titles.is_empty() {
            self.titles = self.headers(frame);
        }
        widen(&mut self.widths, &self.titles);
        write_row(out, &self.titles, &self.widths).map_err(broken)
    }
}

fn label_header(key: &str) -> String {
    key.rsplit('/').next().unwrap_or(key).to_uppercase()
}

/// A label that is not there stays blank, as in kubectl.
fn label_of(row: &Row, key: &str) -> String {
    let found = row.labels.iter().find(|(name, _)| name == key);
    found.map_or_else(String::new, |(_, value)| value.clone())
}

fn all_labels(row: &Row) -> String {
    if row.labels.is_empty() {
        return "<none>".to_owned();
    }
    let mut pairs: Vec<String> = row.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    pairs.sort();
    pairs.join(",")
}
