//! What a version is, and how it is written.

use std::fmt;

/// A version: two to four numbers, labels of a prerelease, and metadata of a build.
///
/// Equality, order and hash are those of package identities: labels in any case, without metadata.
#[derive(Debug, Clone)]
pub struct Version {
    /// Major, minor, patch and revision; each fits a signed 32-bit number.
    pub(super) numbers: [u32; 4],
    /// As it was written, without blanks.
    pub(super) text: Box<str>,
    /// Where the labels are in the text; empty without any.
    pub(super) labels: (u32, u32),
    /// Where the metadata are in the text; empty without any.
    pub(super) metadata: (u32, u32),
}

impl Version {
    /// A version of numbers alone.
    #[must_use]
    pub fn of(numbers: [u32; 4]) -> Self {
        Self {
            numbers,
            text: three_or_four(numbers).into(),
            labels: (0, 0),
            metadata: (0, 0),
        }
    }

    /// The first number.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.numbers[0]
    }

    /// The second number.
    #[must_use]
    pub fn minor(&self) -> u32 {
        self.numbers[1]
    }

    /// The third number.
    #[must_use]
    pub fn patch(&self) -> u32 {
        self.numbers[2]
    }

    /// The fourth number, 0 in most versions.
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.numbers[3]
    }

    /// All four numbers.
    #[must_use]
    pub fn numbers(&self) -> [u32; 4] {
        self.numbers
    }

    /// The labels as written, `beta.2`; empty for a release.
    #[must_use]
    pub fn release(&self) -> &str {
        self.part(self.labels)
    }

    /// The labels one by one.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.release().split('.').filter(|label| !label.is_empty())
    }

    /// The metadata, without the `+`.
    #[must_use]
    pub fn metadata(&self) -> &str {
        self.part(self.metadata)
    }

    /// Whether it has labels.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        self.labels.0 < self.labels.1
    }

    /// Whether only clients that know `SemVer` 2 understand it: several labels, or metadata.
    #[must_use]
    pub fn is_semver2(&self) -> bool {
        self.release().contains('.') || !self.metadata().is_empty()
    }

    /// Whether it has a fourth number.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        self.revision() > 0
    }

    /// The canonical form, without metadata: `1.2.0-rc.1`.
    #[must_use]
    pub fn normalized(&self) -> String {
        let mut text = three_or_four(self.numbers);
        if self.is_prerelease() {
            text.extend(["-", self.release()]);
        }
        text
    }

    /// The canonical form with metadata.
    #[must_use]
    pub fn full(&self) -> String {
        let mut text = self.normalized();
        if !self.metadata().is_empty() {
            text.extend(["+", self.metadata()]);
        }
        text
    }

    /// The form of folders and file names.
    #[must_use]
    pub fn lower(&self) -> String {
        self.normalized().to_ascii_lowercase()
    }

    fn part(&self, (start, end): (u32, u32)) -> &str {
        &self.text[start as usize..end as usize]
    }
}

/// As it was written, or canonical where older clients would not understand it.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_semver2() {
            f.pad(&self.normalized())
        } else {
            f.pad(&self.text)
        }
    }
}

/// `1.2.3`, or `1.2.3.4`.
pub(super) fn three_or_four([major, minor, patch, revision]: [u32; 4]) -> String {
    match revision {
        0 => format!("{major}.{minor}.{patch}"),
        _ => format!("{major}.{minor}.{patch}.{revision}"),
    }
}
