//! Lists, gets and watches: columns plus rows that arrive one by one.

use super::Object;
use super::jsonpath::JsonPath;
use crate::Failure;

/// One column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Header, shown in upper case.
    pub name: String,
    /// 0 is always shown, more only in `wide`.
    pub priority: u32,
}

/// One object of a list.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// `kind.group/name`, for `-o name`.
    pub full_name: String,
    /// One cell per column, in column order.
    pub cells: Vec<String>,
    /// Namespace of the object, for `-A`.
    pub namespace: Option<String>,
    /// Labels, for `--show-labels` and `-L`.
    pub labels: Vec<(String, String)>,
    /// The whole object, where the format needs it.
    pub object: Option<Object>,
    /// Which cells are ages, and since when each counts, in seconds of Unix time: they go on in a
    /// watch that is redrawn.
    pub since: Vec<(usize, i64)>,
}

/// What a listing yields.
#[derive(Debug)]
pub enum Item {
    /// The columns; come before the first row and may come again when they change.
    Columns(Vec<Column>),
    /// A row of the list.
    Row(Row),
    /// A change after the list: `ADDED`, `MODIFIED` or `DELETED`.
    Event(String, Row),
    /// One named object could not be read; the rest goes on.
    Failed(Failure),
    /// The list is complete; only events follow.
    EndOfList,
}

/// A list, get or watch that the renderer consumes as it arrives.
///
/// The iterator blocks for the next item. A failed item ends the output with that failure; named
/// objects that are missing come as [`Item::Failed`] instead.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Listing {
    /// Where items come from.
    pub items: Box<dyn Iterator<Item = Result<Item, Failure>> + Send>,
    /// One named object: printed by itself instead of inside a list.
    pub single: bool,
    /// What stderr says when there is nothing: `No resources found in default namespace.`
    pub empty: String,
    /// Show the namespace as the first column.
    pub with_namespace: bool,
    /// Leave the header line out.
    pub no_headers: bool,
    /// Show all labels as the last column.
    pub show_labels: bool,
    /// Label keys shown as columns.
    pub label_columns: Vec<String>,
    /// Show the event type as the first column of a watch.
    pub with_events: bool,
    /// Show names as `kind.group/name`.
    pub show_kind: bool,
    /// The listing goes on as a watch, so JSON is written as lines.
    pub watching: bool,
    /// Rows are sorted by this field before they are shown; they then come with their objects.
    pub sort_by: Option<JsonPath>,
    /// The sorted order is reversed.
    pub reverse: bool,
    /// `Item::Failed` of a missing object is passed over in silence.
    pub ignore_missing: bool,
    /// Rows are never cut to the width of the screen.
    pub no_trunc: bool,
    /// Changes of a watch are lines of their own, also on a terminal.
    pub append: bool,
}

impl Listing {
    /// A plain list over `items`.
    #[must_use]
    pub fn new(items: impl Iterator<Item = Result<Item, Failure>> + Send + 'static) -> Self {
        Self {
            items: Box::new(items),
            single: false,
            empty: "No resources found".to_owned(),
            with_namespace: false,
            no_headers: false,
            show_labels: false,
            label_columns: Vec::new(),
            with_events: false,
            show_kind: false,
            watching: false,
            sort_by: None,
            reverse: false,
            ignore_missing: false,
            no_trunc: false,
            append: false,
        }
    }
}

impl std::fmt::Debug for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing")
            .field("single", &self.single)
            .finish_non_exhaustive()
    }
}
