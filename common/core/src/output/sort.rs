//! `--sort-by`: rows in the order of a field.

use std::cmp::Ordering;

use serde_json::Value;

use super::Row;
use super::go::GoNumber;
use super::jsonpath::JsonPath;
use crate::{Failure, Result};

/// Reads the path of `--sort-by`; braces and the leading dot may be left out.
pub fn parse_sort(path: &str) -> Result<JsonPath> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("--sort-by: {error}"))
            .with_hint("name a field, as in: --sort-by=.metadata.creationTimestamp")
    };
    if path.is_empty() {
        return Err(wrong(&"the path is empty"));
    }
    JsonPath::parse_relaxed(path).map_err(|error| wrong(&error))
}

/// What a row is sorted by. The order of the variants is the order of the rows.
#[derive(Debug, Clone)]
enum Key {
    Absent,
    Bool(bool),
    Number(GoNumber),
    /// With the value where it reads as a quantity.
    Text(String, Option<i128>),
}

/// Sorts rows by a field; equal ones stay as they came, which is by namespace and name. That no row
/// has it is the user's error.
pub(super) fn sort(rows: &mut Vec<Row>, path: &JsonPath, reverse: bool) -> Result<()> {
    let mut keyed = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        let object = row
            .object
            .as_ref()
            .map(super::Object::to_value)
            .transpose()?;
        keyed.push((key(path, &object.unwrap_or_default())?, row));
    }
    if !keyed.is_empty() && keyed.iter().all(|(key, _)| matches!(key, Key::Absent)) {
        return Err(Failure::usage("--sort-by: no object has that field")
            .with_hint("see the fields of an object with: -o yaml"));
    }
    keyed.sort_by(|(a, _), (b, _)| {
        let order = compare(a, b);
        if reverse { order.reverse() } else { order }
    });
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    Ok(())
}

fn key(path: &JsonPath, object: &Value) -> Result<Key> {
    let found = path
        .find(object)
        .map_err(|error| Failure::usage(format!("--sort-by: {error}")))?;
    let first = found.first().and_then(|values| values.first());
    Ok(match first {
        None | Some(Value::Null) => Key::Absent,
        Some(Value::Bool(truth)) => Key::Bool(*truth),
        Some(Value::Number(number)) => Key::Number(GoNumber::of(number)),
        Some(Value::String(text)) => Key::Text(text.clone(), quantity(text)),
        Some(Value::Array(_) | Value::Object(_)) => {
            return Err(Failure::usage("--sort-by: lists and maps have no order"));
        }
    })
}

fn compare(a: &Key, b: &Key) -> Ordering {
    match (a, b) {
        (Key::Bool(a), Key::Bool(b)) => a.cmp(b),
        (Key::Number(a), Key::Number(b)) => a.compare(*b).unwrap_or(Ordering::Equal),
        (Key::Text(_, Some(a)), Key::Text(_, Some(b))) => a.cmp(b),
        (Key::Text(a, _), Key::Text(b, _)) => a.as_bytes().cmp(b.as_bytes()),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn rank(key: &Key) -> u8 {
    match key {
        Key::Absent => 0,
        Key::Bool(_) => 1,
        Key::Number(_) => 2,
        Key::Text(..) => 3,
    }
}

/// A Kubernetes quantity in billionths; what is larger than fits counts as the largest.
fn quantity(text: &str) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let length = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(length);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (base, power) = scale(suffix)?;
    let shown: i128 = format!("{whole}{fraction}").parse().unwrap_or(i128::MAX);
    let decimals = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let value = if base == 2 {
        let scaled = shown.saturating_mul(1_i128 << power);
        shift(scaled, 9 - decimals)
    } else {
        shift(shown, power + 9 - decimals)
    };
    Some(if negative { -value } else { value })
}

fn scale(suffix: &str) -> Option<(i32, i32)> {
    Some(match suffix {
        "n" => (10, -9),
        "u" => (10, -6),
        "m" => (10, -3),
        "" => (10, 0),
        "k" => (10, 3),
        "M" => (10, 6),
        "G" => (10, 9),
        "T" => (10, 12),
        "P" => (10, 15),
        "E" => (10, 18),
        "Ki" => (2, 10),
        "Mi" => (2, 20),
        "Gi" => (2, 30),
        "Ti" => (2, 40),
        "Pi" => (2, 50),
        "Ei" => (2, 60),
        exponent => {
            let power = exponent.strip_prefix(['e', 'E'])?;
            (
                10,
                power
                    .parse()
                    .ok()
                    .filter(|power: &i32| power.abs() < 1000)?,
            )
        }
    })
}

/// Times a power of ten; rounded up towards the larger magnitude where digits fall off, as
/// Kubernetes rounds.
fn shift(value: i128, power: i32) -> i128 {
    let steps = power.unsigned_abs().min(40);
    let factor = 10_i128.checked_pow(steps);
    match (power >= 0, factor) {
        (true, Some(factor)) => value.saturating_mul(factor),
        (true, None) => {
            if value == 0 {
                0
            } else {
                i128::MAX
            }
        }
        (false, Some(factor)) => (value / factor) + i128::from(value % factor != 0),
        (false, None) => i128::from(value != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_compare_by_what_they_are_worth() {
        let ordered = [
            "-1", "0", "1n", "100m", "0.5", "9", "10", "1k", "1Ki", "512Mi", "1G", "1Gi", "2000Mi",
            "1e12", "1E", "1Ei",
        ];
        let values: Vec<i128> = ordered.iter().map(|text| quantity(text).unwrap()).collect();
        assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
        assert_eq!(quantity("1Gi"), quantity("1073741824"));
        for text in [
            "",
            "a",
            "1x",
            "Mi",
            "1.2.3",
            "2025-01-02T03:04:05Z",
            "1e",
            ".",
        ] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn kinds_of_values_stand_apart() {
        let keys = [
            Key::Absent,
            Key::Bool(false),
            Key::Bool(true),
            Key::Number(GoNumber::Float(-0.5)),
            Key::Number(GoNumber::Int(0)),
            Key::Text("512Mi".into(), quantity("512Mi")),
            Key::Text("Web".into(), None),
            Key::Text("web".into(), None),
        ];
        assert!(keys.is_sorted_by(|a, b| compare(a, b) == Ordering::Less));
    }

    #[test]
    fn malformed_paths_are_usage_errors() {
        for path in ["", "{.metadata.name", "{a}{b}", ".a["] {
            assert_eq!(parse_sort(path).unwrap_err().code(), 2, "{path}");
        }
    }
}
