//! Columns aligned as kubectl aligns them: width is the longest cell plus three, at least six.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::{Format, columns, delimited};
use crate::Result;

/// Blanks between a cell and the next column.
pub(super) const PADDING: usize = 3;
/// Least width of a column, padding included.
const MIN_WIDTH: usize = 6;

/// A table that is built row by row and written at once.
///
/// A report without columns may instead be plain lines (see [`Table::line`]).
#[derive(Debug, Default)]
pub struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
    lines: Vec<String>,
}

impl Table {
    /// An empty table with upper-cased headers.
    pub fn headers<S: AsRef<str>>(&mut self, headers: impl IntoIterator<Item = S>) {
        self.headers = headers
            .into_iter()
            .map(|h| h.as_ref().to_uppercase())
            .collect();
    }

    /// Headers that keep their case.
    pub(crate) fn plain_headers(&mut self, headers: impl IntoIterator<Item = String>) {
        self.headers = headers.into_iter().collect();
    }

    /// Keeps the named columns only, in this order.
    pub(crate) fn pick(&mut self, names: &[String]) -> Result<()> {
        let known: Vec<&str> = self.headers.iter().map(String::as_str).collect();
        let picked = columns::pick(names, &known)?;
        let choose = |cells: &Vec<String>| {
            picked
                .iter()
                .map(|at| cells.get(*at).cloned().unwrap_or_default())
                .collect()
        };
        self.rows = self.rows.iter().map(choose).collect();
        self.headers = choose(&self.headers);
        Ok(())
    }

    /// Writes rows in the form of the format: aligned, or csv, tsv, md.
    pub(crate) fn write_as(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        if !matches!(format, Format::Csv | Format::Tsv | Format::Md) {
            return self.write(out, true);
        }
        if !self.headers.is_empty() {
            out.write_all(delimited::header(format, &self.headers).as_bytes())?;
        }
        let lines = self.lines.iter().map(|line| vec![line.clone()]);
        let rows = self.rows.iter().cloned().chain(lines);
        rows.map(|row| delimited::row(format, &row))
            .try_for_each(|line| out.write_all(line.as_bytes()))
    }

    /// Adds a row. Control characters are shown escaped, a missing cell is the caller's `<none>`.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(
            cells
                .into_iter()
                .map(|cell| escape_cell(cell.as_ref()))
                .collect(),
        );
    }

    /// Adds a line of text that belongs to no column; lines come after the rows.
    pub fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    /// Adds a `Key:  value` pair, for `describe`-like reports.
    pub fn pair(&mut self, key: &str, value: impl AsRef<str>) {
        self.row([format!("{key}:"), value.as_ref().to_owned()]);
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.lines.is_empty()
    }

    /// Writes the table, with its header line when `with_headers`.
    pub fn write(&self, out: &mut dyn Write, with_headers: bool) -> io::Result<()> {
        let show_headers = with_headers && !self.headers.is_empty();
        let widths = self.widths(show_headers);
        if show_headers {
            write_row(out, &self.headers, &widths)?;
        }
        for row in &self.rows {
            write_row(out, row, &widths)?;
        }
        for line in &self.lines {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    /// Width of every column, padding included.
    pub(crate) fn widths(&self, with_headers: bool) -> Vec<usize> {
        let mut widths = Vec::new();
        if with_headers {
            widen(&mut widths, &self.headers);
        }
        for row in &self.rows {
            widen(&mut widths, row);
        }
        widths
    }
}

pub(crate) fn widen(widths: &mut Vec<usize>, cells: &[String]) {
    if widths.len() < cells.len() {
        widths.resize(cells.len(), MIN_WIDTH);
    }
    for (width, cell) in widths.iter_mut().zip(cells) {
        *width = (*width).max(cell.width() + PADDING);
    }
}

pub(crate) fn write_row(out: &mut dyn Write, cells: &[String], widths: &[usize]) -> io::Result<()> {
    write_row_with(out, cells, widths, |_, cell| Cow::Borrowed(cell))
}

/// The same with colours: `paint` answers a cell as it is written, which takes no more room.
pub(super) fn write_row_with<'c>(
    out: &mut dyn Write,
    cells: &'c [String],
    widths: &[usize],
    paint: impl Fn(usize, &'c str) -> Cow<'c, str>,
) -> io::Result<()> {
    writeln!(out, "{}", aligned(cells, widths, paint))
}

/// A row as a line, without blanks at its end.
pub(super) fn aligned<'c>(
    cells: &'c [String],
    widths: &[usize],
    paint: impl Fn(usize, &'c str) -> Cow<'c, str>,
) -> String {
    let (mut line, mut blanks) = (String::new(), 0);
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if !cell.is_empty() {
            line.extend(std::iter::repeat_n(' ', blanks));
            line.push_str(&paint(at, cell));
            blanks = 0;
        }
        blanks += width.saturating_sub(cell.width());
    }
    // What a cell ends with is no more worth than what follows it.
    line.truncate(line.trim_end_matches(' ').len());
    line
}

/// A row for somebody who hears it: each cell after its header, and a pause.
pub(super) fn write_record(
    out: &mut dyn Write,
    headers: &[String],
    cells: &[String],
) -> io::Result<()> {
    for (header, cell) in headers.iter().zip(cells) {
        writeln!(out, "{}: {cell}", sentence_case(header))?;
    }
    writeln!(out)
}

fn sentence_case(header: &str) -> String {
    let mut letters = header.chars();
    let first: String = letters.by_ref().take(1).collect();
    first + &letters.as_str().to_lowercase()
}

/// Shows control characters as escapes, so that no name from a server can drive the terminal.
#[must_use]
pub fn escape_cell(cell: &str) -> String {
    if !cell.chars().any(char::is_control) {
        return cell.to_owned();
    }
    let mut shown = String::with_capacity(cell.len() + 4);
    for c in cell.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            c if c.is_control() => shown.extend(format!("\\x{:02x}", u32::from(c)).chars()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(table: &Table, headers: bool) -> String {
        let mut out = Vec::new();
        table.write(&mut out, headers).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_the_longest_cell_plus_three() {
        let mut table = Table::default();
        table.headers(["name", "cpus", "age"]);
        table.row(["web-1", "2", "5m"]);
        assert_eq!(
            text(&table, true),
            "NAME    CPUS   AGE\nweb-1   2      5m\n"
        );
        assert_eq!(text(&table, false), "web-1   2     5m\n");
    }

    #[test]
    fn wide_characters_count_double_and_trailing_blanks_go() {
        let mut table = Table::default();
        table.row(["日本", "x", ""]);
        table.row(["abc", "yy", ""]);
        assert_eq!(text(&table, true), "日本   x\nabc    yy\n");
    }

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(escape_cell("a\n\t\u{1b}[31m"), "a\\n\\t\\x1b[31m");
    }
}
