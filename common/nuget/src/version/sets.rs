//! Ranges as sets.

use std::cmp::Ordering;

use super::number::Version;
use super::range::{Bound, Range};

impl Range {
    /// The range that nothing is in.
    #[must_use]
    pub fn none() -> Self {
        let end = || {
            Some(Bound {
                version: Version::of([0; 4]),
                inclusive: false,
            })
        };
        Self {
            lower: end(),
            upper: end(),
            float: None,
        }
    }

    /// Whether everything of this range is in `whole`.
    #[must_use]
    pub fn is_within(&self, whole: &Self) -> bool {
        below(&whole.lower, &self.lower).is_le() && above(&self.upper, &whole.upper).is_le()
    }

    /// The smallest range that all of these are in.
    pub fn covering<'r>(ranges: impl IntoIterator<Item = &'r Self>) -> Self {
        let both = |a: Self, b: &Self| Self {
            lower: least(&a.lower, &b.lower, below).clone(),
            upper: most(&a.upper, &b.upper, above).clone(),
            float: None,
        };
        let mut ranges = ranges.into_iter();
        let Some(first) = ranges.next() else {
            return Self::none();
        };
        ranges.fold(bare(first), both)
    }

    /// What is in all of these.
    pub fn common<'r>(ranges: impl IntoIterator<Item = &'r Self>) -> Self {
        let both = |a: Self, b: &Self| Self {
            lower: most(&a.lower, &b.lower, below).clone(),
            upper: least(&a.upper, &b.upper, above).clone(),
            float: None,
        };
        let mut ranges = ranges.into_iter();
        let whole = ranges.next().map(|first| ranges.fold(bare(first), both));
        whole
            .filter(Self::holds_something)
            .unwrap_or_else(Self::none)
    }

    fn holds_something(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Some(lower), Some(upper)) => match lower.version.cmp(&upper.version) {
                Ordering::Less => true,
                Ordering::Equal => lower.inclusive && upper.inclusive,
                Ordering::Greater => false,
            },
            _ => true,
        }
    }
}

fn bare(range: &Range) -> Range {
    Range {
        float: None,
        ..range.clone()
    }
}

type End = Option<Bound>;

fn least<'e>(a: &'e End, b: &'e End, order: fn(&End, &End) -> Ordering) -> &'e End {
    if order(b, a).is_lt() { b } else { a }
}

fn most<'e>(a: &'e End, b: &'e End, order: fn(&End, &End) -> Ordering) -> &'e End {
    if order(b, a).is_gt() { b } else { a }
}

/// The order of lower ends: none is the least, and an inclusive one begins earlier.
fn below(a: &End, b: &End) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => {
            let order = a.version.cmp(&b.version);
            order.then(b.inclusive.cmp(&a.inclusive))
        }
        _ => a.is_some().cmp(&b.is_some()),
    }
}

/// The order of upper ends: none is the greatest, and an inclusive one ends later.
fn above(a: &End, b: &End) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => {
            let order = a.version.cmp(&b.version);
            order.then(a.inclusive.cmp(&b.inclusive))
        }
        _ => b.is_some().cmp(&a.is_some()),
    }
}
