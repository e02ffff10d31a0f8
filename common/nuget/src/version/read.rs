//! Reading ranges.

use std::cmp::Ordering;
use std::str::FromStr;

use super::float::{Float, Floating};
use super::number::Version;
use super::range::{Bound, Range};

/// Why a text is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a valid version string")]
pub struct RangeError(pub String);

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        Self::parse(text).ok_or_else(|| RangeError(text.to_owned()))
    }
}

impl Range {
    /// Reads `1.0`, `[1.0]`, `[1.0, 2.0)`, `1.*` and their like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text, true)
    }

    /// Reads a range that may not float, as in packages.
    #[must_use]
    pub fn parse_fixed(text: &str) -> Option<Self> {
        Self::read(text, false)
    }

    fn read(text: &str, floats: bool) -> Option<Self> {
        let text = text.trim();
        if !text.starts_with(['(', '[']) {
            let (lower, float) = end(text, true, floats)?;
            return lower.is_some().then_some(Self {
                lower,
                upper: None,
                float,
            });
        }
        let inner = text.get(1..text.len() - 1)?;
        let inclusive = (text.starts_with('['), text.ends_with(']'));
        if !text.ends_with([')', ']']) {
            return None;
        }
        let (low, high) = ends(inner, inclusive)?;
        let (lower, float) = end(low, inclusive.0, floats)?;
        let (upper, _) = end(high, inclusive.1, false)?;
        let range = Self {
            lower,
            upper,
            float,
        };
        range.is_possible().then_some(range)
    }

    /// Whether the ends are in order; equal ends must both belong or both not.
    fn is_possible(&self) -> bool {
        let (Some(lower), Some(upper)) = (&self.lower, &self.upper) else {
            return true;
        };
        match lower.version.cmp(&upper.version) {
            Ordering::Less => true,
            Ordering::Equal => lower.inclusive == upper.inclusive,
            Ordering::Greater => false,
        }
    }
}

/// What stands between the brackets, on either side of the comma.
fn ends(inner: &str, inclusive: (bool, bool)) -> Option<(&str, &str)> {
    match inner.split_once(',') {
        Some((_, high)) if high.contains(',') => None,
        Some(("", "")) => None,
        Some(ends) => Some(ends),
        // One version alone is exactly that one.
        None => (inclusive == (true, true) && !inner.is_empty()).then_some((inner, inner)),
    }
}

type End = (Option<Bound>, Option<Float>);

/// An end of a range; nothing between the brackets means that there is none.
fn end(text: &str, inclusive: bool, floats: bool) -> Option<End> {
    if text.trim().is_empty() {
        return Some((None, None));
    }
    if !text.contains('*') {
        let version = Version::parse(text)?;
        return Some((Some(Bound { version, inclusive }), None));
    }
    let float = Float::parse(text).filter(|float| floats && float.floating != Floating::None)?;
    let version = float.lowest.clone();
    Some((Some(Bound { version, inclusive }), Some(float)))
}
