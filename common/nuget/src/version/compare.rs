//! The order of versions.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::number::Version;

/// What counts when versions are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Comparison {
    /// Numbers and labels; this is the identity of packages.
    #[default]
    Default,
    /// Numbers alone.
    Numbers,
    /// Numbers, labels and metadata.
    Everything,
}

impl Version {
    /// Compares by what counts.
    #[must_use]
    pub fn compare(&self, other: &Self, by: Comparison) -> Ordering {
        let order = self.numbers.cmp(&other.numbers);
        if by == Comparison::Numbers {
            return order;
        }
        let order = order.then_with(|| self.by_labels(other));
        if by == Comparison::Default {
            return order;
        }
        order.then_with(|| caseless(self.metadata(), other.metadata()))
    }

    fn by_labels(&self, other: &Self) -> Ordering {
        match (self.is_prerelease(), other.is_prerelease()) {
            (false, false) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (true, true) => {
                let (mut ours, mut theirs) = (self.labels(), other.labels());
                loop {
                    let order = match (ours.next(), theirs.next()) {
                        (None, None) => return Ordering::Equal,
                        (a, b) if a.is_none() || b.is_none() => {
                            return a.is_some().cmp(&b.is_some());
                        }
                        (Some(a), Some(b)) => Label::of(a).cmp(&Label::of(b)),
                        _ => Ordering::Equal,
                    };
                    if order.is_ne() {
                        return order;
                    }
                }
            }
        }
    }
}

/// A label as it is compared: numbers before texts.
enum Label<'a> {
    /// It fits 32 bits with a sign, and may have one.
    Number(i32),
    Text(&'a str),
}

impl<'a> Label<'a> {
    fn of(text: &'a str) -> Self {
        text.parse().map_or(Self::Text(text), Self::Number)
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
            (Self::Text(a), Self::Text(b)) => caseless(a, b),
        }
    }
}

/// .NET compares upper-case forms, which puts `_` and the like behind letters.
fn caseless(a: &str, b: &str) -> Ordering {
    let upper = |byte: u8| byte.to_ascii_uppercase();
    a.bytes().map(upper).cmp(b.bytes().map(upper))
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other, Comparison::Default)
    }
}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.numbers.hash(state);
        for label in self.labels() {
            match Label::of(label) {
                Label::Number(number) => number.hash(state),
                Label::Text(text) => text
                    .bytes()
                    .for_each(|byte| state.write_u8(byte.to_ascii_uppercase())),
            }
            state.write_u8(b'.');
        }
    }
}
