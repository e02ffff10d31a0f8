//! What of the process and its user a configuration depends on, as plain values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The environment of a run. Tests make their own.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
    /// Where the machine's own files are, `NUGET_COMMON_APPLICATION_DATA` unless that is set.
    pub machine: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            variables: nova_core::env::with_prefix("").into_iter().collect(),
            machine: PathBuf::from("/etc/opt"),
        }
    }

    /// A variable that is set to something.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The user's home: that of the .NET tools, where it differs.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        let home = self
            .variable("DOTNET_CLI_HOME")
            .or_else(|| self.variable("HOME"));
        PathBuf::from(home.unwrap_or("/"))
    }

    /// The folder of the user's own files.
    #[must_use]
    pub fn user_folder(&self) -> PathBuf {
        self.home().join(".nuget/NuGet")
    }

    /// The folder of the machine's files.
    #[must_use]
    pub fn machine_folder(&self) -> PathBuf {
        let base = self
            .variable("NUGET_COMMON_APPLICATION_DATA")
            .map(Path::new);
        base.unwrap_or(&self.machine).join("NuGet")
    }

    /// Replaces `%NAME%` by the variable; one that is not set stays as it is.
    #[must_use]
    pub fn expand(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            let named = after.split_once('%');
            let known = named.and_then(|(name, tail)| Some((self.variables.get(name)?, tail)));
            if let Some((value, tail)) = known {
                out.push_str(value);
                rest = tail;
            } else {
                out.push('%');
                rest = after;
            }
        }
        out + rest
    }
}

/// A path without `.` and `..`, as far as its text tells.
#[must_use]
pub(super) fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_and_unknown_ones_stay() {
        let variables = [("A", "1"), ("B", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let around = Surroundings {
            variables: variables.into(),
            ..Surroundings::default()
        };
        for (text, expanded) in [
            ("x%A%y%B%", "x1y2"),
            ("%NO%%A%", "%NO%1"),
            ("100%", "100%"),
            ("50% of %A%", "50% of 1"),
            ("%%", "%%"),
        ] {
            assert_eq!(around.expand(text), expanded, "{text}");
        }
    }

    #[test]
    fn paths_lose_their_dots() {
        assert_eq!(normal(Path::new("/a/./b/../c/")), Path::new("/a/c"));
        assert_eq!(normal(Path::new("/..")), Path::new("/"));
    }
}
