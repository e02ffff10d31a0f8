//! Values of properties: lists, switches, and what blanks around them mean.

/// Drops values that came from elsewhere, in a list.
const CLEAR: &str = "CLEAR";

/// The keyword that drops inherited values stands beside values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("'CLEAR' cannot be used in conjunction with other values")]
pub struct ClearMixed;

/// A value without blanks around it; nothing where that leaves nothing.
#[must_use]
pub fn trimmed(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|value| !value.is_empty())
}

/// Whether a switch is on: `true` in any case.
#[must_use]
pub fn is_true(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("true")
}

/// Whether a switch is off, which is not the same as not on.
#[must_use]
pub fn is_false(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("false")
}

/// The values between semicolons.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').filter_map(trimmed)
}

/// Whether a list drops what was inherited.
#[must_use]
pub fn has_clear(text: &str) -> bool {
    list(text).any(|value| value.eq_ignore_ascii_case(CLEAR))
}

/// The values of a list that may be the keyword alone: nothing then.
pub fn list_or_clear(text: &str) -> Result<Vec<&str>, ClearMixed> {
    let (clears, values): (Vec<&str>, Vec<&str>) =
        list(text).partition(|value| value.eq_ignore_ascii_case(CLEAR));
    if clears.is_empty() || values.is_empty() {
        Ok(values)
    } else {
        Err(ClearMixed)
    }
}
