//! Which of several portable frameworks a project takes.

use std::cmp::{Ordering, Reverse};

use super::identifier::Identifier;
use super::model::Framework;
use super::nearest::nearest;
use super::order::any_case;
use super::portable;
use super::reduce::{distinct, reduce_equivalent};

/// Leaves out portable frameworks where there are others, and decides between them otherwise.
pub(super) fn narrow<'f>(project: &Framework, mut left: Vec<&'f Framework>) -> Vec<&'f Framework> {
    if left.iter().any(|each| !each.is_portable()) {
        left.retain(|each| !each.is_portable());
        return left;
    }
    let exploded: Vec<Exploded<'f>> = left.into_iter().map(Exploded::of).collect();
    let left = if project.is_portable() {
        with_most_votes(project, &exploded)
    } else {
        with_nearest_member(project, &exploded)
    };
    left.into_iter().reduce(better).into_iter().collect()
}

/// A portable framework and its members, optional ones too.
struct Exploded<'f> {
    portable: &'f Framework,
    members: Vec<Framework>,
}

impl<'f> Exploded<'f> {
    fn of(portable: &'f Framework) -> Self {
        Self {
            portable,
            members: members(portable, true),
        }
    }
}

fn members(portable: &Framework, optional: bool) -> Vec<Framework> {
    portable::members(portable.profile(), optional).unwrap_or_default()
}

fn all_members<'e>(exploded: &'e [Exploded<'_>]) -> Vec<&'e Framework> {
    let members: Vec<&Framework> = exploded.iter().flat_map(|each| &each.members).collect();
    distinct(&members)
}

/// Those with the member that is nearest to the project.
fn with_nearest_member<'f>(project: &Framework, exploded: &[Exploded<'f>]) -> Vec<&'f Framework> {
    let nearest = nearest(project, &all_members(exploded));
    let has_it = |each: &&Exploded<'f>| nearest.is_some_and(|it| each.members.contains(it));
    let with = exploded.iter().filter(has_it);
    with.map(|each| each.portable).collect()
}

/// Each framework of the project votes for those with the member that is nearest to it.
fn with_most_votes<'f>(project: &Framework, exploded: &[Exploded<'f>]) -> Vec<&'f Framework> {
    let own = members(project, true);
    let own = reduce_equivalent(&own.iter().collect::<Vec<_>>());
    let all = all_members(exploded);
    let wanted = own.iter().filter_map(|each| nearest(each, &all));
    let wanted: Vec<&Framework> = wanted.collect();
    let votes = |each: &Exploded<'f>| {
        let for_it = wanted.iter().filter(|member| each.members.contains(member));
        for_it.count()
    };
    let most = exploded.iter().map(votes).max().filter(|most| *most > 0);
    let first = exploded.iter().filter(|each| Some(votes(each)) == most);
    first.map(|each| each.portable).collect()
}

/// The one with fewer members, of which more are higher, or the one with the higher .NET.
fn better<'f>(current: &'f Framework, other: &'f Framework) -> &'f Framework {
    let (mine, theirs) = (members(current, false), members(other, false));
    let net = |members: &[Framework]| {
        let mut members = members.iter();
        let net = members.find(|each| each.is(Identifier::NetFramework));
        net.map(Framework::version)
    };
    let nets = net(&theirs).zip(net(&mine));
    let order = (Reverse(theirs.len()).cmp(&Reverse(mine.len())))
        .then_with(|| higher_of_shared(&theirs, &mine))
        .then_with(|| nets.map_or(Ordering::Equal, |(theirs, mine)| theirs.cmp(&mine)))
        .then_with(|| any_case(&folder(current), &folder(other)));
    if order.is_gt() { other } else { current }
}

fn folder(portable: &Framework) -> String {
    portable.short_folder_name().unwrap_or_default()
}

/// Which of two has the higher version of more of the frameworks that are in both.
fn higher_of_shared(a: &[Framework], b: &[Framework]) -> Ordering {
    let first = |members: &[Framework], of: &Framework| {
        let mut same = members.iter().filter(|each| each.has_name_of(of));
        same.next().map(Framework::version)
    };
    let pairs = a
        .iter()
        .filter_map(|each| first(a, each).zip(first(b, each)));
    let (mut higher, mut lower) = (0, 0);
    for (mine, theirs) in pairs {
        match mine.cmp(&theirs) {
            Ordering::Greater => higher += 1,
            Ordering::Less => lower += 1,
            Ordering::Equal => {}
        }
    }
    higher.cmp(&lower)
}
