//! A table that is wider than the screen: less important columns go, then long cells lose their middle.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::table::{PADDING, widen};

/// A column, as far as its width goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// What stands above it.
    pub(super) name: String,
    /// 0 is always shown; the larger ones go first.
    pub(super) priority: u32,
}

/// Cells are never made shorter than this.
const SHORTEST: usize = 12;

/// Which columns stay, and how wide their cells may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fit {
    kept: Vec<usize>,
    limits: Vec<usize>,
}

impl Fit {
    /// What makes these rows fit, as far as it can be done.
    pub(super) fn of(
        heads: &[Head],
        rows: &[Vec<String>],
        with_headers: bool,
        width: usize,
    ) -> Self {
        let mut widths = Vec::new();
        if with_headers {
            let names: Vec<String> = heads.iter().map(|head| head.name.clone()).collect();
            widen(&mut widths, &names);
        }
        for row in rows {
            widen(&mut widths, row);
        }
        widths.resize(heads.len(), 0);
        let mut fit = Self {
            kept: (0..heads.len()).collect(),
            limits: vec![usize::MAX; heads.len()],
        };
        fit.drop_columns(heads, &widths, width);
        fit.shorten_columns(heads, &mut widths, width);
        fit
    }

    /// The least important columns go; of equal ones the last.
    fn drop_columns(&mut self, heads: &[Head], widths: &[usize], width: usize) {
        while self.total(widths) > width {
            let candidates = self.kept.iter().filter(|at| heads[**at].priority > 0);
            let Some(least) = candidates
                .copied()
                .max_by_key(|at| (heads[*at].priority, *at))
            else {
                return;
            };
            self.kept.retain(|at| *at != least);
        }
    }

    /// The widest columns lose what is too much, each down to where it is still worth reading.
    fn shorten_columns(&mut self, heads: &[Head], widths: &mut [usize], width: usize) {
        loop {
            let excess = self.total(widths).saturating_sub(width);
            let long =
                |at: &&usize| !is_key(&heads[**at].name) && widths[**at] > SHORTEST + PADDING;
            let widest = self
                .kept
                .iter()
                .filter(long)
                .copied()
                .max_by_key(|at| widths[*at]);
            let Some(at) = widest.filter(|_| excess > 0) else {
                return;
            };
            // One at a time down to the next widest, so that several share the loss.
            let others = self
                .kept
                .iter()
                .filter(|other| **other != at && !is_key(&heads[**other].name));
            let next = others
                .map(|other| widths[*other])
                .filter(|other| *other < widths[at])
                .max();
            let floor = next.unwrap_or(0).max(SHORTEST + PADDING);
            widths[at] = widths[at]
                .saturating_sub(excess)
                .max(floor.min(widths[at] - 1));
            self.limits[at] = widths[at] - PADDING;
        }
    }

    /// What a row takes; the last column needs no blanks behind it.
    fn total(&self, widths: &[usize]) -> usize {
        let all: usize = self.kept.iter().map(|at| widths[*at]).sum();
        all.saturating_sub(PADDING)
    }

    /// The cells that stay, each within its limit.
    pub(super) fn cut(&self, cells: &[String], unicode: bool) -> Vec<String> {
        let cell = |at: &usize| {
            cells
                .get(*at)
                .map(|cell| shortened(cell, self.limits[*at], unicode))
        };
        self.kept.iter().filter_map(cell).collect()
    }
}

/// Names are what people copy.
fn is_key(header: &str) -> bool {
    matches!(header, "NAME" | "UID" | "NAMESPACE" | "CONTEXT" | "ID")
}

/// A text without its middle, where it is wider than the limit.
fn shortened(text: &str, limit: usize, unicode: bool) -> String {
    if text.width() <= limit {
        return text.to_owned();
    }
    let mark = if unicode { "…" } else { ".." };
    let room = limit.saturating_sub(mark.width());
    let head = taken(text.chars(), room.div_ceil(2));
    let tail: String = taken(text.chars().rev(), room / 2);
    let tail: String = tail.chars().rev().collect();
    format!("{head}{mark}{tail}")
}

/// As many characters as the room holds.
fn taken(chars: impl Iterator<Item = char>, room: usize) -> String {
    let mut left = room;
    chars
        .take_while(|c| {
            let width = c.width().unwrap_or(0);
            let fits = width <= left;
            left = left.saturating_sub(width);
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(columns: &[(&str, u32)]) -> Vec<Head> {
        let head = |(name, priority): &(&str, u32)| Head {
            name: (*name).to_owned(),
            priority: *priority,
        };
        columns.iter().map(head).collect()
    }

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn a_table_that_fits_stays() {
        let heads = heads(&[("NAME", 0), ("MESSAGE", 1)]);
        let cells = row(&["web", "a message of some length"]);
        let fit = Fit::of(&heads, std::slice::from_ref(&cells), true, 80);
        assert_eq!(fit.cut(&cells, true), cells);
    }

    #[test]
    fn less_important_columns_go_first_then_the_widest_cells_lose_their_middle() {
        let heads = heads(&[("NAME", 0), ("MESSAGE", 0), ("NODE", 1), ("KERNEL", 2)]);
        let cells = row(&[
            "a-name-that-is-long",
            "the quick brown fox jumps over it",
            "box",
            "6.1.0-56-cloud",
        ]);
        let cut = |width: usize| {
            Fit::of(&heads, std::slice::from_ref(&cells), true, width).cut(&cells, true)
        };
        assert_eq!(
            cut(70),
            row(&[
                "a-name-that-is-long",
                "the quick brown fox jumps over it",
                "box"
            ])
        );
        assert_eq!(
            cut(60),
            row(&["a-name-that-is-long", "the quick brown fox jumps over it"])
        );
        assert_eq!(
            cut(45),
            row(&["a-name-that-is-long", "the quick b…mps over it"])
        );
        // Below that it overflows rather than say nothing.
        assert_eq!(cut(20), row(&["a-name-that-is-long", "the qu…er it"]));
    }

    #[test]
    fn wide_characters_count_twice_and_ascii_screens_get_dots() {
        assert_eq!(shortened("世界世界世界世界", 9, true), "世界…世界");
        assert_eq!(shortened("abcdefghijklmnop", 12, false), "abcde..lmnop");
        assert_eq!(shortened("short", 12, true), "short");
    }
}
