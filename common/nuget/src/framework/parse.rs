//! Reading a framework of any spelling.

use std::str::FromStr;

use super::error::FrameworkError;
use super::folder;
use super::model::Framework;
use super::moniker;

impl Framework {
    /// Reads a folder name (`net8.0-windows7.0`) or a moniker (`.NETCoreApp,Version=v8.0`).
    ///
    /// A name that is none is no error but [`Framework::unsupported`].
    pub fn parse(text: &str) -> Result<Self, FrameworkError> {
        if text.contains(',') {
            moniker::read(text)
        } else {
            folder::read(text)
        }
    }

    /// Reads a folder name, whatever is in it.
    pub fn from_folder(name: &str) -> Result<Self, FrameworkError> {
        folder::read(name)
    }

    /// Reads what MSBuild calls `TargetFrameworkMoniker` and `TargetPlatformMoniker`.
    ///
    /// The platform of a framework that has none (before .NET 5.0) is not looked at.
    pub fn from_monikers(framework: &str, platform: Option<&str>) -> Result<Self, FrameworkError> {
        moniker::read_pair(framework, platform.unwrap_or_default())
    }
}

impl FromStr for Framework {
    type Err = FrameworkError;

    fn from_str(text: &str) -> Result<Self, FrameworkError> {
        Self::parse(text)
    }
}
