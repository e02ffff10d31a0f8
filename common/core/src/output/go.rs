//! Values as Go's `%v` prints them, which is what kubectl's templates and columns show.

use std::fmt::Write;

use serde_json::{Number, Value};

/// A number as Go holds it after decoding: integers of 64 bits, everything else floating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum GoNumber {
    Int(i64),
    Float(f64),
}

impl GoNumber {
    pub(crate) fn of(number: &Number) -> Self {
        match number.as_i64() {
            Some(int) => Self::Int(int),
            None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "mixed comparisons are floating, as documented"
    )]
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// Order of two numbers, whether integer or floating.
    pub(crate) fn compare(self, other: Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}

/// `%v` of a value; `<nil>` for null.
pub(crate) fn print(value: &Value) -> String {
    let mut text = String::new();
    print_into(value, &mut text);
    text
}

pub(crate) fn print_into(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::String(text) => out.push_str(text),
        Value::Number(number) => out.push_str(&print_number(number)),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                print_into(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push_str("map[");
            for (at, (key, item)) in fields.iter().enumerate() {
                let blank = if at > 0 { " " } else { "" };
                // Writing to a String cannot fail.
                let _ = write!(out, "{blank}{key}:");
                print_into(item, out);
            }
            out.push(']');
        }
    }
}

pub(crate) fn print_number(number: &Number) -> String {
    match GoNumber::of(number) {
        GoNumber::Int(int) => int.to_string(),
        GoNumber::Float(float) => print_float(float),
    }
}

/// Shortest digits; an exponent of at least two digits below 1e-4 and from 1e+06 on.
pub(crate) fn print_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        return with_exponent(mantissa, exponent);
    }
    format!("{value}")
}

/// `1.5e+06`: a sign and at least two digits.
pub(crate) fn with_exponent(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// What Go calls the type, for messages that read as kubectl's.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_print_as_percent_v_does() {
        let value = json!({"b": [1, "x", null], "a": 1.5, "c": {}});
        assert_eq!(print(&value), "map[a:1.5 b:[1 x <nil>] c:map[]]");
        let floats = [
            (1.0, "1"),
            (123_456.5, "123456.5"),
            (1_234_567.5, "1.2345675e+06"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1e100, "1e+100"),
            (0.0, "0"),
        ];
        for (value, text) in floats {
            assert_eq!(print_float(value), text);
        }
    }
}
