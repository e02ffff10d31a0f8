//! Printer columns: what of an object becomes a cell.

use jiff::Timestamp;
use nova_core::units::format_age;
use serde_json::{Value, json};

/// One column of a table.
pub(crate) struct Column {
    /// Header as discovery gives it; clients write it in capitals.
    pub(crate) name: &'static str,
    /// OpenAPI type of the cell.
    pub(crate) kind: &'static str,
    /// OpenAPI format; `name` marks the column that names the object.
    pub(crate) format: &'static str,
    /// Where the cell comes from, for clients that read objects.
    pub(crate) path: &'static str,
    /// 0 is always shown, more only in wide tables.
    pub(crate) priority: u8,
    /// What it says, for `--help` of generic clients.
    pub(crate) about: &'static str,
    /// How it is read.
    pub(crate) cell: Cell,
}

/// How a cell is read.
pub(crate) enum Cell {
    /// The value at a JSON pointer; absent shows as `<none>`.
    At(&'static str),
    /// The time since the timestamp at a pointer.
    Age(&'static str),
    /// Something that takes more than a lookup.
    By(fn(&Value) -> Value),
    /// The same where it is known what it looks at.
    Of(&'static [&'static str], fn(&Value) -> Value),
}

impl Column {
    /// A column of text that is always shown.
    pub(crate) const fn text(
        name: &'static str,
        path: &'static str,
        cell: Cell,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            kind: "string",
            format: "",
            path,
            priority: 0,
            about,
            cell,
        }
    }

    /// The same column with another type.
    pub(crate) const fn integer(self) -> Self {
        Self {
            kind: "integer",
            ..self
        }
    }

    /// The same column in wide tables only.
    pub(crate) const fn wide(self) -> Self {
        Self {
            priority: 1,
            ..self
        }
    }

    /// The name of the object.
    pub(crate) const fn name() -> Self {
        Self {
            name: "Name",
            kind: "string",
            format: "name",
            path: ".metadata.name",
            priority: 0,
            about: "Name of the object, unique in its namespace",
            cell: Cell::At("/metadata/name"),
        }
    }

    /// The age of the object.
    pub(crate) const fn age() -> Self {
        Self {
            name: "Age",
            kind: "date",
            format: "",
            path: ".metadata.creationTimestamp",
            priority: 0,
            about: "Time since the object was created",
            cell: Cell::Age("/metadata/creationTimestamp"),
        }
    }

    /// The cell of an object.
    pub(crate) fn of(&self, object: &Value, now: Timestamp) -> Value {
        match &self.cell {
            Cell::At(pointer) => match object.pointer(pointer) {
                None | Some(Value::Null) => json!("<none>"),
                Some(Value::Object(_) | Value::Array(_)) => json!("<complex>"),
                Some(value) => value.clone(),
            },
            Cell::Age(_) => json!(age(self.since(object), now)),
            Cell::By(read) | Cell::Of(_, read) => read(object),
        }
    }

    /// Whether it shows the time since something.
    pub(crate) fn is_age(&self) -> bool {
        matches!(self.cell, Cell::Age(_))
    }

    /// The time since which an age is counted.
    pub(crate) fn since(&self, object: &Value) -> Option<Timestamp> {
        match self.cell {
            Cell::Age(pointer) => object.pointer(pointer)?.as_str()?.parse().ok(),
            _ => None,
        }
    }

    /// JSON pointers of all that the cell is made from, where that is known.
    pub(crate) fn sources(&'static self) -> Option<&'static [&'static str]> {
        match &self.cell {
            Cell::At(pointer) | Cell::Age(pointer) => Some(std::slice::from_ref(pointer)),
            Cell::Of(pointers, _) => Some(pointers),
            Cell::By(_) => None,
        }
    }

    /// The entry of `columnDefinitions`.
    pub(crate) fn definition(&self) -> Value {
        json!({
            "name": self.name, "type": self.kind, "format": self.format, "description": self.about,
            "priority": self.priority,
        })
    }
}

/// What [`condition`] looks at.
pub(crate) const CONDITIONS: &[&str] =
    &["/status/conditions/*/type", "/status/conditions/*/status"];

/// The status of a condition, for columns like READY.
pub(crate) fn condition(object: &Value, wanted: &str) -> Value {
    let conditions = object
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let found = conditions
        .into_iter()
        .flatten()
        .find(|c| c["type"] == wanted);
    found.map_or_else(|| json!("<none>"), |c| c["status"].clone())
}

fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    since.map_or_else(
        || "<unknown>".to_owned(),
        |then| format_age(now.as_second() - then.as_second()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubernetes_writes_them() {
        let cases = [
            (-5, "<invalid>"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (3 * 3600 + 60, "3h1m"),
            (8 * 3600, "8h"),
            (48 * 3600, "2d"),
            (50 * 3600, "2d2h"),
            (192 * 3600, "8d"),
            (729 * 86_400, "729d"),
            (731 * 86_400, "2y1d"),
            (9 * 365 * 86_400, "9y"),
        ];
        let then: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (seconds, text) in cases {
            let now = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
            let now = now + jiff::SignedDuration::from_secs(seconds);
            assert_eq!(age(Some(then), now), text);
        }
    }

    #[test]
    fn a_missing_cell_is_none() {
        let column = Column::text("Phase", ".status.phase", Cell::At("/status/phase"), "");
        assert_eq!(column.of(&json!({}), Timestamp::UNIX_EPOCH), "<none>");
        let vm = json!({"status": {"phase": "Running"}});
        assert_eq!(column.of(&vm, Timestamp::UNIX_EPOCH), "Running");
    }
}
