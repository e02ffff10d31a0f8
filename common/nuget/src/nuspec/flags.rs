//! Which kinds of files of a package flow where.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

/// A set of kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

/// In the order in which NuGet writes them.
const NAMES: [(Flags, &str); 7] = [
    (Flags::RUNTIME, "Runtime"),
    (Flags::COMPILE, "Compile"),
    (Flags::BUILD, "Build"),
    (Flags::NATIVE, "Native"),
    (Flags::CONTENT_FILES, "ContentFiles"),
    (Flags::ANALYZERS, "Analyzers"),
    (Flags::BUILD_TRANSITIVE, "BuildTransitive"),
];

impl Flags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// What runs.
    pub const RUNTIME: Self = Self(1);
    /// What is compiled against.
    pub const COMPILE: Self = Self(1 << 1);
    /// Imports of a build.
    pub const BUILD: Self = Self(1 << 2);
    /// Libraries of the machine's own code.
    pub const NATIVE: Self = Self(1 << 3);
    /// Files that become part of the project.
    pub const CONTENT_FILES: Self = Self(1 << 4);
    /// Analyzers.
    pub const ANALYZERS: Self = Self(1 << 5);
    /// Imports of the build of what depends on it.
    pub const BUILD_TRANSITIVE: Self = Self(1 << 6);
    /// Everything.
    pub const ALL: Self = Self((1 << 7) - 1);
    /// What a package's dependency gives where the manifest says nothing.
    pub const OF_DEPENDENCY: Self = Self(Self::ALL.0 & !Self::CONTENT_FILES.0);
    /// What a project keeps to itself where it says nothing.
    pub const PRIVATE: Self = Self(Self::CONTENT_FILES.0 | Self::ANALYZERS.0 | Self::BUILD.0);

    /// Reads a list such as `compile; buildTransitive`, split at commas or semicolons. Unknown words say nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let words = text.split([',', ';']).map(str::trim);
        words.fold(Self::NONE, |flags, word| flags | Self::named(word))
    }

    fn named(word: &str) -> Self {
        if word.eq_ignore_ascii_case("all") {
            return Self::ALL;
        }
        let known = NAMES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(word));
        match known {
            // What goes on to others also goes to the first.
            Some((Self::BUILD_TRANSITIVE, _)) => Self::BUILD_TRANSITIVE | Self::BUILD,
            Some((flag, _)) => *flag,
            None => Self::NONE,
        }
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self & other == other
    }

    /// What is in it and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        self & !other
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Flags {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Flags {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }
}

/// As NuGet writes it into its files: `All`, `None`, or the names.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ALL => f.write_str("All"),
            Self::NONE => f.write_str("None"),
            flags => {
                let names = NAMES.iter().filter(|(flag, _)| flags.has(*flag));
                let names: Vec<&str> = names.map(|(_, name)| *name).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_written() {
        for (text, shown) in [
            ("all", "All"),
            ("", "None"),
            ("none", "None"),
            ("compile; RUNTIME", "Runtime, Compile"),
            ("buildTransitive", "Build, BuildTransitive"),
            ("Build,Analyzers,bogus", "Build, Analyzers"),
        ] {
            assert_eq!(Flags::parse(text).to_string(), shown, "{text}");
        }
        assert_eq!(
            Flags::ALL.without(Flags::PRIVATE).to_string(),
            "Runtime, Compile, Native, BuildTransitive"
        );
        assert!(!Flags::OF_DEPENDENCY.has(Flags::CONTENT_FILES));
    }
}
