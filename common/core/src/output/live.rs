//! A watched table on a terminal: rows change where they stand, ages go on, what was deleted stays
//! for a moment.
//!
//! Items are taken as they come; a thread draws what they made of the board, so that clocks tick and
//! old rows go while nothing happens. The cursor rests below the table, so an end at any time leaves
//! a tidy screen.

mod rows;

use std::borrow::Cow;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthStr;

use super::fit::{Fit, Head};
use super::grid::{Frame, Grid};
use super::look::{DIM, Look, is_state, painted};
use super::spec::Layout;
use super::table::{aligned, widen};
use super::{Format, Item, Listing};
use crate::report::paint;
use crate::{Cx, Failure, Kind, Result, term, units};
use rows::{Entry, Rows};

/// Changes are drawn at this pace.
const FRAME: Duration = Duration::from_millis(100);
/// Ages are drawn again at this one.
const TICK: Duration = Duration::from_secs(1);

/// Whether a listing is shown as a table that changes in place.
pub(super) fn suits(cx: &Cx, listing: &Listing) -> bool {
    let terminal = cx.terminal();
    let screen = terminal.stdout && !terminal.dumb && !terminal.ci && !cx.accessible();
    let table = cx.format().is_human() && !matches!(cx.output().layout(), Layout::Paths(_));
    let plain = listing.watching && !listing.append && !listing.with_events;
    screen && table && plain && !cx.is_silent() && cx.format() != Format::Name
}

/// Shows a listing until it ends.
pub(super) fn follow(cx: &Cx, mut listing: Listing) -> Result<()> {
    let items = std::mem::replace(&mut listing.items, Box::new(std::iter::empty()));
    let frame = Frame {
        output: cx.output(),
        listing: &listing,
    };
    let board = Mutex::new(Board::new(Look::of(cx), &listing));
    let over = AtomicBool::new(false);
    let (mut grid, mut failures) = (Grid::default(), Vec::new());
    let ended = std::thread::scope(|scope| {
        scope.spawn(|| draw_until(&board, &over));
        let ended = items.into_iter().try_for_each(|item| match item? {
            Item::Columns(columns) => {
                grid.columns(frame, columns)?;
                lock(&board).heads = grid.heads(frame);
                Ok(())
            }
            Item::Failed(failure) => {
                failures.push(failure);
                Ok(())
            }
            item => lock(&board).take(frame, &grid, item),
        });
        over.store(true, Ordering::SeqCst);
        ended
    });
    lock(&board).draw();
    ended?;
    for failure in &failures {
        cx.report(failure);
    }
    let kinds: Vec<Kind> = failures.iter().map(Failure::kind).collect();
    match Kind::of_many(lock(&board).rows.entries.len(), &kinds) {
        None => Ok(()),
        Some(kind) => Err(Failure::silent(kind.code())),
    }
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

fn draw_until(board: &Mutex<Board>, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        std::thread::sleep(FRAME);
        let mut board = lock(board);
        if board.is_due() {
            board.draw();
        }
    }
}

/// What is on the screen.
struct Board {
    look: Look,
    no_headers: bool,
    no_trunc: bool,
    heads: Vec<Head>,
    rows: Rows,
    /// Width of each line on the screen.
    drawn: Vec<usize>,
    changed: bool,
    last: Instant,
}

impl Board {
    fn new(look: Look, listing: &Listing) -> Self {
        Self {
            look,
            no_headers: listing.no_headers,
            no_trunc: listing.no_trunc,
            heads: Vec::new(),
            rows: Rows::default(),
            drawn: Vec::new(),
            changed: false,
            last: Instant::now(),
        }
    }

    fn take(&mut self, frame: Frame<'_>, grid: &Grid, item: Item) -> Result<()> {
        match item {
            Item::EndOfList => self.rows.listed = true,
            Item::Event(kind, row) if kind == "DELETED" => self.rows.part_with(&row),
            Item::Row(row) | Item::Event(_, row) => self.rows.put(frame, grid, row),
            Item::Columns(_) | Item::Failed(_) => {}
        }
        self.changed = self.rows.listed;
        self.rows.sort(frame.listing)
    }

    fn is_due(&self) -> bool {
        self.changed || (!self.drawn.is_empty() && self.last.elapsed() >= TICK)
    }

    /// Replaces what is on the screen, in one write.
    fn draw(&mut self) {
        self.rows.forget();
        let (width, height) = term::size_of_stdout();
        let lines = self.lines(width, height);
        let mut text = erasing(&self.drawn, width);
        for (line, _) in &lines {
            text.push_str(line);
            text.push('\n');
        }
        self.drawn = lines.iter().map(|(_, width)| *width).collect();
        self.changed = false;
        self.last = Instant::now();
        let mut out = std::io::stdout().lock();
        // A terminal that is gone needs no table.
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// The lines of the table, as many as the screen holds, with the width of each.
    fn lines(&self, width: usize, height: usize) -> Vec<(String, usize)> {
        if self.rows.entries.is_empty() {
            return Vec::new();
        }
        let room = height.saturating_sub(3).max(1);
        let more = self.rows.entries.len().saturating_sub(room);
        let shown = self.rows.entries.iter().take(room);
        let rows: Vec<Vec<String>> = shown.map(|entry| self.cells(entry)).collect();
        let fit_width = if self.no_trunc { usize::MAX } else { width };
        let fit = Fit::of(&self.heads, &rows, !self.no_headers, fit_width);
        let cut = |cells: &Vec<String>| fit.cut(cells, self.look.unicode);
        let names: Vec<String> = self.heads.iter().map(|head| head.name.clone()).collect();
        let titles = cut(&names);
        let rows: Vec<Vec<String>> = rows.iter().map(cut).collect();
        let mut widths = Vec::new();
        if !self.no_headers {
            widen(&mut widths, &titles);
        }
        for row in &rows {
            widen(&mut widths, row);
        }
        let mut lines = Vec::new();
        if !self.no_headers {
            lines.push(self.line(&titles, &titles, &widths, false));
        }
        for (cells, entry) in rows.iter().zip(&self.rows.entries) {
            lines.push(self.line(&titles, cells, &widths, entry.gone.is_some()));
        }
        if more > 0 {
            let text = format!("and {more} more");
            lines.push((text.clone(), text.width()));
        }
        lines
    }

    /// The cells of a row now.
    fn cells(&self, row: &Entry) -> Vec<String> {
        let now = jiff::Timestamp::now().as_second();
        let mut cells = row.cells.clone();
        for (at, since) in &row.ages {
            if let Some(cell) = cells.get_mut(*at) {
                *cell = units::format_age(now - since);
            }
        }
        if row.gone.is_some() {
            let state = self.heads.iter().position(|head| is_state(&head.name));
            if let Some(cell) = state.and_then(|at| cells.get_mut(at)) {
                "Deleted".clone_into(cell);
            }
        }
        cells
    }

    fn line(
        &self,
        titles: &[String],
        cells: &[String],
        widths: &[usize],
        gone: bool,
    ) -> (String, usize) {
        let plain = aligned(cells, widths, |_, cell| Cow::Borrowed(cell));
        let width = plain.width();
        if gone {
            return (paint(self.look.color, DIM, &plain), width);
        }
        let text = aligned(cells, widths, |at, cell| match titles.get(at) {
            Some(title) if is_state(title) && cell != title => painted(self.look, cell),
            _ => Cow::Borrowed(cell),
        });
        (text, width)
    }
}

/// Moves to where the table began and clears from there.
fn erasing(drawn: &[usize], width: usize) -> String {
    match term::rows_of(drawn, width) {
        0 => String::new(),
        rows => format!("\r\x1b[{rows}A\x1b[J"),
    }
}
