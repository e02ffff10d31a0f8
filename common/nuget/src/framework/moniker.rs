//! Reading frameworks as MSBuild names them.

use super::error::FrameworkError;
use super::identifier::Identifier;
use super::model::Framework;
use super::names::long_profile;
use super::numbers::{self, NONE, Numbers};
use super::portable;

/// Reads `.NETFramework,Version=v4.0,Profile=Client`.
pub(super) fn read(text: &str) -> Result<Framework, FrameworkError> {
    let moniker = Moniker::of(text)?;
    if let Some(special) = Identifier::find_special(moniker.first) {
        return Ok(Framework::new(special, NONE));
    }
    let framework = moniker.framework()?;
    let profile = moniker.profile(&framework)?.unwrap_or_default();
    Ok(if framework.is_net5() {
        framework
    } else {
        framework.with_profile(profile)
    })
}

/// Reads the two monikers of a project. Unlike a single one, profiles may be abbreviated.
pub(super) fn read_pair(framework: &str, platform: &str) -> Result<Framework, FrameworkError> {
    let moniker = Moniker::of(framework)?;
    if let Some(special) = Identifier::find_special(moniker.first) {
        return Ok(Framework::new(special, NONE));
    }
    let framework = moniker.framework()?;
    let profile = long_profile(moniker.profile(&framework)?.unwrap_or_default());
    if framework.is(Identifier::NetPortable) {
        return portable::of_list(framework, profile);
    }
    if !framework.is_net5() {
        return Ok(framework.with_profile(profile));
    }
    match (profile, platform) {
        ("", "") => Ok(framework),
        ("", platform) => on_platform(framework, platform),
        _ => Err(FrameworkError::Profile(profile.to_owned())),
    }
}

fn on_platform(framework: Framework, text: &str) -> Result<Framework, FrameworkError> {
    let moniker = Moniker::of(text)?;
    let version = moniker.version(FrameworkError::PlatformVersion)?;
    Ok(framework.with_platform(moniker.first, version))
}

/// What is between commas.
struct Moniker<'t> {
    first: &'t str,
    parts: Vec<&'t str>,
}

impl<'t> Moniker<'t> {
    fn of(text: &'t str) -> Result<Self, FrameworkError> {
        let parts = text.split(',').filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.map(str::trim).collect();
        let first = *parts.first().ok_or(FrameworkError::NoIdentifier)?;
        Ok(Self { first, parts })
    }

    fn framework(&self) -> Result<Framework, FrameworkError> {
        let version = self.version(FrameworkError::Version)?;
        Ok(Framework::named(self.first, version))
    }

    fn version(
        &self,
        wrong: impl FnOnce(String) -> FrameworkError,
    ) -> Result<Numbers, FrameworkError> {
        let Some(value) = self.value("Version=") else {
            return Ok(NONE);
        };
        let text = value.trim_start_matches('v');
        numbers::short_or_dotted(text).ok_or_else(|| wrong(text.to_owned()))
    }

    fn profile(&self, of: &Framework) -> Result<Option<&'t str>, FrameworkError> {
        let profile = self.value("Profile=");
        let hyphen = profile.filter(|profile| profile.contains('-'));
        match hyphen {
            Some(profile) if of.is(Identifier::NetPortable) => {
                Err(FrameworkError::PortableMember(profile.to_owned()))
            }
            _ => Ok(profile),
        }
    }

    /// The value of a key. One that is given twice counts for nothing.
    fn value(&self, key: &str) -> Option<&'t str> {
        let of_key = |part: &&'t str| {
            let start = part.get(..key.len());
            start.filter(|start| start.eq_ignore_ascii_case(key))?;
            // Another `=` ends the value.
            part[key.len()..].split('=').next()
        };
        let mut values = self.parts.iter().filter_map(of_key);
        let value = values.next();
        value.filter(|_| values.next().is_none())
    }
}
