//! Versions with a star: the newest that begins so.

use std::fmt;

use super::number::{Version, three_or_four};

/// Which part floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floating {
    /// Nothing: `1.0.0`.
    None,
    /// The label: `1.0.0-rc*`.
    Prerelease,
    /// The fourth number: `1.2.3.*`.
    Revision,
    /// The third: `1.2.*`.
    Patch,
    /// The second: `1.*`.
    Minor,
    /// The first: `*`.
    Major,
    /// Everything, prereleases too: `*-*`.
    AbsoluteLatest,
    /// The fourth number and the label: `1.2.3.*-rc*`.
    PrereleaseRevision,
    /// The third and the label.
    PrereleasePatch,
    /// The second and the label.
    PrereleaseMinor,
    /// The first and the label: `*-rc*`.
    PrereleaseMajor,
}

impl Floating {
    /// The name in NuGet's own terms.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Prerelease => "Prerelease",
            Self::Revision => "Revision",
            Self::Patch => "Patch",
            Self::Minor => "Minor",
            Self::Major => "Major",
            Self::AbsoluteLatest => "AbsoluteLatest",
            Self::PrereleaseRevision => "PrereleaseRevision",
            Self::PrereleasePatch => "PrereleasePatch",
            Self::PrereleaseMinor => "PrereleaseMinor",
            Self::PrereleaseMajor => "PrereleaseMajor",
        }
    }

    /// Whether prereleases may be taken.
    #[must_use]
    pub fn takes_prereleases(self) -> bool {
        !matches!(
            self,
            Self::None | Self::Revision | Self::Patch | Self::Minor | Self::Major
        )
    }

    /// How many numbers are fixed.
    fn fixed(self) -> usize {
        match self {
            Self::None | Self::Prerelease => 4,
            Self::Revision | Self::PrereleaseRevision => 3,
            Self::Patch | Self::PrereleasePatch => 2,
            Self::Minor | Self::PrereleaseMinor => 1,
            Self::Major | Self::PrereleaseMajor | Self::AbsoluteLatest => 0,
        }
    }

    /// What floats in a version of so many numbers whose last is a star.
    fn of_parts(parts: usize, prerelease: bool) -> Option<Self> {
        Some(match (parts, prerelease) {
            (1, true) => Self::PrereleaseMajor,
            (2, false) => Self::Minor,
            (2, true) => Self::PrereleaseMinor,
            (3, false) => Self::Patch,
            (3, true) => Self::PrereleasePatch,
            (4, false) => Self::Revision,
            (4, true) => Self::PrereleaseRevision,
            _ => return None,
        })
    }
}

/// A version that may float.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Float {
    /// Which part floats.
    pub floating: Floating,
    /// The lowest version that is meant.
    pub lowest: Version,
    /// What a label must begin with; nothing where labels do not matter.
    pub prefix: Option<Box<str>>,
}

impl Float {
    /// Reads `1.*`, `1.0.0-rc.*`, `*-*`, or a plain version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (first, last) = (text.find('*'), text.rfind('*'));
        match text {
            "*" => Self::new(Floating::Major, "0.0.0", None),
            "*-*" => Self::new(Floating::AbsoluteLatest, "0.0.0-0", Some("")),
            _ if text.contains('+') && first.is_some() => None,
            _ if first.is_none() => Self::fixed(text),
            // A star may only be the last of the numbers and the last of all.
            _ if last != Some(text.len() - 1) => None,
            _ if first == last => Self::one_star(&text[..text.len() - 1]),
            _ => Self::two_stars(&text[..text.len() - 1]),
        }
    }

    fn new(floating: Floating, lowest: &str, prefix: Option<&str>) -> Option<Self> {
        Some(Self {
            floating,
            lowest: Version::parse(lowest)?,
            prefix: prefix.map(Box::from),
        })
    }

    fn fixed(text: &str) -> Option<Self> {
        let lowest = Version::parse(text)?;
        let release = Some(lowest.release()).filter(|release| !release.is_empty());
        Some(Self {
            floating: Floating::None,
            prefix: release.map(Box::from),
            lowest,
        })
    }

    /// `1.2.` or `1.2.3-rc`, before the star.
    fn one_star(before: &str) -> Option<Self> {
        let Some((_, prefix)) = before.split_once('-') else {
            // The star stands for what comes after a zero, so `1.1*` begins at 1.10.
            let floating = Floating::of_parts(before.split('.').count(), false)?;
            return Self::new(floating, &format!("{before}0"), None);
        };
        let zero = lowest_label(prefix);
        Self::new(
            Floating::Prerelease,
            &format!("{before}{zero}"),
            Some(prefix),
        )
    }

    /// `1.2.*-rc`, before the second star.
    fn two_stars(before: &str) -> Option<Self> {
        let (numbers, prefix) = before.split_once("*-")?;
        if numbers.contains(['-', '*']) || prefix.contains('*') {
            return None;
        }
        let floating = Floating::of_parts(numbers.split('.').count(), true)?;
        let zero = lowest_label(prefix);
        Self::new(
            floating,
            &format!("{numbers}0-{prefix}{zero}"),
            Some(prefix),
        )
    }

    /// Whether the star stands for this version.
    #[must_use]
    pub fn accepts(&self, version: &Version) -> bool {
        let fixed = self.floating.fixed();
        if self.floating == Floating::None
            || version.numbers[..fixed] != self.lowest.numbers[..fixed]
        {
            return false;
        }
        if self.floating == Floating::AbsoluteLatest || !version.is_prerelease() {
            return true;
        }
        self.floating.takes_prereleases() && self.begins(version.release())
    }

    fn begins(&self, release: &str) -> bool {
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let head = release.as_bytes().get(..prefix.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
    }
}

/// The lowest label that begins so needs a zero where it would be empty.
fn lowest_label(prefix: &str) -> &'static str {
    if prefix.is_empty() || prefix.ends_with('.') {
        "0"
    } else {
        ""
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.lowest.numbers;
        let fixed = self.floating.fixed();
        match self.floating {
            Floating::None => return f.write_str(&self.lowest.normalized()),
            Floating::Prerelease => f.write_str(&three_or_four(numbers))?,
            _ => {
                for number in &numbers[..fixed] {
                    write!(f, "{number}.")?;
                }
                f.write_str("*")?;
            }
        }
        if self.floating.takes_prereleases() {
            write!(f, "-{}*", self.prefix.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }
}
