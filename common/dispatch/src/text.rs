//! Making foreign text safe to print, and laying out columns.

use std::ffi::OsStr;
use std::fmt::Write;

/// `text` with control characters escaped, so that a name cannot drive the terminal.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => write!(out, "\\x{:02x}", u32::from(c)).unwrap_or_default(),
            c => out.push(c),
        }
    }
    out
}

/// As [`plain`], for arguments and paths that may not be UTF-8.
pub(crate) fn plain_os(text: impl AsRef<OsStr>) -> String {
    plain(&text.as_ref().to_string_lossy())
}

/// The first line of `text`, cut to `width` columns.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    let line = plain(text.lines().next().unwrap_or_default());
    if line.chars().count() <= width {
        return line;
    }
    let cut: String = line.chars().take(width.saturating_sub(1)).collect();
    cut + "…"
}

/// The system's words for an error, without Rust's error number.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text[..1].to_lowercase() + &text[1..]
}

/// Rows as columns three blanks apart, indented by two; no blanks at line ends.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            write!(line, " {cell:<width$}  ").unwrap_or_default();
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(plain("a\x1b[31mb\n"), "a\\x1b[31mb\\n");
    }

    #[test]
    fn long_lines_are_cut_and_further_lines_dropped() {
        assert_eq!(one_line("abcdef\nrest", 4), "abc…");
    }

    #[test]
    fn columns_line_up_without_trailing_blanks() {
        let rows = [
            vec!["a".into(), "one".into()],
            vec!["long".into(), String::new()],
        ];
        assert_eq!(columns(&rows), "  a      one\n  long\n");
    }
}
