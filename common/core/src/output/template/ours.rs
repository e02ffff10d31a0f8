//! Functions that kubectl lacks, with the names and meaning they have in gh.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

use super::funcs::{Function, Made, function};
use super::value::Val;
use super::{Surroundings, text};
use crate::output::{json, table, to_yaml};
use crate::units::format_age;

/// What functions share during one run.
pub(super) struct Runtime {
    surroundings: Surroundings,
    rows: Vec<Vec<String>>,
}

impl Runtime {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            rows: Vec::new(),
        }
    }
}

pub(super) static FUNCTIONS: &[Function] = &[
    function("join", 2, Some(2), |_, args| {
        let items: Vec<String> = list(&args[1])?
            .iter()
            .map(|item| Val::borrowed(item).printed())
            .collect();
        Ok(Val::text(items.join(string(&args[0])?)))
    }),
    function("pluck", 2, Some(2), |_, args| {
        let key = string(&args[0])?;
        let pick = |item: &Value| item.get(key).cloned().unwrap_or_default();
        Ok(Val::from(Value::Array(
            list(&args[1])?.iter().map(pick).collect(),
        )))
    }),
    function("timeago", 1, Some(1), |runtime, args| {
        let at = time(&args[0])?;
        Ok(Val::text(format_age(
            runtime.surroundings.now.as_second() - at.as_second(),
        )))
    }),
    function("timefmt", 2, Some(2), |_, args| {
        let at = time(&args[1])?;
        Ok(Val::text(
            at.strftime(&layout(string(&args[0])?)).to_string(),
        ))
    }),
    function("truncate", 2, Some(2), |_, args| {
        let most = args[0].int().and_then(|most| usize::try_from(most).ok());
        let most = most.ok_or("expected a length")?;
        let text = if args[1].is_nil() {
            ""
        } else {
            string(&args[1])?
        };
        Ok(Val::text(shortened(text, most)))
    }),
    function("tablerow", 0, None, |runtime, args| {
        let cells = args
            .iter()
            .map(|arg| table::escape_cell(&arg.printed()))
            .collect();
        runtime.rows.push(cells);
        Ok(Val::text(""))
    }),
    function("tablerender", 0, Some(0), |runtime, _| {
        let mut widths = Vec::new();
        runtime
            .rows
            .iter()
            .for_each(|row| table::widen(&mut widths, row));
        let mut out = Vec::new();
        for row in std::mem::take(&mut runtime.rows) {
            table::write_row(&mut out, &row, &widths).map_err(|error| error.to_string())?;
        }
        Ok(Val::text(String::from_utf8_lossy(&out)))
    }),
    function("hyperlink", 2, Some(2), |runtime, args| {
        let (address, text) = (string(&args[0])?, string(&args[1])?);
        let text = if text.is_empty() { address } else { text };
        if !runtime.surroundings.color {
            return Ok(Val::text(text));
        }
        Ok(Val::text(format!(
            "\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\"
        )))
    }),
    function("color", 2, Some(2), |_, args| painted(args)),
    function("autocolor", 2, Some(2), |runtime, args| {
        if runtime.surroundings.color {
            painted(args)
        } else {
            Ok(Val::text(args[1].printed()))
        }
    }),
    function("toJson", 1, Some(1), |_, args| {
        json::to_line(&args[0].clone().into_json())
            .map(Val::text)
            .map_err(|error| error.to_string())
    }),
    function("toYaml", 1, Some(1), |_, args| {
        let text = to_yaml(&args[0].clone().into_json()).map_err(|error| error.to_string())?;
        Ok(Val::text(text.trim_end()))
    }),
    function("quote", 1, Some(1), |_, args| {
        Ok(Val::text(text::quote(&args[0].printed(), false)))
    }),
];

fn string<'v>(value: &'v Val<'_>) -> Result<&'v str, String> {
    value
        .str()
        .ok_or_else(|| format!("wrong type; expected string; got {}", value.type_name()))
}

fn list<'v>(value: &'v Val<'_>) -> Result<&'v [Value], String> {
    match value.json() {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(&[]),
        _ => Err(format!(
            "wrong type; expected list; got {}",
            value.type_name()
        )),
    }
}

fn time(value: &Val<'_>) -> Result<Timestamp, String> {
    let text = string(value)?;
    text.parse()
        .map_err(|_| format!("`{text}` is not a time such as 2025-01-02T03:04:05Z"))
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most || most == 0 {
        return text.chars().take(most).collect();
    }
    let mut kept: String = text.chars().take(most - 1).collect();
    kept.push('…');
    kept
}

/// Styles as `red`, `bold+green`, `dim`.
fn painted<'a>(args: &[Val<'a>]) -> Made<'a> {
    let (style, shown) = (string(&args[0])?, args[1].printed());
    let mut codes = String::new();
    for word in style.split(['+', ' ', ',']).filter(|word| !word.is_empty()) {
        let code = match word {
            "bold" | "b" => "1",
            "dim" | "d" => "2",
            "underline" | "u" => "4",
            "inverse" | "i" => "7",
            "black" => "30",
            "red" => "31",
            "green" => "32",
            "yellow" => "33",
            "blue" => "34",
            "magenta" => "35",
            "cyan" => "36",
            "white" => "37",
            "gray" | "grey" | "black+h" => "90",
            _ => return Err(format!("unknown style `{word}`")),
        };
        let separator = if codes.is_empty() { "" } else { ";" };
        // Writing to a String cannot fail.
        let _ = write!(codes, "{separator}{code}");
    }
    Ok(Val::text(format!("\x1b[{codes}m{shown}\x1b[0m")))
}

/// Go's layout by example, as `strftime` directives.
fn layout(go: &str) -> String {
    const PARTS: [(&str, &str); 26] = [
        ("January", "%B"),
        ("Monday", "%A"),
        ("2006", "%Y"),
        ("Z07:00", "Z"),
        ("-07:00", "+00:00"),
        ("-0700", "+0000"),
        ("MST", "UTC"),
        ("Jan", "%b"),
        ("Mon", "%a"),
        (".000000000", "%.9f"),
        (".000000", "%.6f"),
        (".000", "%.3f"),
        ("002", "%j"),
        ("01", "%m"),
        ("02", "%d"),
        ("03", "%I"),
        ("04", "%M"),
        ("05", "%S"),
        ("06", "%y"),
        ("15", "%H"),
        ("PM", "%p"),
        ("pm", "%P"),
        ("_2", "%e"),
        ("1", "%-m"),
        ("2", "%-d"),
        ("3", "%-I"),
    ];
    let (mut out, mut rest) = (String::new(), go);
    while let Some(c) = rest.chars().next() {
        if let Some((part, directive)) = PARTS.iter().find(|(part, _)| rest.starts_with(part)) {
            out.push_str(directive);
            rest = &rest[part.len()..];
        } else {
            out.push_str(if c == '%' { "%" } else { "" });
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}
