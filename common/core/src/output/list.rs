//! Writes a listing as it arrives: tables, names, JSON item by item, YAML, JSON lines.

use std::io::Write;

use serde_json::Value;

use crate::output::render::{broken, encoding, flush, line, list_of, write_value};
use crate::output::table::{widen, write_row};
use crate::output::{Column, Format, Item, Listing, Row, escape_cell, json, to_yaml};
use crate::{Context, Kind, Result};

/// Turns items into text; see [`ListWriter::finish`] for what closes the document.
pub(crate) struct ListWriter {
    format: Format,
    pub(crate) listing: Listing,
    columns: Vec<Column>,
    /// Rows of a table wait until the list is complete, since widths depend on all of them.
    waiting: Vec<Vec<String>>,
    widths: Vec<usize>,
    headers_done: bool,
    list_done: bool,
    pub(crate) shown: usize,
}

impl ListWriter {
    pub(crate) fn new(format: Format, listing: Listing) -> Self {
        // A watch has no end, so there is no one document to close.
        let format = if listing.watching && format == Format::Json {
            Format::Jsonl
        } else {
            format
        };
        Self {
            format,
            listing,
            columns: Vec::new(),
            waiting: Vec::new(),
            widths: Vec::new(),
            headers_done: false,
            list_done: false,
            shown: 0,
        }
    }

    pub(crate) fn item(&mut self, item: Item, out: &mut dyn Write) -> Result<()> {
        match item {
            Item::Columns(columns) => {
                self.columns = columns;
                Ok(())
            }
            Item::Row(row) => self.row("ADDED", &row, out),
            Item::Event(kind, row) => {
                self.row(&kind, &row, out)?;
                flush(out)
            }
            Item::EndOfList => {
                self.end_of_list(out)?;
                flush(out)
            }
            Item::Failed(_) => Ok(()),
        }
    }

    fn row(&mut self, event: &str, row: &Row, out: &mut dyn Write) -> Result<()> {
        self.shown += 1;
        match self.format {
            Format::Table | Format::Wide => {
                let cells = self.cells(event, row);
                if self.list_done {
                    widen(&mut self.widths, &cells);
                    return write_row(out, &cells, &self.widths).map_err(broken);
                }
                self.waiting.push(cells);
                Ok(())
            }
            Format::Name => line(out, &row.full_name),
            Format::Json => self.json_item(row, out),
            Format::Yaml => self.yaml_item(event, row, out),
            Format::Jsonl => write_value(Format::Jsonl, &self.document(event, row), out),
        }
    }

    fn document(&self, event: &str, row: &Row) -> Value {
        let object = row.object.clone().unwrap_or_default();
        if self.listing.with_events {
            return serde_json::json!({"type": event, "object": object});
        }
        object
    }

    /// Items are written one by one, so that ten thousand never wait in memory.
    fn json_item(&mut self, row: &Row, out: &mut dyn Write) -> Result<()> {
        let object = row.object.as_ref().unwrap_or(&Value::Null);
        let text = json::to_pretty(object).context(Kind::Internal, encoding)?;
        if self.listing.single {
            return out.write_all(text.as_bytes()).map_err(broken);
        }
        let open = if self.shown == 1 { LIST_OPEN } else { ",\n" };
        let body = text.trim_end().replace('\n', "\n        ");
        write!(out, "{open}        {body}").map_err(broken)
    }

    fn yaml_item(&mut self, event: &str, row: &Row, out: &mut dyn Write) -> Result<()> {
        let text = to_yaml(&self.document(event, row))?;
        if self.listing.single {
            return out.write_all(text.as_bytes()).map_err(broken);
        }
        if self.listing.watching {
            return write!(out, "---\n{text}").map_err(broken);
        }
        let open = if self.shown == 1 {
            "apiVersion: v1\nitems:\n"
        } else {
            ""
        };
        writeln!(out, "{open}- {}", text.trim_end().replace('\n', "\n  ")).map_err(broken)
    }

    fn end_of_list(&mut self, out: &mut dyn Write) -> Result<()> {
        if self.list_done {
            return Ok(());
        }
        self.list_done = true;
        if !self.format.is_human() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.waiting);
        let headers = self.headers();
        let show = !self.listing.no_headers && (!rows.is_empty() || self.listing.watching);
        if show {
            widen(&mut self.widths, &headers);
        }
        if self.listing.with_events {
            // Room for the longest word, since later events share these widths.
            widen(&mut self.widths, &["MODIFIED".to_owned()]);
        }
        for row in &rows {
            widen(&mut self.widths, row);
        }
        if show && !self.headers_done {
            self.headers_done = true;
            write_row(out, &headers, &self.widths).map_err(broken)?;
        }
        rows.iter()
            .try_for_each(|row| write_row(out, row, &self.widths))
            .map_err(broken)
    }

    pub(crate) fn finish(&mut self, out: &mut dyn Write) -> Result<()> {
        self.end_of_list(out)?;
        match self.format {
            Format::Json if !self.listing.single && self.shown == 0 => {
                write_value(Format::Json, &list_of(&[]), out)
            }
            Format::Json if !self.listing.single => out.write_all(LIST_CLOSE).map_err(broken),
            Format::Yaml if !self.listing.single && !self.listing.watching => {
                let open = if self.shown == 0 {
                    "apiVersion: v1\nitems: []\n"
                } else {
                    ""
                };
                writeln!(out, "{open}kind: List\nmetadata:\n  resourceVersion: ''").map_err(broken)
            }
            _ => Ok(()),
        }
    }

    fn visible(&self) -> impl Iterator<Item = (usize, &Column)> {
        let wide = self.format == Format::Wide;
        self.columns
            .iter()
            .enumerate()
            .filter(move |(_, column)| wide || column.priority == 0)
    }

    fn headers(&self) -> Vec<String> {
        let own = self.visible().map(|(_, column)| column.name.to_uppercase());
        let labels = self
            .listing
            .label_columns
            .iter()
            .map(|key| label_header(key));
        let mut headers: Vec<String> = own.chain(labels).collect();
        if self.listing.with_namespace {
            headers.insert(0, "NAMESPACE".to_owned());
        }
        if self.listing.with_events {
            headers.insert(0, "EVENT".to_owned());
        }
        if self.listing.show_labels {
            headers.push("LABELS".to_owned());
        }
        headers
    }

    fn cells(&self, event: &str, row: &Row) -> Vec<String> {
        let mut cells: Vec<String> = self
            .visible()
            .map(|(at, _)| {
                row.cells
                    .get(at)
                    .map_or_else(|| "<none>".into(), |c| escape_cell(c))
            })
            .collect();
        if self.listing.show_kind && !cells.is_empty() {
            cells[0] = escape_cell(&row.full_name);
        }
        cells.extend(
            self.listing
                .label_columns
                .iter()
                .map(|key| label_of(row, key)),
        );
        if self.listing.with_namespace {
            cells.insert(0, row.namespace.clone().unwrap_or_default());
        }
        if self.listing.with_events {
            cells.insert(0, event.to_owned());
        }
        if self.listing.show_labels {
            cells.push(all_labels(row));
        }
        cells
    }
}

const LIST_OPEN: &str = "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n";
const LIST_CLOSE: &[u8] =
    b"\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n";

fn label_header(key: &str) -> String {
    key.rsplit('/').next().unwrap_or(key).to_uppercase()
}

fn label_of(row: &Row, key: &str) -> String {
    let found = row.labels.iter().find(|(name, _)| name == key);
    found.map_or_else(|| "<none>".to_owned(), |(_, value)| escape_cell(value))
}

fn all_labels(row: &Row) -> String {
    if row.labels.is_empty() {
        return "<none>".to_owned();
    }
    let mut pairs: Vec<String> = row.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    pairs.sort();
    escape_cell(&pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(name: &str, phase: &str) -> Row {
        Row {
            full_name: format!("virtualmachine.nova.dev/{name}"),
            cells: vec![name.into(), phase.into(), "u-1".into()],
            namespace: Some("default".into()),
            labels: vec![("b".into(), "2".into()), ("a".into(), "1".into())],
            object: Some(json!({"metadata": {"name": name}})),
        }
    }

    fn columns() -> Item {
        let column = |name: &str, priority| Column {
            name: name.into(),
            priority,
        };
        Item::Columns(vec![
            column("Name", 0),
            column("Phase", 0),
            column("Uid", 1),
        ])
    }

    fn render(format: Format, change: impl FnOnce(&mut Listing), items: Vec<Item>) -> String {
        let mut listing = Listing::new(std::iter::empty());
        change(&mut listing);
        let mut writer = ListWriter::new(format, listing);
        let mut out = Vec::new();
        for item in items {
            writer.item(item, &mut out).unwrap();
        }
        writer.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tables_show_wide_columns_only_when_asked() {
        let items = || vec![columns(), Item::Row(row("a", "Running"))];
        assert_eq!(
            render(Format::Table, |_| (), items()),
            "NAME   PHASE\na      Running\n"
        );
        assert_eq!(
            render(Format::Wide, |_| (), items()),
            "NAME   PHASE     UID\na      Running   u-1\n"
        );
    }

    #[test]
    fn columns_added_by_flags_stand_in_their_order() {
        let text = render(
            Format::Table,
            |l| {
                l.with_namespace = true;
                l.show_labels = true;
                l.label_columns = vec!["x.y/a".into(), "a".into()];
            },
            vec![columns(), Item::Row(row("a", "Running"))],
        );
        assert_eq!(
            text,
            "NAMESPACE   NAME   PHASE     A        A     LABELS\ndefault     a      Running   <none>   1     a=1,b=2\n"
        );
    }

    #[test]
    fn json_lists_parse_and_match_the_whole_document_form() {
        let rows = vec![
            columns(),
            Item::Row(row("a", "x")),
            Item::Row(row("b", "y")),
        ];
        let text = render(Format::Json, |_| (), rows);
        let objects = [
            json!({"metadata": {"name": "a"}}),
            json!({"metadata": {"name": "b"}}),
        ];
        assert_eq!(text, json::to_pretty(&list_of(&objects)).unwrap());
        assert_eq!(
            render(Format::Json, |_| (), vec![]),
            json::to_pretty(&list_of(&[])).unwrap()
        );
        let single = render(
            Format::Json,
            |l| l.single = true,
            vec![Item::Row(row("a", "x"))],
        );
        assert_eq!(single, json::to_pretty(&objects[0]).unwrap());
    }

    #[test]
    fn yaml_lists_read_back_as_a_list() {
        let text = render(
            Format::Yaml,
            |_| (),
            vec![Item::Row(row("a", "x")), Item::Row(row("b", "y"))],
        );
        let value: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(value["kind"], "List");
        assert_eq!(value["items"][1]["metadata"]["name"], "b");
        let empty: Value = serde_saphyr::from_str(&render(Format::Yaml, |_| (), vec![])).unwrap();
        assert_eq!(empty["items"], json!([]));
    }

    #[test]
    fn a_watch_goes_on_with_remembered_widths_and_json_lines() {
        let items = || {
            vec![
                columns(),
                Item::Row(row("a", "Running")),
                Item::EndOfList,
                Item::Event("DELETED".into(), row("a", "Gone")),
            ]
        };
        let table = render(
            Format::Table,
            |l| {
                l.watching = true;
                l.with_events = true;
            },
            items(),
        );
        assert_eq!(
            table,
            "EVENT      NAME   PHASE\nADDED      a      Running\nDELETED    a      Gone\n"
        );
        let json = render(Format::Json, |l| l.watching = true, items());
        assert_eq!(json, "{\"metadata\":{\"name\":\"a\"}}\n".repeat(2));
    }
}
