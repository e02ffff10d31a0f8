//! Ranges of versions, how they are written, and what they take.

use std::fmt;

use super::float::{Float, Floating};
use super::number::Version;

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The version there.
    pub version: Version,
    /// Whether that version belongs to the range.
    pub inclusive: bool,
}

/// A range of versions; its lower end may float.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Range {
    /// The lower end; nothing means that there is none.
    pub lower: Option<Bound>,
    /// The upper end.
    pub upper: Option<Bound>,
    /// What the lower end was written as, if it floats.
    pub float: Option<Float>,
}

impl Range {
    /// Everything from this version on.
    #[must_use]
    pub fn at_least(version: Version) -> Self {
        Self {
            lower: Some(Bound {
                version,
                inclusive: true,
            }),
            ..Self::default()
        }
    }

    /// Exactly this version.
    #[must_use]
    pub fn exactly(version: Version) -> Self {
        let bound = Bound {
            version,
            inclusive: true,
        };
        Self {
            lower: Some(bound.clone()),
            upper: Some(bound),
            float: None,
        }
    }

    /// Whether the newest of something is wanted.
    #[must_use]
    pub fn is_floating(&self) -> bool {
        self.floating() != Floating::None
    }

    /// Which part floats.
    #[must_use]
    pub fn floating(&self) -> Floating {
        self.float
            .as_ref()
            .map_or(Floating::None, |float| float.floating)
    }

    /// Whether a prerelease may be taken: an end is one, or labels float.
    #[must_use]
    pub fn takes_prereleases(&self) -> bool {
        let ends = [&self.lower, &self.upper];
        let labelled = ends
            .into_iter()
            .flatten()
            .any(|end| end.version.is_prerelease());
        labelled || self.floating().takes_prereleases()
    }

    /// Whether a version lies between the ends. Prereleases are not looked at.
    #[must_use]
    pub fn satisfies(&self, version: &Version) -> bool {
        let above = self
            .lower
            .as_ref()
            .is_none_or(|end| *version > end.version || (end.inclusive && *version == end.version));
        let below = self
            .upper
            .as_ref()
            .is_none_or(|end| *version < end.version || (end.inclusive && *version == end.version));
        above && below
    }

    /// Whether `other` is to be taken rather than `current`.
    #[must_use]
    pub fn is_better(&self, current: Option<&Version>, other: &Version) -> bool {
        if (other.is_prerelease() && !self.takes_prereleases()) || !self.satisfies(other) {
            return false;
        }
        let Some(current) = current else {
            return true;
        };
        let Some(float) = self.float.as_ref().filter(|_| self.is_floating()) else {
            return current > other;
        };
        match (float.accepts(current), float.accepts(other)) {
            (true, true) => current < other,
            (true, false) => false,
            (false, true) => true,
            (false, false) => nearer(&float.lowest, current, other),
        }
    }

    /// The version that is taken of those that there are.
    pub fn best<'v>(&self, versions: impl IntoIterator<Item = &'v Version>) -> Option<&'v Version> {
        versions.into_iter().fold(None, |best, version| {
            if self.is_better(best, version) {
                Some(version)
            } else {
                best
            }
        })
    }
}

/// What messages say of a range.
impl Range {
    /// Whether there is a lowest version that belongs to it, as every dependency should have.
    #[must_use]
    pub fn has_inclusive_lower(&self) -> bool {
        self.lower.as_ref().is_some_and(|end| end.inclusive)
    }

    /// Of versions that it does not take, the one to tell the user of: the lowest above it, else the highest.
    #[must_use]
    pub fn nearest<'v>(&self, versions: &'v [Version]) -> Option<&'v Version> {
        let beyond = |version: &&Version| {
            let end = self.upper.as_ref();
            end.is_some_and(|end| **version > end.version)
        };
        let above = versions.iter().filter(beyond).min();
        above.or_else(|| versions.iter().max())
    }
}

/// Of two that a float does not mean: above it the lower one, else the higher one.
fn nearer(lowest: &Version, current: &Version, other: &Version) -> bool {
    match (current < lowest, other < lowest) {
        (true, false) => true,
        (false, true) => false,
        (false, false) => current > other,
        (true, true) => current < other,
    }
}

/// Ways of writing a range.
impl Range {
    /// The form of lock and assets files: `[1.0.0, )`, `[1.*, 2.0.0)`.
    #[must_use]
    pub fn normalized(&self) -> String {
        self.brackets(&self.lowest())
    }

    /// The same where older clients read it: a float is its lowest version.
    #[must_use]
    pub fn legacy(&self) -> String {
        self.brackets(&self.lowest_version())
    }

    /// The shortest form that means the same: `1.0.0`, `[1.0.0]`, `1.*`.
    #[must_use]
    pub fn shorthand(&self) -> String {
        self.short(&self.lowest())
    }

    /// The same without floats.
    #[must_use]
    pub fn legacy_shorthand(&self) -> String {
        self.short(&self.lowest_version())
    }

    /// The form of messages: `(>= 1.0.0 && < 2.0.0)`; nothing where there are no ends.
    #[must_use]
    pub fn pretty(&self) -> String {
        if self.is_exact() {
            return format!("(= {})", self.lowest_version());
        }
        let mut parts = Vec::new();
        if let Some(end) = &self.lower {
            let sign = if end.inclusive { ">=" } else { ">" };
            parts.push(format!("{sign} {}", self.lowest_version()));
        }
        if let Some(end) = &self.upper {
            let sign = if end.inclusive { "<=" } else { "<" };
            parts.push(format!("{sign} {}", end.version.normalized()));
        }
        if parts.is_empty() {
            return String::new();
        }
        format!("({})", parts.join(" && "))
    }

    fn lowest(&self) -> String {
        match &self.float {
            Some(float) => float.to_string(),
            None => self.lowest_version(),
        }
    }

    fn lowest_version(&self) -> String {
        self.lower
            .as_ref()
            .map(|end| end.version.normalized())
            .unwrap_or_default()
    }

    fn brackets(&self, lowest: &str) -> String {
        let open = self.lower.as_ref().is_some_and(|end| end.inclusive);
        let close = self.upper.as_ref().is_some_and(|end| end.inclusive);
        let highest = self.upper.as_ref().map(|end| end.version.normalized());
        format!(
            "{}{lowest}, {}{}",
            if open { '[' } else { '(' },
            highest.unwrap_or_default(),
            if close { ']' } else { ')' },
        )
    }

    fn short(&self, lowest: &str) -> String {
        match (&self.lower, &self.upper) {
            (Some(lower), None) if lower.inclusive => lowest.to_owned(),
            _ if self.is_exact() => format!("[{lowest}]"),
            _ => self.brackets(lowest),
        }
    }

    /// Whether only one version is in it.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Some(a), Some(b)) => a.inclusive && b.inclusive && a.version == b.version,
            _ => false,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.normalized())
    }
}
