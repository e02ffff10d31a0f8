//! Which of several frameworks a project takes.

use super::identifier::Identifier as I;
use super::model::Framework;
use super::nearest_portable;
use super::order::by_precedence;
use super::reduce::reduce_up;

/// A framework that was taken, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nearest<'f> {
    /// The framework that was taken.
    pub framework: &'f Framework,
    /// Whether it goes only with a fallback of the project (NU1701).
    pub is_fallback: bool,
}

/// Takes the nearest for the project, and only if there is none, for the first fallback that has
/// one: what the property `AssetTargetFallback` asks for.
#[must_use]
pub fn nearest_or_fallback<'f>(
    project: &Framework,
    fallbacks: &[Framework],
    candidates: &[&'f Framework],
) -> Option<Nearest<'f>> {
    let own = nearest(project, candidates);
    let own = own.map(|framework| Nearest {
        framework,
        is_fallback: false,
    });
    own.or_else(|| {
        let mut found = fallbacks
            .iter()
            .filter_map(|each| nearest(each, candidates));
        found.next().map(|framework| Nearest {
            framework,
            is_fallback: true,
        })
    })
}

/// Takes the nearest for the project, or for the first of its imports that has one.
///
/// What goes with every framework is left to the imports too. This is how the property
/// `PackageTargetFallback` works, and a project of two frameworks, as in C++/CLI.
#[must_use]
pub fn nearest_with_imports<'f>(
    project: &Framework,
    imports: &[Framework],
    candidates: &[&'f Framework],
) -> Option<&'f Framework> {
    let own = nearest(project, candidates);
    match own {
        Some(own) if !own.is_any() => Some(own),
        _ if imports.is_empty() => own,
        _ => imports.iter().find_map(|each| nearest(each, candidates)),
    }
}

/// Takes the nearest of those that the project accepts.
///
/// The project's own framework comes first; otherwise the candidates are narrowed down, step by
/// step as long as there are several, and names decide when the steps do not.
#[must_use]
pub fn nearest<'f>(project: &Framework, candidates: &[&'f Framework]) -> Option<&'f Framework> {
    let candidates = prefer(candidates.to_vec(), |each| !each.is_unsupported());
    if let Some(same) = candidates.iter().find(|each| **each == project) {
        return Some(same);
    }
    let accepted = candidates.iter().filter(|each| project.accepts(each));
    let accepted: Vec<&Framework> = accepted.copied().collect();
    let steps = [
        of_same_name,
        nearest_portable::narrow,
        of_same_kind,
        of_best_profile,
        of_best_platform,
    ];
    let mut left = reduce_up(&accepted);
    for step in steps {
        if left.len() > 1 {
            left = step(project, left);
        }
    }
    let order = |a: &&Framework, b: &&Framework| by_precedence(a, b).then_with(|| b.cmp(a));
    left.into_iter().min_by(order)
}

/// Keeps those of a kind, if there are any.
pub(super) fn prefer(
    mut left: Vec<&Framework>,
    kind: impl Fn(&Framework) -> bool,
) -> Vec<&Framework> {
    if left.iter().any(|each| kind(each)) {
        left.retain(|each| kind(each));
    }
    left
}

/// The framework of the project, and what it had been called before it had platforms.
fn of_same_name<'f>(project: &Framework, mut left: Vec<&'f Framework>) -> Vec<&'f Framework> {
    if left.iter().any(|each| each.has_name_of(project)) {
        let forerunner = |each: &Framework| project.is_net6_on_platform() && is_forerunner(each);
        left.retain(|each| each.has_name_of(project) || forerunner(each));
    }
    left
}

/// What .NET for Android and Tizen was before .NET had platforms.
fn is_forerunner(framework: &Framework) -> bool {
    framework.is(I::MonoAndroid) || framework.is(I::Tizen)
}

/// Classic frameworks, for a project that is for one.
fn of_same_kind<'f>(project: &Framework, left: Vec<&'f Framework>) -> Vec<&'f Framework> {
    if project.is_package_based() {
        left
    } else {
        prefer(left, |each| !each.is_package_based())
    }
}

/// The project's own profile, or else none.
fn of_best_profile<'f>(project: &Framework, left: Vec<&'f Framework>) -> Vec<&'f Framework> {
    if left.iter().any(|each| each.is_portable()) {
        return left;
    }
    let own = |each: &Framework| {
        let same = each.profile().eq_ignore_ascii_case(project.profile());
        same && !project.profile().is_empty() && each.has_name_of(project)
    };
    match prefer(left, own) {
        left if left.len() > 1 => prefer(left, |each| each.profile().is_empty()),
        left => left,
    }
}

/// For a project with a platform: the highest .NET, be it for the platform or not.
fn of_best_platform<'f>(project: &Framework, left: Vec<&'f Framework>) -> Vec<&'f Framework> {
    if project.platform().is_empty() {
        return left;
    }
    let own = |each: &Framework| each.has_name_of(project);
    let modern = |each: &Framework| own(each) && each.version()[0] >= 6;
    if !project.is_net6_on_platform() || left.iter().any(|each| modern(each)) {
        let highest = left.iter().filter(|each| own(each));
        let highest = highest.map(|each| each.version()).max();
        return prefer(left, |each| own(each) && Some(each.version()) == highest);
    }
    // What is older than that comes after the forerunners.
    if left.iter().any(|each| each.is(I::Tizen)) {
        prefer(left, |each| each.is(I::Tizen))
    } else {
        prefer(left, |each| each.is(I::MonoAndroid))
    }
}
