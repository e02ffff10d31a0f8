//! JSON as kubectl writes it: four spaces, sorted keys, Go's escapes and floats.

use std::io::{self, Write};

use super::reindent::reindent;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// One document, indented, with a final newline.
pub fn to_pretty(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = render(value, GoJson(PrettyFormatter::with_indent(b"    ")))?;
    text.push('\n');
    Ok(text)
}

/// One compact object without a newline.
pub fn to_line(value: &impl Serialize) -> serde_json::Result<String> {
    render(value, GoJson(CompactFormatter))
}

/// Writes the object of a list, indented at `level` or compact; most are copied, not parsed.
pub(crate) fn write_raw(
    raw: &str,
    level: Option<usize>,
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    if reindent(raw, level, out) {
        return Ok(());
    }
    let value: serde_json::Value = serde_json::from_str(raw)?;
    let text = match level {
        Some(level) => {
            let text = render(&value, GoJson(PrettyFormatter::with_indent(b"    ")))?;
            text.replace('\n', &format!("\n{}", "    ".repeat(level)))
        }
        None => to_line(&value)?,
    };
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn render<F: Formatter>(value: &impl Serialize, formatter: F) -> serde_json::Result<String> {
    // Through `Value`, whose maps are sorted; struct fields would keep their order otherwise.
    let sorted = serde_json::to_value(value)?;
    let mut bytes = Vec::with_capacity(256);
    sorted.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))?;
    String::from_utf8(bytes).map_err(|error| serde::ser::Error::custom(error.utf8_error()))
}

/// Adds Go's spelling of characters and floats to another formatter's layout.
struct GoJson<F>(F);

impl<F: Formatter> Formatter for GoJson<F> {
    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        // Go decodes what does not fit 64 signed bits as floating.
        match i64::try_from(value) {
            Ok(value) => self.0.write_i64(writer, value),
            #[expect(clippy::cast_precision_loss, reason = "as Go does")]
            Err(_) => self.write_f64(writer, value as f64),
        }
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(go_float(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut start = 0;
        for (at, c) in fragment.char_indices() {
            if matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') {
                writer.write_all(&fragment.as_bytes()[start..at])?;
                write!(writer, "\\u{:04x}", u32::from(c))?;
                start = at + c.len_utf8();
            }
        }
        writer.write_all(&fragment.as_bytes()[start..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_array(w)
    }
    fn end_array<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_array(w)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(w, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_array_value(w)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_object(w)
    }
    fn end_object<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_object(w)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(w, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_object_value(w)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_object_value(w)
    }
}

/// Go's `encoding/json`: plain between 1e-6 and 1e21, otherwise an exponent without padding.
fn go_float(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => {
            format!("{mantissa}e+{exponent}")
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_have_sorted_keys_and_four_spaces() {
        let text = to_pretty(&json!({"b": [1, {"c": null}], "a": {}, "e": []})).unwrap();
        let want = "{\n    \"a\": {},\n    \"b\": [\n        1,\n        {\n            \"c\": null\n        }\n    ],\n    \"e\": []\n}\n";
        assert_eq!(text, want);
    }

    #[test]
    fn characters_are_escaped_as_go_does() {
        assert_eq!(
            to_line(&json!("<a>&\u{2028}\"\n")).unwrap(),
            r#""\u003ca\u003e\u0026\u2028\"\n""#
        );
    }

    #[test]
    fn numbers_are_written_as_go_does() {
        let cases = [
            (1.0, "1"),
            (0.5, "0.5"),
            (1e21, "1e+21"),
            (1e-7, "1e-7"),
            (1e20, "100000000000000000000"),
            (-2.5e-9, "-2.5e-9"),
        ];
        for (value, text) in cases {
            assert_eq!(to_line(&json!(value)).unwrap(), text);
        }
        assert_eq!(
            to_line(&json!(9_007_199_254_740_993_i64)).unwrap(),
            "9007199254740993"
        );
    }
}
