//! Names of objects, checked before they travel.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use super::resource::{NameRule, Resource};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name may not be empty")]
    Empty,
    /// Longer than the rule allows.
    #[error("`{name}` has {length} characters, the limit is {limit}")]
    TooLong {
        /// The text.
        name: String,
        /// Its length.
        length: usize,
        /// The longest allowed.
        limit: usize,
    },
    /// Not an RFC 1123 label.
    #[error(
        "`{0}` is not a valid name: use lower-case letters, digits and `-`, starting and ending with a letter or digit"
    )]
    NotALabel(String),
    /// Not a DNS subdomain.
    #[error(
        "`{0}` is not a valid name: use lower-case letters, digits, `-` and `.`, starting and ending with a letter or digit"
    )]
    NotASubdomain(String),
    /// `KIND/NAME` with the kind of something else.
    #[error("`{given}` names a `{kind}`, expected a `{expected}`")]
    WrongKind {
        /// The whole text.
        given: String,
        /// Word before the slash.
        kind: String,
        /// Singular of the kind wanted.
        expected: &'static str,
    },
}

impl NameError {
    /// The nearest text that is a name.
    #[must_use]
    pub fn meant(&self) -> Option<String> {
        let (name, dots, limit) = match self {
            Self::NotALabel(name) => (name, false, LABEL),
            Self::NotASubdomain(name) => (name, true, SUBDOMAIN),
            Self::TooLong { name, limit, .. } => (name, *limit > LABEL, *limit),
            Self::Empty | Self::WrongKind { .. } => return None,
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || (dots && c == '.');
        let replaced = |c: char| {
            if allowed(c) {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        };
        let text: String = name.chars().map(replaced).take(limit).collect();
        let text = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let rule = if dots {
            NameRule::Subdomain
        } else {
            NameRule::Label
        };
        check_name(text, rule).is_ok().then(|| text.to_owned())
    }
}

/// The longest label, in bytes.
const LABEL: usize = 63;
/// The longest subdomain, in bytes.
const SUBDOMAIN: usize = 253;

/// Checks a name against a rule.
pub fn check_name(name: &str, rule: NameRule) -> Result<(), NameError> {
    let limit = match rule {
        NameRule::Label => LABEL,
        NameRule::Subdomain => SUBDOMAIN,
    };
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    let fits = match rule {
        NameRule::Label => is_label(name),
        NameRule::Subdomain => name.split('.').all(is_label),
    };
    if !fits {
        let name = name.to_owned();
        return Err(match rule {
            NameRule::Label => NameError::NotALabel(name),
            NameRule::Subdomain => NameError::NotASubdomain(name),
        });
    }
    if name.len() > limit {
        return Err(NameError::TooLong {
            name: name.to_owned(),
            length: name.len(),
            limit,
        });
    }
    Ok(())
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// An RFC 1123 label naming an object of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceName(String);

impl ResourceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResourceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_name(text, NameRule::Label)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for ResourceName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Name of an object of kind `T`; reads `NAME` and `KIND/NAME` under every name of the kind.
pub struct ObjectName<T> {
    name: String,
    kind: PhantomData<fn() -> T>,
}

impl<T> ObjectName<T> {
    /// The bare name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl<T: Resource> FromStr for ObjectName<T> {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let name = strip_kind::<T>(text)?;
        check_name(name, T::INFO.names)?;
        Ok(Self {
            name: name.to_owned(),
            kind: PhantomData,
        })
    }
}

/// The part after `KIND/`, when there is one and it names kind `T`; for globs and names alike.
pub fn strip_kind<T: Resource>(text: &str) -> Result<&str, NameError> {
    let Some((kind, name)) = text.split_once('/') else {
        return Ok(text);
    };
    if T::INFO.is_called(kind) {
        return Ok(name);
    }
    Err(NameError::WrongKind {
        given: text.to_owned(),
        kind: kind.to_owned(),
        expected: T::INFO.singular,
    })
}

impl<T> Clone for ObjectName<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            kind: PhantomData,
        }
    }
}

impl<T> fmt::Debug for ObjectName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.name, f)
    }
}

impl<T> fmt::Display for ObjectName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl<T> PartialEq for ObjectName<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<T> Eq for ObjectName<T> {}

impl<T> AsRef<str> for ObjectName<T> {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Event, VirtualMachine};

    type VmName = ObjectName<VirtualMachine>;

    #[test]
    fn every_written_form_of_a_vm_name_is_read() {
        for text in [
            "web-1",
            "vm/web-1",
            "vms/web-1",
            "virtualmachine/web-1",
            "virtualmachine.nova.dev/web-1",
        ] {
            assert_eq!(text.parse::<VmName>().unwrap().as_str(), "web-1", "{text}");
        }
    }

    #[test]
    fn bad_names_say_what_is_wrong() {
        assert_eq!("".parse::<VmName>(), Err(NameError::Empty));
        assert_eq!("vm/".parse::<VmName>(), Err(NameError::Empty));
        for bad in ["Web", "a_b", "-a", "a-", "a.b", "ä", "a b", "a/b/c"] {
            assert!(bad.parse::<VmName>().is_err(), "{bad}");
        }
        assert!(matches!(
            "image/x".parse::<VmName>(),
            Err(NameError::WrongKind {
                expected: "virtualmachine",
                ..
            })
        ));
        assert!("a".repeat(63).parse::<VmName>().is_ok());
        assert!(matches!(
            "a".repeat(64).parse::<VmName>(),
            Err(NameError::TooLong {
                length: 64,
                limit: 63,
                ..
            })
        ));
    }

    #[test]
    fn a_bad_name_has_a_good_one_near_it() {
        let meant = |text: &str| text.parse::<VmName>().unwrap_err().meant();
        assert_eq!(meant("Web_1").as_deref(), Some("web-1"));
        assert_eq!(meant("X_").as_deref(), Some("x"));
        assert_eq!(meant(&"a".repeat(70)), Some("a".repeat(63)));
        assert_eq!(meant("___"), None);
        assert_eq!(meant(""), None);
    }

    #[test]
    fn events_may_have_dots() {
        assert!("web-1.17a".parse::<ObjectName<Event>>().is_ok());
        assert!("web-1..17a".parse::<ObjectName<Event>>().is_err());
    }
}
