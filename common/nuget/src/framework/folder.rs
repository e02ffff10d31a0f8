//! Reading frameworks as folders name them.

use std::borrow::Cow;

use super::error::FrameworkError;
use super::identifier::Identifier;
use super::model::Framework;
use super::names::long_profile;
use super::numbers::{self, NONE, Numbers};
use super::portable;

/// Reads a folder name; one that names no framework is unsupported.
pub(super) fn read(name: &str) -> Result<Framework, FrameworkError> {
    read_with(name, portable::of_list)
}

/// Reads a name in the list of a portable framework.
///
/// There a list that is not empty is wrong whatever is in it, so it is not read: a long text may
/// have lists in lists without end.
pub(super) fn read_member(name: &str) -> Result<Framework, FrameworkError> {
    read_with(name, |_, list| match list.trim_matches('+') {
        "" => Ok(Framework::unsupported()),
        _ => Err(FrameworkError::PortableMember(list.to_owned())),
    })
}

/// How the list of a portable framework is read.
type ReadList = fn(Framework, &str) -> Result<Framework, FrameworkError>;

fn read_with(name: &str, portable: ReadList) -> Result<Framework, FrameworkError> {
    let name = decoded(name);
    if let Some(special) = Identifier::find_special(&name) {
        return Ok(Framework::new(special, NONE));
    }
    if name.eq_ignore_ascii_case("dotnet") {
        return Ok(Framework::new(Identifier::NetPlatform, [5, 0, 0, 0]));
    }
    match Parts::of(&name) {
        Some(parts) => parts.framework(portable),
        None => Ok(bare_number(&name)),
    }
}

/// The versions of the .NET Framework that once were folders by themselves.
fn bare_number(name: &str) -> Framework {
    let version = match name {
        "45" | "4.5" => [4, 5, 0, 0],
        "40" | "4.0" | "4" => [4, 0, 0, 0],
        "35" | "3.5" => [3, 5, 0, 0],
        "20" | "2" | "2.0" => [2, 0, 0, 0],
        _ => return Framework::unsupported(),
    };
    Framework::new(Identifier::NetFramework, version)
}

/// `net` `45` `client`
struct Parts<'n> {
    identifier: &'n str,
    version: &'n str,
    profile: &'n str,
}

impl<'n> Parts<'n> {
    fn of(name: &'n str) -> Option<Self> {
        let (identifier, rest) = letters(name);
        let is_number = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        let (version, rest) = split_while(rest, is_number);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
        let profile = match rest {
            "" => "",
            _ => rest
                .strip_prefix('-')
                .filter(|profile| !profile.is_empty())?,
        };
        let valid = profile.bytes().all(allowed);
        (valid && !identifier.is_empty()).then_some(Self {
            identifier,
            version,
            profile,
        })
    }

    fn framework(&self, portable: ReadList) -> Result<Framework, FrameworkError> {
        let (Some(identifier), Some(version)) = (
            Identifier::find(self.identifier),
            numbers::folder(self.version),
        ) else {
            return Ok(Framework::unsupported());
        };
        let framework = Framework::new(identifier, version);
        match identifier {
            Identifier::NetFramework | Identifier::NetCoreApp if version[0] >= 5 => {
                Ok(on_platform(version, self.profile))
            }
            Identifier::NetPortable => portable(framework, self.profile),
            _ => Ok(framework.with_profile(long_profile(self.profile))),
        }
    }
}

/// .NET 5.0 or later, with a platform and its version.
fn on_platform(version: Numbers, text: &str) -> Framework {
    let framework = Framework::new(Identifier::NetCoreApp, version);
    let (platform, number) = match letters(text) {
        ("", all) => (all, ""),
        parts => parts,
    };
    let number = match number {
        "" => Some(NONE),
        number => numbers::short_or_dotted(number),
    };
    number.map_or_else(Framework::unsupported, |number| {
        framework.with_platform(platform, number)
    })
}

/// Dots belong to the letters, as in `Xamarin.iOS`.
fn letters(text: &str) -> (&str, &str) {
    split_while(text, |byte| byte.is_ascii_alphabetic() || byte == b'.')
}

/// Splits before the first byte that is not such; `such` takes none but ASCII.
fn split_while(text: &str, such: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !such(byte));
    text.split_at(end.unwrap_or(text.len()))
}

/// The text with what was percent-encoded; sequences that are no text stay as they are.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let (mut decoded, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (char, width) = match first_char(&escaped_bytes(rest)) {
            Some(char) => (char, 3 * char.len_utf8()),
            None => ('%', 1),
        };
        decoded.push(char);
        rest = &rest[width..];
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// The bytes that are encoded at the start of this text, as many as a character may have.
fn escaped_bytes(text: &str) -> Vec<u8> {
    let hex = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = |group: &[u8]| match group {
        [b'%', high, low] => u8::try_from(hex(high)? * 16 + hex(low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(3).take(4).map_while(byte).collect()
}

fn first_char(bytes: &[u8]) -> Option<char> {
    let valid = bytes.utf8_chunks().next()?.valid();
    valid.chars().next()
}
