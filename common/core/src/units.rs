//! Durations and ages as people write and read them.

use std::time::Duration;

/// Why a duration could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number without a unit.
    #[error("`{0}` has no unit; write for example `{0}s`")]
    NoUnit(String),
    /// Anything else.
    #[error("`{0}` is not a duration such as `30s`, `1m30s`, `2h` or `7d`")]
    Invalid(String),
}

/// Reads `300ms`, `5s`, `1m30s`, `2h`, `7d`, `2w` or ISO 8601 (`PT5M`).
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    if text.starts_with('P') {
        let span: jiff::SignedDuration = text.parse().map_err(|_| invalid())?;
        return span.try_into().map_err(|_| invalid());
    }
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DurationError::NoUnit(text.to_owned()));
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (part, after) = one_part(rest).ok_or_else(invalid)?;
        total = total.checked_add(part).ok_or_else(invalid)?;
        rest = after;
    }
    if text.is_empty() {
        Err(invalid())
    } else {
        Ok(total)
    }
}

/// Splits the first `NUMBER UNIT` off.
fn one_part(text: &str) -> Option<(Duration, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let unit_len = text[digits..]
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len() - digits);
    let seconds_per_unit = match &text[digits..digits + unit_len] {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        "w" => 604_800.0,
        _ => return None,
    };
    let number: f64 = text[..digits].parse().ok()?;
    let part = Duration::try_from_secs_f64(number * seconds_per_unit).ok()?;
    Some((part, &text[digits + unit_len..]))
}

/// Writes a duration in the same short form: `1m30s`, `2h`, `250ms`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{}ms", duration.as_millis());
    }
    if duration < Duration::from_secs(10) && duration.subsec_millis() >= 100 {
        return format!("{}.{}s", duration.as_secs(), duration.subsec_millis() / 100);
    }
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 86400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let shown = parts.into_iter().filter(|(n, _)| *n > 0);
    shown.fold(String::new(), |text, (n, unit)| {
        text + &n.to_string() + unit
    })
}

/// The AGE cell of Kubernetes' tables for an age in whole seconds.
#[must_use]
pub fn format_age(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 3600;
    const DAY: i64 = 86400;
    const YEAR: i64 = 365 * DAY;
    let two = |major: i64, unit: &str, minor: i64, minor_unit: &str| {
        if minor == 0 {
            format!("{major}{unit}")
        } else {
            format!("{major}{unit}{minor}{minor_unit}")
        }
    };
    match seconds {
        i64::MIN..-1 => "<invalid>".to_owned(),
        -1..=0 => "0s".to_owned(),
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => two(s / MINUTE, "m", s % MINUTE, "s"),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => two(s / HOUR, "h", s / MINUTE % 60, "m"),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => two(s / DAY, "d", s / HOUR % 24, "h"),
        s if s < 2 * YEAR => format!("{}d", s / DAY),
        s if s < 8 * YEAR => two(s / YEAR, "y", s / DAY % 365, "d"),
        s => format!("{}y", s / YEAR),
    }
}

/// Bytes for people: binary units, at most four significant digits (`1.5GiB`).
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    #[expect(clippy::cast_precision_loss, reason = "four digits are shown")]
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    let digits = usize::from(value < 100.0);
    let text = format!("{value:.digits$}");
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_documented_form() {
        let ok = [
            ("300ms", 0.3),
            ("5s", 5.0),
            ("1m30s", 90.0),
            ("2h", 7200.0),
            ("7d", 604_800.0),
            ("2w", 1_209_600.0),
            ("PT5M", 300.0),
            ("0", 0.0),
            ("1.5h", 5400.0),
        ];
        for (text, seconds) in ok {
            assert_eq!(
                parse_duration(text).unwrap(),
                Duration::from_secs_f64(seconds),
                "{text}"
            );
        }
        assert_eq!(
            parse_duration("30").unwrap_err(),
            DurationError::NoUnit("30".into())
        );
        for text in ["", "x", "-5s", "5y", "5 s", "1m-", "s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_written_short() {
        let cases = [
            (0.25, "250ms"),
            (5.0, "5s"),
            (1.5, "1.5s"),
            (90.0, "1m30s"),
            (7200.0, "2h"),
            (90061.0, "1d1h1m1s"),
        ];
        for (seconds, text) in cases {
            assert_eq!(format_duration(Duration::from_secs_f64(seconds)), text);
        }
    }

    #[test]
    fn ages_follow_the_recorded_cases() {
        let text = include_str!("../../../tests/fixtures/output/ages.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
        assert!(cases.len() > 40);
        for case in cases {
            let seconds = case["seconds"].as_i64().unwrap();
            assert_eq!(
                format_age(seconds),
                case["age"].as_str().unwrap(),
                "{seconds}"
            );
        }
    }

    #[test]
    fn bytes_are_written_in_binary_units() {
        let cases = [
            (0, "0B"),
            (1023, "1023B"),
            (1536, "1.5KiB"),
            (1 << 30, "1GiB"),
            (314_572_800, "300MiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(format_bytes(bytes), text);
        }
    }
}
