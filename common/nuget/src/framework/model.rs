//! A target framework and its parts.

use std::hash::{Hash, Hasher};

use super::identifier::Identifier;
use super::numbers::{NONE, Numbers};

/// A target framework. Names are equal in any case.
#[derive(Debug, Clone)]
pub struct Framework {
    name: Name,
    version: Numbers,
    profile: Box<str>,
    platform: Box<str>,
    platform_version: Numbers,
}

#[derive(Debug, Clone)]
enum Name {
    Known(Identifier),
    Other(Box<str>),
}

/// What the tables of rules speak of: a framework without a platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'f> {
    pub(super) identifier: Identifier,
    pub(super) version: Numbers,
    pub(super) profile: &'f str,
}

impl PartialEq for Shape<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.identifier == other.identifier
            && self.version == other.version
            && self.profile.eq_ignore_ascii_case(other.profile)
    }
}

impl Framework {
    /// A framework without profile or platform.
    #[must_use]
    pub fn new(identifier: Identifier, version: Numbers) -> Self {
        Self {
            name: Name::Known(identifier),
            version,
            profile: Box::default(),
            platform: Box::default(),
            platform_version: NONE,
        }
    }

    /// The framework that goes with every other.
    #[must_use]
    pub fn any() -> Self {
        Self::new(Identifier::Any, NONE)
    }

    /// What a name is read as that names no framework.
    #[must_use]
    pub fn unsupported() -> Self {
        Self::new(Identifier::Unsupported, NONE)
    }

    /// A framework of any name, known or not.
    pub(super) fn named(identifier: &str, version: Numbers) -> Self {
        let known = Identifier::find(identifier);
        let name = known.map_or_else(|| Name::Other(identifier.into()), Name::Known);
        Self {
            name,
            ..Self::new(Identifier::Unsupported, version)
        }
    }

    pub(super) fn with_profile(self, profile: &str) -> Self {
        Self {
            profile: profile.into(),
            ..self
        }
    }

    /// Only .NET 5.0 and later have platforms; others stay without.
    pub(super) fn with_platform(self, platform: &str, version: Numbers) -> Self {
        if !self.is_net5() {
            return self;
        }
        Self {
            platform: platform.into(),
            platform_version: version,
            ..self
        }
    }

    /// The identifier, as in `.NETCoreApp`.
    #[must_use]
    pub fn identifier(&self) -> &str {
        match &self.name {
            Name::Known(identifier) => identifier.name(),
            Name::Other(name) => name,
        }
    }

    /// The identifier, if NuGet has rules for it.
    #[must_use]
    pub fn known(&self) -> Option<Identifier> {
        match self.name {
            Name::Known(identifier) => Some(identifier),
            Name::Other(_) => None,
        }
    }

    /// Whether this is a version of that framework.
    #[must_use]
    pub fn is(&self, identifier: Identifier) -> bool {
        self.known() == Some(identifier)
    }

    /// The version; all 0 stands for every version.
    #[must_use]
    pub fn version(&self) -> Numbers {
        self.version
    }

    /// The profile, as in `Client`; empty if there is none.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The platform, as in `windows`; empty if there is none.
    #[must_use]
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// The version of the platform; all 0 if none was written.
    #[must_use]
    pub fn platform_version(&self) -> Numbers {
        self.platform_version
    }

    /// Whether the name named no framework.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.is(Identifier::Unsupported)
    }

    /// Whether this goes with every framework.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.is(Identifier::Any)
    }

    /// Whether this is no framework in particular.
    pub(super) fn is_special(&self) -> bool {
        self.known().is_some_and(Identifier::is_special)
    }

    /// Whether this is .NET 5.0 or later, which has platforms in place of profiles.
    #[must_use]
    pub fn is_net5(&self) -> bool {
        self.is(Identifier::NetCoreApp) && self.version[0] >= 5
    }

    /// Whether this is .NET 6.0 or later for a platform, which takes less than .NET 5.0 does.
    pub(super) fn is_net6_on_platform(&self) -> bool {
        self.is_net5() && self.version[0] >= 6 && !self.platform.is_empty()
    }

    /// Whether this is a portable class library.
    #[must_use]
    pub fn is_portable(&self) -> bool {
        self.is(Identifier::NetPortable) && self.version[0] < 5
    }

    /// Whether the framework's own assemblies come in packages.
    #[must_use]
    pub fn is_package_based(&self) -> bool {
        use Identifier as I;
        match self.known() {
            Some(I::NetCore) => self.version[0] >= 5,
            Some(
                I::DnxCore
                | I::NetPlatform
                | I::NetStandard
                | I::NetStandardApp
                | I::NetCoreApp
                | I::Uap
                | I::Tizen,
            ) => true,
            _ => false,
        }
    }

    /// Whether both are versions of one framework.
    #[must_use]
    pub fn has_name_of(&self, other: &Self) -> bool {
        match (&self.name, &other.name) {
            (Name::Known(a), Name::Known(b)) => a == b,
            (Name::Other(a), Name::Other(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        }
    }

    /// What the tables know this as. No table has a framework that has platforms.
    pub(super) fn shape(&self) -> Option<Shape<'_>> {
        Some(Shape {
            identifier: self.known()?,
            version: self.version,
            profile: &self.profile,
        })
    }
}

impl From<Shape<'_>> for Framework {
    fn from(shape: Shape<'_>) -> Self {
        Self::new(shape.identifier, shape.version).with_profile(shape.profile)
    }
}

impl PartialEq for Framework {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
            && self.platform_version == other.platform_version
            && self.has_name_of(other)
            && self.profile.eq_ignore_ascii_case(&other.profile)
            && self.platform.eq_ignore_ascii_case(&other.platform)
    }
}

impl Eq for Framework {}

impl Hash for Framework {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.version.hash(state);
        self.platform_version.hash(state);
        for text in [self.identifier(), &self.profile, &self.platform] {
            let lower = text.bytes().map(|byte| byte.to_ascii_lowercase());
            lower.for_each(|byte| byte.hash(state));
            // Without an end, `a` and `bc` would be as `ab` and `c`.
            state.write_u8(0xff);
        }
    }
}
