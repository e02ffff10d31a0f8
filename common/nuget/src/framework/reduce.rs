//! Sets of frameworks without those that others in the set make needless.

use super::model::Framework;
use super::numbers::NONE;
use super::order::{any_case, by_equivalence};
use super::tables::equivalents;

/// The highest frameworks: `net45` and `net40` are `net45`.
///
/// Those that accept each other are all kept, for the caller to choose.
#[must_use]
pub fn reduce_up<'f>(frameworks: &[&'f Framework]) -> Vec<&'f Framework> {
    let specific = frameworks.iter().filter(|framework| !framework.is_any());
    let specific: Vec<&Framework> = specific.copied().collect();
    let frameworks = if specific.is_empty() {
        frameworks
    } else {
        &specific
    };
    reduce(frameworks, |lower, higher| higher.accepts(lower))
}

/// The lowest frameworks: `net45` and `net40` are `net40`.
#[must_use]
pub fn reduce_down<'f>(frameworks: &[&'f Framework]) -> Vec<&'f Framework> {
    match frameworks.iter().find(|framework| framework.is_any()) {
        Some(any) => vec![any],
        None => reduce(frameworks, Framework::accepts),
    }
}

/// One name of each framework, the preferred ones first.
#[must_use]
pub fn reduce_equivalent<'f>(frameworks: &[&'f Framework]) -> Vec<&'f Framework> {
    let mut sorted = frameworks.to_vec();
    sorted.sort_by(|a, b| by_equivalence(a, b).then_with(|| b.cmp(a)));
    let mut kept: Vec<&Framework> = Vec::with_capacity(sorted.len());
    for framework in sorted {
        if !kept.iter().any(|kept| are_equivalent(kept, framework)) {
            kept.push(framework);
        }
    }
    kept
}

fn are_equivalent(kept: &Framework, other: &Framework) -> bool {
    let shapes = kept.shape().zip(other.shape());
    kept == other || shapes.is_some_and(|(kept, other)| equivalents(kept).any(|each| each == other))
}

/// Drops what `is_needless` beside another one.
fn reduce<'f>(
    frameworks: &[&'f Framework],
    is_needless: impl Fn(&Framework, &Framework) -> bool,
) -> Vec<&'f Framework> {
    let distinct = distinct(frameworks);
    let drops = |each: &Framework, other: &Framework| {
        if !is_needless(each, other) {
            return false;
        }
        // When each makes the other needless, only `win` beside `win8` goes.
        let unversioned = each.has_name_of(other) && each.version() == NONE;
        !is_needless(other, each) || unversioned && other.version() != NONE
    };
    let mut kept = distinct.clone();
    kept.retain(|each| {
        let mut others = distinct.iter().filter(|other| *other != each);
        !others.any(|other| drops(each, other))
    });
    if kept.len() > 1 {
        kept.sort_by(|a, b| any_case(a.identifier(), b.identifier()));
        sort_by_text(&mut kept);
    }
    kept
}

/// Sorts those of one identifier by what they are written as.
fn sort_by_text(sorted: &mut [&Framework]) {
    for run in sorted.chunk_by_mut(|a, b| a.has_name_of(b)) {
        if run.len() > 1 {
            run.sort_by_cached_key(ToString::to_string);
        }
    }
}

/// The frameworks without repetitions.
pub(super) fn distinct<'f>(frameworks: &[&'f Framework]) -> Vec<&'f Framework> {
    let mut distinct: Vec<&Framework> = Vec::with_capacity(frameworks.len());
    for framework in frameworks {
        if !distinct.contains(framework) {
            distinct.push(framework);
        }
    }
    distinct
}
