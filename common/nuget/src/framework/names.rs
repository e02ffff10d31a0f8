//! Writing frameworks: folders, monikers, and how profiles are abbreviated.

use std::fmt;

use super::error::FrameworkError;
use super::identifier::Identifier;
use super::model::Framework;
use super::numbers::{self, NONE, Numbers};
use super::portable;

/// Profiles in folders and in monikers. The full .NET Framework has none in monikers.
const PROFILES: [(&str, &str); 5] = [
    ("Client", "Client"),
    ("CF", "CompactFramework"),
    ("Full", ""),
    ("WP", "WindowsPhone"),
    ("WP71", "WindowsPhone71"),
];

/// A profile as monikers have it; one that is not known stays as it is.
pub(super) fn long_profile(profile: &str) -> &str {
    known_profile(profile).map_or(profile, |(_, long)| long)
}

fn short_profile(profile: &str) -> &str {
    known_profile(profile).map_or(profile, |(short, _)| short)
}

fn known_profile(profile: &str) -> Option<(&'static str, &'static str)> {
    let same = |(short, long): &&(&str, &str)| {
        short.eq_ignore_ascii_case(profile) || long.eq_ignore_ascii_case(profile)
    };
    PROFILES.iter().find(same).copied()
}

impl Framework {
    /// The name of a folder for this, as in `net8.0-windows7.0`.
    pub fn short_folder_name(&self) -> Result<String, FrameworkError> {
        if self.is_special() {
            return Ok(self.identifier().to_lowercase());
        }
        let mut name = self.short_identifier()?;
        // `dotnet` is 5.0, so 5.0 is `dotnet`.
        if !(self.is(Identifier::NetPlatform) && self.is_plain([5, 0, 0, 0])) {
            numbers::add_to_folder(&mut name, self.known(), self.version());
        }
        if self.is_portable() {
            name.push('-');
            name.push_str(&self.portable_members()?);
        } else if self.is_net5() {
            self.add_platform(&mut name);
        } else if !self.profile().is_empty() {
            name.push('-');
            name.push_str(short_profile(self.profile()));
        }
        Ok(name.to_lowercase())
    }

    fn is_plain(&self, version: Numbers) -> bool {
        self.version() == version && self.profile().is_empty()
    }

    fn short_identifier(&self) -> Result<String, FrameworkError> {
        let name = match self.known() {
            Some(_) if self.is_net5() => Identifier::NetFramework.short_name().to_owned(),
            Some(identifier) => identifier.short_name().to_owned(),
            None => {
                let letters = self.identifier().chars();
                letters.filter(|each| each.is_alphanumeric()).collect()
            }
        };
        if name.is_empty() {
            Err(FrameworkError::NoIdentifier)
        } else {
            Ok(name)
        }
    }

    fn add_platform(&self, name: &mut String) {
        if !self.platform().is_empty() {
            name.push('-');
            name.push_str(self.platform());
            numbers::add_to_folder(name, self.known(), self.platform_version());
        }
    }

    /// The members that a portable framework must have, by name.
    fn portable_members(&self) -> Result<String, FrameworkError> {
        let mut distinct: Vec<Self> = Vec::new();
        for member in portable::members(self.profile(), false)? {
            if !distinct.contains(&member) {
                distinct.push(member);
            }
        }
        if distinct.is_empty() {
            return Err(FrameworkError::NoMembers(self.moniker()));
        }
        let names = distinct.iter().map(Self::short_folder_name);
        let mut names = names.collect::<Result<Vec<String>, _>>()?;
        names.sort();
        Ok(names.join("+"))
    }

    /// What MSBuild calls the framework, as in `.NETCoreApp,Version=v8.0`.
    #[must_use]
    pub fn moniker(&self) -> String {
        let version = if self.is(Identifier::NetPlatform) && self.is_plain(NONE) {
            [5, 0, 0, 0]
        } else {
            self.version()
        };
        let version = numbers::for_moniker(version);
        let identifier = self.identifier();
        match self.profile() {
            "" => format!("{identifier},Version=v{version}"),
            profile => format!("{identifier},Version=v{version},Profile={profile}"),
        }
    }

    /// What MSBuild calls the platform, as in `windows,Version=7.0`.
    #[must_use]
    pub fn platform_moniker(&self) -> Option<String> {
        let platform = Some(self.platform()).filter(|platform| !platform.is_empty())?;
        let version = numbers::for_moniker(self.platform_version());
        Some(format!("{platform},Version={version}"))
    }
}

/// The folder name of .NET 5.0 and later, the moniker of what came before.
impl fmt::Display for Framework {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.is_net5().then(|| self.short_folder_name().ok());
        let name = folder.flatten().unwrap_or_else(|| self.moniker());
        to.pad(&name)
    }
}
