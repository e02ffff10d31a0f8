//! Writes a listing as it arrives, in every format: JSON item by item, templates of lists at the end.

use std::io::Write;

use serde_json::Value;

use super::grid::{Frame, Grid};
use super::look::Look;
use super::render::{broken, encoding, flush, line, write_value};
use super::spec::{Layout, list_of};
use super::template::{Surroundings, Template};
use super::{Format, Item, Listing, Object, Output, Row, json, jsonpath::JsonPath, to_yaml};
use crate::{Context, Failure, Kind, Result};

/// Turns items into text; see [`ListWriter::finish`] for what closes the document.
pub(crate) struct ListWriter<'o> {
    output: &'o Output,
    format: Format,
    surroundings: Surroundings,
    pub(crate) listing: Listing,
    grid: Grid,
    /// Objects of a template that sees the whole list.
    whole: Vec<Value>,
    buffer: Vec<u8>,
    pub(crate) shown: usize,
}

impl<'o> ListWriter<'o> {
    pub(crate) fn new(output: &'o Output, surroundings: Surroundings, listing: Listing) -> Self {
        // A watch has no end, so there is no one document to close.
        let format = match output.format() {
            Format::Json if listing.watching => Format::Jsonl,
            format => format,
        };
        Self {
            output,
            format,
            surroundings,
            listing,
            grid: Grid::default(),
            whole: Vec::new(),
            buffer: Vec::new(),
            shown: 0,
        }
    }

    /// The same for a reader who has a screen.
    pub(crate) fn looking(mut self, look: Look) -> Self {
        self.grid.look = look;
        self
    }

    pub(crate) fn item(&mut self, item: Item, out: &mut dyn Write) -> Result<()> {
        match item {
            Item::Columns(columns) => self.grid.columns(
                Frame {
                    output: self.output,
                    listing: &self.listing,
                },
                columns,
            ),
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
        match (self.format, self.output.layout()) {
            (Format::Name, _) => line(out, &row.full_name),
            (Format::Json, _) => self.json_item(row, out),
            (Format::Jsonl, _) => self.json_line(event, row, out),
            (Format::Yaml, _) => self.yaml_item(event, row, out),
            (_, Layout::Path(_) | Layout::Template(_)) => {
                let document = self.document(event, row)?;
                if self.listing.single || self.listing.watching {
                    return self.by_template(&document, out);
                }
                self.whole.push(document);
                Ok(())
            }
            (_, Layout::Paths(columns)) => {
                self.grid.start();
                let document = self.document(event, row)?;
                let cells = columns.iter().map(|column| column.cell(&document));
                match cells.collect::<std::result::Result<Vec<_>, _>>() {
                    Ok(cells) => self.grid.row(
                        Frame {
                            output: self.output,
                            listing: &self.listing,
                        },
                        &cells,
                        out,
                    ),
                    Err(error) => {
                        // What was fine is still shown.
                        self.end_of_list(out)?;
                        Err(Failure::usage(format!("custom columns: {error}")))
                    }
                }
            }
            _ => {
                let frame = Frame {
                    output: self.output,
                    listing: &self.listing,
                };
                let cells = self.grid.cells(frame, event, row);
                self.grid.row(frame, &cells, out)
            }
        }
    }

    fn document(&self, event: &str, row: &Row) -> Result<Value> {
        let object = row
            .object
            .as_ref()
            .map(Object::to_value)
            .transpose()?
            .unwrap_or_default();
        if self.listing.with_events {
            return Ok(serde_json::json!({"type": event, "object": object}));
        }
        Ok(object)
    }

    fn by_template(&self, document: &Value, out: &mut dyn Write) -> Result<()> {
        print_layout(self.output, self.surroundings, document, out)
    }

    /// Items are written one by one, so that ten thousand never wait in memory.
    fn json_item(&mut self, row: &Row, out: &mut dyn Write) -> Result<()> {
        let raw = row.object.as_ref().map_or("null", Object::json);
        self.buffer.clear();
        if self.listing.single {
            json::write_raw(raw, Some(0), &mut self.buffer).context(Kind::Failed, encoding)?;
            self.buffer.push(b'\n');
        } else {
            let open = if self.shown == 1 { LIST_OPEN } else { ",\n" };
            self.buffer.extend_from_slice(open.as_bytes());
            self.buffer.extend_from_slice(b"        ");
            json::write_raw(raw, Some(2), &mut self.buffer).context(Kind::Failed, encoding)?;
        }
        out.write_all(&self.buffer).map_err(broken)
    }

    fn json_line(&mut self, event: &str, row: &Row, out: &mut dyn Write) -> Result<()> {
        let raw = row.object.as_ref().map_or("null", Object::json);
        self.buffer.clear();
        let (open, close) = if self.listing.with_events {
            ("{\"object\":", format!(",\"type\":\"{event}\"}}\n"))
        } else {
            ("", "\n".to_owned())
        };
        self.buffer.extend_from_slice(open.as_bytes());
        json::write_raw(raw, None, &mut self.buffer).context(Kind::Failed, encoding)?;
        self.buffer.extend_from_slice(close.as_bytes());
        out.write_all(&self.buffer).map_err(broken)
    }

    fn yaml_item(&mut self, event: &str, row: &Row, out: &mut dyn Write) -> Result<()> {
        let text = to_yaml(&self.document(event, row)?)?;
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
        self.grid.end_of_list(
            Frame {
                output: self.output,
                listing: &self.listing,
            },
            out,
        )
    }

    pub(crate) fn finish(&mut self, out: &mut dyn Write) -> Result<()> {
        self.end_of_list(out)?;
        let many = !self.listing.single;
        match self.format {
            Format::Json if many && self.shown == 0 => {
                write_value(Format::Json, &list_of(&[]), out)
            }
            Format::Json if many => out.write_all(LIST_CLOSE).map_err(broken),
            Format::Yaml if many && !self.listing.watching => {
                let open = if self.shown == 0 {
                    "apiVersion: v1\nitems: []\n"
                } else {
                    ""
                };
                writeln!(out, "{open}kind: List\nmetadata:\n  resourceVersion: \"\"")
                    .map_err(broken)
            }
            Format::JsonPath | Format::JsonPathAsJson | Format::GoTemplate
                if many && !self.listing.watching =>
            {
                let list = list_of(&self.whole);
                self.by_template(&list, out)
            }
            _ => Ok(()),
        }
    }
}

/// Writes what a template makes of a document, up to where it fails.
pub(crate) fn print_layout(
    output: &Output,
    surroundings: Surroundings,
    document: &Value,
    out: &mut dyn Write,
) -> Result<()> {
    match output.layout() {
        Layout::Path(path) => by_path(output.format(), path, document, out),
        Layout::Template(template) => by_template(template, surroundings, document, out),
        _ => Ok(()),
    }
}

fn by_path(format: Format, path: &JsonPath, document: &Value, out: &mut dyn Write) -> Result<()> {
    let text = match format {
        Format::JsonPathAsJson => path.print_json(document),
        _ => path.print(document),
    };
    let text = text.map_err(|error| Failure::usage(format!("jsonpath: {error}")))?;
    out.write_all(text.as_bytes()).map_err(broken)
}

fn by_template(
    template: &Template,
    surroundings: Surroundings,
    document: &Value,
    out: &mut dyn Write,
) -> Result<()> {
    let (text, end) = template.print(document, surroundings);
    out.write_all(text.as_bytes()).map_err(broken)?;
    end.map_err(|error| {
        // The error must not be glued to the text on a terminal.
        drop(out.flush());
        Failure::usage(format!("go-template: {error}"))
    })
}

const LIST_OPEN: &str = "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n";
const LIST_CLOSE: &[u8] =
    b"\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Column;
    use serde_json::json;

    fn row(name: &str, phase: &str) -> Row {
        Row {
            full_name: format!("virtualmachine.nova.dev/{name}"),
            cells: vec![name.into(), phase.into(), "u-1".into()],
            namespace: Some("default".into()),
            labels: vec![("b".into(), "2".into()), ("a".into(), "1".into())],
            object: Some(Object::from_value(&json!({"metadata": {"name": name}})).unwrap()),
            since: Vec::new(),
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
        let output = Output::from(format);
        let mut writer = ListWriter::new(&output, Surroundings::default(), listing);
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
            "NAMESPACE   NAME   PHASE     A     A     LABELS\ndefault     a      Running         1     a=1,b=2\n"
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
