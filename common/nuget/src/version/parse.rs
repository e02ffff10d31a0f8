//! Reading versions, as leniently as NuGet does.

use std::str::FromStr;

use super::number::Version;

/// Why a text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a valid version string")]
pub struct VersionError(pub String);

/// .NET keeps each number in 32 bits with a sign.
const LARGEST: u32 = i32::MAX as u32;

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::parse(text).ok_or_else(|| VersionError(text.to_owned()))
    }
}

impl Version {
    /// Reads `1.2.3.4-labels+metadata`; blanks around numbers and around the whole are let pass.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::tight(text).or_else(|| Self::loose(text))
    }

    /// Reads a version without blanks or huge numbers, which is nearly every one.
    fn tight(text: &str) -> Option<Self> {
        let (numbers, end) = scan(text.as_bytes())?;
        if end == text.len() {
            return Some(Self {
                numbers,
                text: text.into(),
                labels: (0, 0),
                metadata: (0, 0),
            });
        }
        let (labels, metadata) = split(&text[end..], '+');
        let labels = match labels.strip_prefix('-') {
            None if !labels.is_empty() => return None,
            labels => labels,
        };
        Self::with(numbers, labels, metadata, text.into())
    }

    /// Reads any version.
    fn loose(text: &str) -> Option<Self> {
        let whole = text.trim();
        let (rest, metadata) = split(whole, '+');
        // A dash in the metadata begins no labels.
        let (numbers, labels) = split(rest, '-');
        Self::with(
            four(numbers)?,
            labels,
            metadata,
            text.replace(' ', "").into(),
        )
    }

    fn with(
        numbers: [u32; 4],
        labels: Option<&str>,
        metadata: Option<&str>,
        text: Box<str>,
    ) -> Option<Self> {
        if !metadata.is_none_or(|text| identifiers(text, true))
            || !labels.is_none_or(|text| identifiers(text, false))
        {
            return None;
        }
        let end = text.trim_end().len();
        let metadata = ending(end, metadata);
        let labels = ending(end - widths(metadata), labels);
        Some(Self {
            numbers,
            text,
            labels,
            metadata,
        })
    }

    /// Whether a text is a version by the strict rules of `SemVer` 2: three numbers, nothing lenient.
    #[must_use]
    pub fn is_strict(text: &str) -> bool {
        let (numbers, _) = split(split(text, '+').0, '-');
        let plain = |number: &str| {
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            digits && (number == "0" || !number.starts_with('0'))
        };
        let three = numbers.split('.').count() == 3 && numbers.split('.').all(plain);
        three && text.trim() == text && Self::parse(text).is_some()
    }
}

/// Where a last part of this text lies in a text that is so long.
fn ending(end: usize, part: Option<&str>) -> (u32, u32) {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    part.map_or((0, 0), |part| (place(end - part.len()), place(end)))
}

/// What a part takes of the text, with the character before it.
fn widths((start, end): (u32, u32)) -> usize {
    match (end - start) as usize {
        0 => 0,
        width => width + 1,
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// One to four numbers of at most nine digits without blanks between them, and where they end.
fn scan(bytes: &[u8]) -> Option<([u32; 4], usize)> {
    let (mut numbers, mut place, mut digits) = ([0_u32; 4], 0, 0);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' if digits < 9 => {
                numbers[place] = numbers[place] * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && place < 3 => (place, digits) = (place + 1, 0),
            b'-' | b'+' => break,
            _ => return None,
        }
        at += 1;
    }
    (digits > 0).then_some((numbers, at))
}

/// One to four numbers.
fn four(text: &str) -> Option<[u32; 4]> {
    let mut numbers = [0; 4];
    let mut places = numbers.iter_mut();
    for part in text.split('.') {
        *places.next()? = number(part.trim())?;
    }
    Some(numbers)
}

fn number(digits: &str) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_u32;
    for byte in digits.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        let digit = u32::from(byte - b'0');
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    (number <= LARGEST).then_some(number)
}

/// Whether this is a list of labels, or of metadata, where zeros may lead.
fn identifiers(text: &str, zeros: bool) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.split('.').all(|label| {
        let padded = label.len() > 1
            && label.starts_with('0')
            && label.bytes().all(|byte| byte.is_ascii_digit());
        !label.is_empty() && label.bytes().all(allowed) && (zeros || !padded)
    })
}
