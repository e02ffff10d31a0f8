//! Rows for spreadsheets and documents: CSV, TSV and Markdown.

use std::fmt::Write;

use crate::output::Format;

/// One row as a line of the format, line end included.
pub(super) fn row(format: Format, cells: &[String]) -> String {
    let mut line = String::new();
    let (start, between, end) = match format {
        Format::Csv => ("", ",", "\n"),
        Format::Md => ("| ", " | ", " |\n"),
        _ => ("", "\t", "\n"),
    };
    line.push_str(start);
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            line.push_str(between);
        }
        match format {
            Format::Csv => csv(cell, &mut line),
            Format::Md => markdown(cell, &mut line),
            _ => tsv(cell, &mut line),
        }
    }
    line.push_str(end);
    line
}

/// The header row, and what follows it in the format.
pub(super) fn header(format: Format, cells: &[String]) -> String {
    let mut text = row(format, cells);
    if format == Format::Md {
        text.push('|');
        text.push_str(&" --- |".repeat(cells.len()));
        text.push('\n');
    }
    text
}

/// RFC 4180 but for the line end, which is that of every other output: quotes where the cell holds a separator, a quote or a line end.
fn csv(cell: &str, line: &mut String) {
    let risky =
        cell.contains(['"', ',', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ');
    if risky {
        // Writing to a String cannot fail.
        let _ = write!(line, "\"{}\"", cell.replace('"', "\"\""));
    } else {
        line.push_str(cell);
    }
}

fn tsv(cell: &str, line: &mut String) {
    for c in cell.chars() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            c => line.push(c),
        }
    }
}

fn markdown(cell: &str, line: &mut String) {
    for c in cell.chars() {
        match c {
            '|' => line.push_str("\\|"),
            '\n' | '\r' => line.push(' '),
            c => line.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Vec<String> {
        ["a,b", "say \"x\"", "t\tb\\|", "l\nm", "plain"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn every_format_escapes_its_separators() {
        assert_eq!(
            row(Format::Csv, &cells()),
            "\"a,b\",\"say \"\"x\"\"\",t\tb\\|,\"l\nm\",plain\n"
        );
        assert_eq!(
            row(Format::Tsv, &cells()),
            "a,b\tsay \"x\"\tt\\tb\\\\|\tl\\nm\tplain\n"
        );
        assert_eq!(
            row(Format::Md, &cells()),
            "| a,b | say \"x\" | t\tb\\\\| | l m | plain |\n"
        );
        let header = header(Format::Md, &["A".to_owned(), "B".to_owned()]);
        assert_eq!(header, "| A | B |\n| --- | --- |\n");
    }
}
