//! The rows of a watched table, each under what it is about.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::Result;
use crate::output::grid::{Frame, Grid};
use crate::output::{Listing, Row, escape_cell, sort};

/// How long a deleted row is still seen.
const FAREWELL: Duration = Duration::from_secs(5);

fn key(row: &Row) -> String {
    format!(
        "{}/{}",
        row.namespace.as_deref().unwrap_or_default(),
        row.full_name
    )
}

/// A row as it is drawn.
pub(super) struct Entry {
    key: String,
    /// What it is sorted by.
    row: Row,
    pub(super) cells: Vec<String>,
    pub(super) ages: Vec<(usize, i64)>,
    pub(super) gone: Option<Instant>,
}

/// All rows, in the order in which they are shown.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) entries: Vec<Entry>,
    /// Where each entry stands.
    index: HashMap<String, usize>,
    /// The list is complete.
    pub(super) listed: bool,
}

impl Rows {
    /// Marks a row as deleted; it stays for a moment.
    pub(super) fn part_with(&mut self, row: &Row) {
        let known = self.index.get(&key(row)).copied();
        if let Some(entry) = known.and_then(|at| self.entries.get_mut(at)) {
            entry.gone = Some(Instant::now());
        }
    }

    pub(super) fn put(&mut self, frame: Frame<'_>, grid: &Grid, row: Row) {
        let cells = grid.cells(frame, "", &row);
        let entry = Entry {
            key: key(&row),
            cells: cells.iter().map(|cell| escape_cell(cell)).collect(),
            ages: grid.ages(frame, &row),
            gone: None,
            row,
        };
        if let Some(at) = self.index.get(&entry.key) {
            self.entries[*at] = entry;
        } else {
            self.index.insert(entry.key.clone(), self.entries.len());
            self.entries.push(entry);
        }
    }

    /// Puts them into the order that is wanted, once there are all.
    pub(super) fn sort(&mut self, listing: &Listing) -> Result<()> {
        let Some(path) = listing.sort_by.as_ref().filter(|_| self.listed) else {
            return Ok(());
        };
        if self.entries.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<Row> = self.entries.iter().map(|entry| entry.row.clone()).collect();
        sort::sort(&mut rows, path, listing.reverse)?;
        let places: HashMap<String, usize> = rows.iter().map(key).zip(0..).collect();
        self.entries
            .sort_by_key(|entry| places.get(&entry.key).copied());
        self.index = places;
        Ok(())
    }

    /// Drops what was deleted long enough ago.
    pub(super) fn forget(&mut self) {
        let before = self.entries.len();
        let stays = |entry: &Entry| entry.gone.is_none_or(|since| since.elapsed() < FAREWELL);
        self.entries.retain(stays);
        if self.entries.len() != before {
            let keys = self.entries.iter().map(|entry| entry.key.clone());
            self.index = keys.zip(0..).collect();
        }
    }
}
