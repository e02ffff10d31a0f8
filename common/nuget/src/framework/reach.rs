//! What the tables lead to, step after step.

use super::identifier::{COUNT, Identifier as I};
use super::model::Shape;
use super::numbers::reaches_version;
use super::portable;
use super::tables::{CLASSES, TAKES, WHOLES, equivalents, stand_ins};

/// For each framework, the frameworks of which it can take any packages at all, a bit each.
///
/// Most pairs have nothing to do with each other, and need not be looked for.
const REACHABLE: [u64; COUNT] = {
    let mut reachable = [0; COUNT];
    let mut at = 0;
    while at < COUNT {
        reachable[at] = 1 << at;
        at += 1;
    }
    // A portable framework takes packages by its profile.
    reachable[I::NetPortable as usize] |= 1 << (I::NetStandard as usize);
    // No way over the tables is longer than this.
    let mut length = 0;
    while length < 8 {
        reachable = one_step_more(reachable);
        length += 1;
    }
    reachable
};

const fn one_step_more(mut reachable: [u64; COUNT]) -> [u64; COUNT] {
    let mut at = 0;
    while at < CLASSES.len() {
        let (class, mut a) = (CLASSES[at], 0);
        while a < class.len() {
            let mut b = 0;
            while b < class.len() {
                reachable[class[a].identifier as usize] |= reachable[class[b].identifier as usize];
                b += 1;
            }
            a += 1;
        }
        at += 1;
    }
    at = 0;
    while at < WHOLES.len() {
        reachable[WHOLES[at].0 as usize] |= reachable[WHOLES[at].1 as usize];
        at += 1;
    }
    at = 0;
    while at < TAKES.len() {
        reachable[TAKES[at].project as usize] |= reachable[TAKES[at].package as usize];
        at += 1;
    }
    reachable
}

/// Whether any version of the project may take any version of the package.
pub(super) fn may_reach(project: I, package: I) -> bool {
    REACHABLE[project as usize] & (1 << (package as usize)) != 0
}

impl Shape<'_> {
    fn accepts(self, package: Shape<'_>) -> bool {
        self.identifier == package.identifier
            && reaches_version(self.version, package.version)
            && self.profile.eq_ignore_ascii_case(package.profile)
    }
}

/// Whether the project accepts the package by another name, or may be taken for what accepts it.
pub(super) fn reaches(project: Shape<'_>, package: Shape<'_>) -> bool {
    let names = all_equivalents(package);
    let by_name = |each: Shape<'_>| names.iter().any(|name| each.accepts(*name));
    let accepts = |each: Shape<'_>| each.accepts(package) || by_name(each);
    if by_name(project) {
        return true;
    }
    let mut found: Vec<Shape<'_>> = Vec::new();
    let (mut current, mut next) = (Some(project), 0);
    while let Some(each) = current {
        for stand_in in stand_ins(each) {
            if accepts(stand_in) {
                return true;
            }
            // Whoever accepts it has all of its stand-ins too, and .NET Standard has none. So most
            // projects find nothing to go on with, and nothing is allocated.
            let covers = |known: &Shape<'_>| known.accepts(stand_in);
            let is_end = stand_in.identifier == I::NetStandard;
            if !is_end && !covers(&project) && !found.iter().any(covers) {
                found.push(stand_in);
            }
        }
        current = found.get(next).copied();
        next += 1;
    }
    let is_portable = project.identifier == I::NetPortable && project.version[0] < 5;
    is_portable && portable::standard_of(project.profile).is_some_and(accepts)
}

/// Every other name of a framework, over all tables.
fn all_equivalents(shape: Shape<'_>) -> Vec<Shape<'_>> {
    let mut found: Vec<Shape<'_>> = Vec::new();
    let (mut current, mut next) = (Some(shape), 0);
    while let Some(each) = current {
        for other in equivalents(each) {
            if other != shape && !found.contains(&other) {
                found.push(other);
            }
        }
        current = found.get(next).copied();
        next += 1;
    }
    found
}
