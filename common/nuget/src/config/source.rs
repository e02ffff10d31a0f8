//! Feeds and what opens them.

use std::path::Path;

use super::file::{Attributes, Entry};
use super::merge::{Merged, Settings};
use super::surroundings::normal;

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// A URL or a path; paths are absolute.
    pub location: String,
    /// Not disabled.
    pub enabled: bool,
    /// 2 means that the feed is asked which it speaks, unless its URL ends in `.json`.
    pub protocol: u32,
    /// Plain HTTP is all right.
    pub allows_insecure: bool,
    /// Any certificate is all right.
    pub trusts_any_certificate: bool,
    /// What opens it.
    pub credentials: Option<Credentials>,
}

/// A user of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: Password,
    /// The kinds of authentication that they are for; empty means any.
    pub types: String,
}

/// A password as a file has it.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// To be read.
    Clear(String),
    /// Only Windows can read it.
    Encrypted,
}

/// Passwords are never shown.
impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Settings {
    /// The feeds, those of the closest file first. Names are told apart without their case; of two spellings the closer
    /// counts, or the one that speaks the newer protocol.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let mut sources: Vec<Source> = Vec::new();
        for merged in self.closest_first("packageSources") {
            let source = self.source(&merged.entry, self.folder(merged));
            let same = |known: &&mut Source| known.name.eq_ignore_ascii_case(&source.name);
            match sources.iter_mut().find(same) {
                Some(known) if known.protocol < source.protocol => *known = source,
                Some(_) => {}
                None => sources.push(source),
            }
        }
        let machine = self.around.machine_folder();
        for entry in &self.defaults {
            let source = self.source(entry, &machine);
            let known = sources.iter().any(|known| {
                known.name.eq_ignore_ascii_case(&source.name)
                    || known.location.eq_ignore_ascii_case(&source.location)
            });
            if !known {
                sources.push(source);
            }
        }
        sources
    }

    fn source(&self, entry: &Entry, folder: &Path) -> Source {
        let name = entry.identity().to_owned();
        let attributes = &entry.attributes;
        Source {
            location: located(entry.value(), folder),
            enabled: !self.is_disabled(&name),
            protocol: attributes
                .get("protocolVersion")
                .and_then(|text| text.parse().ok())
                .unwrap_or(2),
            allows_insecure: attributes.is_true("allowInsecureConnections"),
            trusts_any_certificate: attributes.is_true("disableTLSCertificateValidation"),
            credentials: self.credentials(&name),
            name,
        }
    }

    /// An entry disables, whatever its value.
    fn is_disabled(&self, name: &str) -> bool {
        self.section("disabledPackageSources")
            .any(|merged| merged.entry.identity() == name)
    }

    fn credentials(&self, name: &str) -> Option<Credentials> {
        let variable = format!("NuGetPackageSourceCredentials_{name}");
        let of_environment = self.around.variable(&variable).and_then(of_text);
        of_environment.or_else(|| {
            let named = |merged: &&Merged| decoded(&merged.entry.element) == name;
            of_entry(&self.section("packageSourceCredentials").find(named)?.entry)
        })
    }

    /// The URLs that there is a key for.
    pub fn api_keys(&self) -> impl Iterator<Item = &str> {
        self.section("apikeys")
            .map(|merged| merged.entry.identity())
    }
}

/// `Username=u;Password=p;ValidAuthenticationTypes=t`.
fn of_text(text: &str) -> Option<Credentials> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
    let all = Attributes(pairs.collect());
    Some(Credentials {
        user: all.get("Username")?.to_owned(),
        password: Password::Clear(all.get("Password")?.to_owned()),
        types: all
            .get("ValidAuthenticationTypes")
            .unwrap_or_default()
            .to_owned(),
    })
}

fn of_entry(entry: &Entry) -> Option<Credentials> {
    let value = |key: &str| {
        let found = entry
            .children
            .iter()
            .find(|child| child.identity().eq_ignore_ascii_case(key));
        found.map(|child| child.value().to_owned())
    };
    Some(Credentials {
        user: value("Username")?,
        password: match value("ClearTextPassword") {
            Some(clear) => Password::Clear(clear),
            None => value("Password").map(|_| Password::Encrypted)?,
        },
        types: value("ValidAuthenticationTypes").unwrap_or_default(),
    })
}

/// A path of a file's own is one from its folder.
fn located(value: &str, folder: &Path) -> String {
    let text = value.trim();
    let scheme = text.split_once(':').is_some_and(|(scheme, _)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        !scheme.is_empty() && scheme.chars().all(plain)
    });
    if scheme || text.is_empty() {
        return value.to_owned();
    }
    normal(&folder.join(value)).to_string_lossy().into_owned()
}

/// The name that an element stands for: `My_x0020_Feed` is `My Feed`.
fn decoded(element: &str) -> String {
    let (mut out, mut rest) = (String::new(), element);
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let code = rest
            .get(at + 2..at + 6)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let ends = rest.get(at + 6..at + 7) == Some("_");
        if let Some(c) = code.and_then(char::from_u32).filter(|_| ends) {
            out.push(c);
            rest = &rest[at + 7..];
        } else {
            out.push_str("_x");
            rest = &rest[at + 2..];
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_spell_any_name() {
        assert_eq!(decoded("My_x0020_Feed"), "My Feed");
        assert_eq!(decoded("_x0031_a_x00e9_"), "1aé");
        assert_eq!(decoded("a_xyz_b_x12"), "a_xyz_b_x12");
    }

    #[test]
    fn passwords_are_not_shown() {
        let shown = format!("{:?}", of_text("Username=u;Password=secret"));
        assert!(
            shown.contains("\"u\"") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
