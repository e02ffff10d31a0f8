//! The versions of frameworks: four numbers, read as .NET reads a `System.Version`.

use std::fmt::Write as _;

use super::identifier::Identifier;

/// A version of a framework; numbers that were not written are 0.
pub type Numbers = [u32; 4];

/// No version.
pub(super) const NONE: Numbers = [0; 4];

/// Whether a project of one version may use a package of another; no version goes with all.
pub(super) fn reaches_version(project: Numbers, package: Numbers) -> bool {
    package == NONE || package <= project
}

/// Reads two to four numbers with dots between them.
pub(super) fn dotted(text: &str) -> Option<Numbers> {
    let (mut numbers, mut count) = (NONE, 0);
    for part in text.split('.') {
        let number = u32::try_from(integer(part)?).ok()?;
        *numbers.get_mut(count)? = number;
        count += 1;
    }
    (count >= 2).then_some(numbers)
}

/// Reads one to four numbers with dots between them.
pub(super) fn short_or_dotted(text: &str) -> Option<Numbers> {
    if text.contains('.') {
        return dotted(text);
    }
    let major = u32::try_from(integer(text)?).ok()?;
    Some([major, 0, 0, 0])
}

/// Reads the digits and dots of a folder: without a dot, each digit is a number.
pub(super) fn folder(text: &str) -> Option<Numbers> {
    if text.contains('.') {
        return dotted(text);
    }
    let mut numbers = NONE;
    for (number, digit) in numbers.iter_mut().zip(text.bytes()) {
        *number = u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    Some(numbers)
}

/// Reads a number of 32 bits, with the blanks, sign and trailing zero bytes that .NET lets pass.
pub(super) fn integer(text: &str) -> Option<i32> {
    let blank = |each: char| matches!(each, '\t'..='\r' | ' ');
    let text = text.trim_end_matches('\0').trim_matches(blank);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    // Rust reads the signs too, and has the same limits.
    (all && !digits.is_empty()).then(|| text.parse().ok())?
}

/// How monikers write a version: two numbers, and more if they are not 0.
pub(super) fn for_moniker([major, minor, build, revision]: Numbers) -> String {
    match (build, revision) {
        (0, 0) => format!("{major}.{minor}"),
        (_, 0) => format!("{major}.{minor}.{build}"),
        _ => format!("{major}.{minor}.{build}.{revision}"),
    }
}

/// Adds a version as folders write it; nothing for no version.
pub(super) fn add_to_folder(name: &mut String, of: Option<Identifier>, version: Numbers) {
    if version == NONE {
        return;
    }
    let dots = of.is_some_and(Identifier::needs_dots) || version.iter().any(|number| *number > 9);
    let significant = version.iter().rposition(|number| *number > 0).unwrap_or(0) + 1;
    let one_will_do = !dots && of.is_some_and(Identifier::may_have_one_number);
    let count = significant.max(if one_will_do { 1 } else { 2 });
    for (place, number) in version[..count].iter().enumerate() {
        if dots && place > 0 {
            name.push('.');
        }
        // Writing to a string cannot fail.
        let _ = write!(name, "{number}");
    }
}
