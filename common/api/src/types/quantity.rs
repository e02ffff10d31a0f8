//! Kubernetes quantities: `512Mi`, `1.5`, `500m`, `2e3`.
//!
//! A quantity keeps the text it was written as, so that a spec is returned unchanged; equality and order are by value.
//! Values are held in billionths in 128 bits, which covers everything from `1n` to `100E` exactly.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

const NANO: i128 = 1_000_000_000;
/// Larger numbers are refused rather than rounded.
const LIMIT: i128 = 1_000 * 1_000_000_000_000_000_000 * NANO;
const BINARY: [(&str, u32); 6] = [
    ("Ki", 10),
    ("Mi", 20),
    ("Gi", 30),
    ("Ti", 40),
    ("Pi", 50),
    ("Ei", 60),
];
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a number with a known suffix.
    #[error(
        "`{0}` is not a quantity: write a number with an optional suffix, such as `2Gi`, `512Mi`, `500m` or `1.5`"
    )]
    Malformed(String),
    /// Too large or finer than a billionth.
    #[error("`{0}` is outside what a quantity can hold")]
    OutOfRange(String),
    /// A size flag that is not a whole number of bytes.
    #[error("`{0}` is not a whole number of bytes")]
    NotWholeBytes(String),
    /// Smaller than the flag allows.
    #[error("`{0}` must be greater than zero")]
    NotPositive(String),
}

/// Which suffixes the canonical form uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Decimal,
    Binary,
    Exponent,
}

/// An amount of bytes, processors or requests.
#[derive(Debug, Clone)]
pub struct Quantity {
    nanos: i128,
    form: Form,
    written: Written,
}

#[derive(Debug, Clone)]
enum Written {
    Number(Number),
    Text(String),
}

impl Quantity {
    /// Whole bytes, written canonically in binary units.
    #[must_use]
    pub fn from_bytes(bytes: u64) -> Self {
        Self::canonicalised(i128::from(bytes) * NANO, Form::Binary)
    }

    /// Thousandths, written canonically: 2000 is `2`, 500 is `500m`.
    #[must_use]
    pub fn from_millis(millis: u64) -> Self {
        Self::canonicalised(i128::from(millis) * (NANO / 1000), Form::Decimal)
    }

    fn canonicalised(nanos: i128, form: Form) -> Self {
        Self {
            nanos,
            form,
            written: Written::Text(canonical(nanos, form)),
        }
    }

    /// Reads a size flag of the `vm` tool, where a bare `k`, `M`, `G`, `T` means the binary unit: `8G` is `8Gi`.
    pub fn parse_vm_size(text: &str) -> Result<Self, QuantityError> {
        let text = text.trim();
        let upper = text.strip_suffix('B').unwrap_or(text);
        let split = upper
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(upper.len());
        let (number, unit) = upper.split_at(split);
        let unit = match unit {
            "k" | "K" | "Ki" => "Ki",
            "m" | "M" | "Mi" => "Mi",
            "g" | "G" | "Gi" => "Gi",
            "t" | "T" | "Ti" => "Ti",
            "" => "",
            _ => return Err(QuantityError::Malformed(text.to_owned())),
        };
        let quantity: Self = format!("{number}{unit}")
            .parse()
            .map_err(|_| QuantityError::Malformed(text.to_owned()))?;
        match quantity.whole() {
            Some(bytes) if bytes > 0 => Ok(Self::canonicalised(quantity.nanos, Form::Binary)),
            Some(_) => Err(QuantityError::NotPositive(text.to_owned())),
            None => Err(QuantityError::NotWholeBytes(text.to_owned())),
        }
    }

    /// Value rounded up to a whole number, as Kubernetes counts bytes; nothing when negative or too large.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        u64::try_from(ceil_div(self.nanos, NANO)).ok()
    }

    /// Value in thousandths, rounded up; nothing when negative or too large.
    #[must_use]
    pub fn millis(&self) -> Option<u64> {
        u64::try_from(ceil_div(self.nanos, NANO / 1000)).ok()
    }

    /// Value as a whole number, when it is one.
    #[must_use]
    pub fn whole(&self) -> Option<i64> {
        if self.nanos % NANO == 0 {
            i64::try_from(self.nanos / NANO).ok()
        } else {
            None
        }
    }

    /// The canonical text: largest suffix that leaves no fraction, as kube-apiserver writes it.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical(self.nanos, self.form)
    }

    /// Size for people: binary units, at most four significant digits.
    #[must_use]
    pub fn human_size(&self) -> String {
        human_size(self.bytes().unwrap_or(0))
    }
}

/// Bytes for people: binary units, at most four significant digits, `1.5Gi`.
#[must_use]
pub fn human_size(bytes: u64) -> String {
    let Some((suffix, shift)) = BINARY.iter().rev().find(|(_, shift)| bytes >> shift != 0) else {
        return bytes.to_string();
    };
    let whole = bytes >> shift;
    let places: u32 = match whole {
        0..=9 => 3,
        10..=99 => 2,
        100..=999 => 1,
        _ => 0,
    };
    let scale = 10_u128.pow(places);
    let scaled = (u128::from(bytes) * scale + (1_u128 << (shift - 1))) >> shift;
    let digits = scaled.to_string();
    let (left, right) = digits.split_at(digits.len() - places as usize);
    let right = right.trim_end_matches('0');
    if right.is_empty() {
        format!("{left}{suffix}")
    } else {
        format!("{left}.{right}{suffix}")
    }
}

fn ceil_div(value: i128, by: i128) -> i128 {
    value.div_euclid(by) + i128::from(value.rem_euclid(by) != 0)
}

fn canonical(nanos: i128, form: Form) -> String {
    match form {
        // Fractions and small numbers have no binary form; Kubernetes falls back to decimal for them too.
        Form::Binary if nanos % NANO == 0 && nanos.abs() >= 1024 * NANO => {
            let value = nanos / NANO;
            let (suffix, shift) = BINARY
                .iter()
                .rev()
                .find(|(_, shift)| value % (1_i128 << shift) == 0)
                .unwrap_or(&("", 0));
            format!("{}{suffix}", value >> shift)
        }
        Form::Exponent => {
            let (mantissa, exponent) = decimal_parts(nanos);
            if exponent == 0 {
                mantissa.to_string()
            } else {
                format!("{mantissa}e{exponent}")
            }
        }
        Form::Binary | Form::Decimal => {
            let (mantissa, exponent) = decimal_parts(nanos);
            let suffix = DECIMAL
                .iter()
                .find(|(_, power)| *power == exponent)
                .map_or("", |(suffix, _)| suffix);
            format!("{mantissa}{suffix}")
        }
    }
}

/// Mantissa without trailing thousands and the matching power of ten, a multiple of three.
fn decimal_parts(nanos: i128) -> (i128, i32) {
    let (mut mantissa, mut exponent) = (nanos, -9);
    while mantissa != 0 && mantissa % 1000 == 0 && exponent < 18 {
        mantissa /= 1000;
        exponent += 3;
    }
    if mantissa == 0 {
        (0, 0)
    } else {
        (mantissa, exponent)
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let malformed = || QuantityError::Malformed(text.to_owned());
        let body = text.strip_prefix(['+', '-']).unwrap_or(text);
        let split = body
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(body.len());
        let (number, suffix) = body.split_at(split);
        let (numerator, places) = digits(number).ok_or_else(malformed)?;
        let (form, value) = scale(numerator, places, suffix).ok_or_else(malformed)?;
        let value = value
            .filter(|nanos| *nanos <= LIMIT)
            .ok_or_else(|| QuantityError::OutOfRange(text.to_owned()))?;
        let nanos = if text.starts_with('-') { -value } else { value };
        Ok(Self {
            nanos,
            form,
            written: Written::Text(text.to_owned()),
        })
    }
}

/// All digits as one number, and how many stood after the point.
fn digits(number: &str) -> Option<(i128, u32)> {
    let (left, right) = number.split_once('.').unwrap_or((number, ""));
    if (left.is_empty() && right.is_empty()) || right.contains('.') {
        return None;
    }
    let right = right.trim_end_matches('0');
    let joined = format!("0{left}{right}");
    // Beyond this many digits the value is out of range anyway; the caller reports it.
    let value = if joined.trim_start_matches('0').len() > 30 {
        i128::MAX
    } else {
        joined.parse().ok()?
    };
    Some((value, u32::try_from(right.len()).ok()?))
}

/// The form of a suffix, and the value in billionths unless it overflows. Nothing when the suffix is unknown.
fn scale(numerator: i128, places: u32, suffix: &str) -> Option<(Form, Option<i128>)> {
    if let Some((_, shift)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        let value = numerator
            .checked_mul(1_i128 << shift)
            .and_then(|v| v.checked_mul(NANO));
        return Some((Form::Binary, value.map(|v| shrink(v, places))));
    }
    let (form, power) = match DECIMAL.iter().find(|(name, _)| *name == suffix) {
        Some((_, power)) => (Form::Decimal, *power),
        None => (
            Form::Exponent,
            suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?,
        ),
    };
    let total = i64::from(power) + 9 - i64::from(places);
    let value = if total >= 0 {
        u32::try_from(total)
            .ok()
            .and_then(|t| 10_i128.checked_pow(t))
            .and_then(|f| numerator.checked_mul(f))
    } else {
        u32::try_from(-total).ok().map(|t| shrink(numerator, t))
    };
    Some((form, value.or(if numerator == 0 { Some(0) } else { None })))
}

/// Divides by a power of ten, rounding up as Kubernetes does below a billionth.
fn shrink(value: i128, places: u32) -> i128 {
    10_i128
        .checked_pow(places)
        .map_or(1, |by| ceil_div(value, by))
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.written {
            Written::Number(number) => f.pad(&number.to_string()),
            Written::Text(text) => f.pad(text),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.written {
            Written::Number(number) => number.serialize(serializer),
            Written::Text(text) => serializer.serialize_str(text),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Quantity {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let about = "An amount: a number with an optional suffix, such as 2Gi, 512Mi, 500m or 1.5.";
        schemars::json_schema!({
            "description": about, "oneOf": [{"type": "string"}, {"type": "number"}],
        })
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text.parse().map_err(D::Error::custom),
            serde_json::Value::Number(number) => {
                let parsed: Self = number.to_string().parse().map_err(D::Error::custom)?;
                Ok(Self {
                    form: Form::Decimal,
                    written: Written::Number(number),
                    ..parsed
                })
            }
            other => Err(D::Error::custom(QuantityError::Malformed(
                other.to_string(),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_of(text: &str) -> String {
        text.parse::<Quantity>().unwrap().canonical()
    }

    #[test]
    fn canonical_forms_are_those_of_kubernetes() {
        for (text, want) in [
            ("0", "0"),
            ("1", "1"),
            ("1.5", "1500m"),
            ("500m", "500m"),
            ("1000m", "1"),
            ("0.5Gi", "512Mi"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("100Ki", "100Ki"),
            ("1000Ki", "1000Ki"),
            ("2G", "2G"),
            ("2000M", "2G"),
            ("1e3", "1e3"),
            ("1000e0", "1e3"),
            ("12e6", "12e6"),
            ("0.1n", "1n"),
            ("+5", "5"),
            ("-5m", "-5m"),
            (".5", "500m"),
            ("5.", "5"),
            ("1Ei", "1Ei"),
        ] {
            assert_eq!(canonical_of(text), want, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "", "Gi", ".", "1..2", "1.2.3", "1 Gi", "1GiB", "0x10", "1e", "one", "--1", "1K",
            "99999E", "1e99", "é",
        ] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }

    #[test]
    fn written_form_survives_and_values_compare() {
        for json in ["2", "\"2\"", "\"2000m\"", "2.0", "\"1024Mi\""] {
            let read: Quantity = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
        let gi: Quantity = "1Gi".parse().unwrap();
        let mi: Quantity = "1024Mi".parse().unwrap();
        assert_eq!(gi, mi);
        assert!("100m".parse::<Quantity>().unwrap() < gi);
        assert!("2000Mi".parse::<Quantity>().unwrap() > gi);
    }

    #[test]
    fn vm_flags_read_bare_suffixes_as_binary() {
        for (text, want) in [
            ("8G", "8Gi"),
            ("8g", "8Gi"),
            ("512M", "512Mi"),
            ("512MiB", "512Mi"),
            ("10GB", "10Gi"),
            ("1.5G", "1536Mi"),
            ("1024", "1Ki"),
            ("100", "100"),
        ] {
            assert_eq!(
                Quantity::parse_vm_size(text).unwrap().to_string(),
                want,
                "{text}"
            );
        }
        assert!(matches!(
            Quantity::parse_vm_size("0"),
            Err(QuantityError::NotPositive(_))
        ));
        assert!(matches!(
            Quantity::parse_vm_size("0.3"),
            Err(QuantityError::NotWholeBytes(_))
        ));
        assert!(Quantity::parse_vm_size("-1G").is_err());
        assert!(Quantity::parse_vm_size("8X").is_err());
    }

    #[test]
    fn sizes_for_people_have_four_digits() {
        for (bytes, want) in [
            (0, "0"),
            (1023, "1023"),
            (1536, "1.5Ki"),
            (1 << 30, "1Gi"),
            ((1 << 30) + (1 << 29), "1.5Gi"),
            (123_456_789, "117.7Mi"),
            (1_048_575, "1024Ki"),
        ] {
            assert_eq!(human_size(bytes), want, "{bytes}");
        }
    }

    #[test]
    fn processors_count_in_thousandths() {
        assert_eq!("2".parse::<Quantity>().unwrap().millis(), Some(2000));
        assert_eq!("500m".parse::<Quantity>().unwrap().millis(), Some(500));
        assert_eq!(Quantity::from_millis(1500).to_string(), "1500m");
        assert_eq!(Quantity::from_bytes(256 << 20).to_string(), "256Mi");
    }
}
