//! Orders of frameworks: by name, and by which is wanted more.

use std::cmp::Ordering;

use super::identifier::Identifier as I;
use super::model::Framework;

/// The order of names, which says nothing of what is nearer to a project.
impl Ord for Framework {
    fn cmp(&self, other: &Self) -> Ordering {
        let special = |framework: &Self| match framework.known() {
            Some(I::Any) => 0,
            Some(I::Unsupported) => 2,
            _ => 1,
        };
        (special(self).cmp(&special(other)))
            .then_with(|| any_case(self.identifier(), other.identifier()))
            .then_with(|| self.version().cmp(&other.version()))
            .then_with(|| any_case(self.profile(), other.profile()))
            .then_with(|| any_case(self.platform(), other.platform()))
            .then_with(|| self.platform_version().cmp(&other.platform_version()))
    }
}

impl PartialOrd for Framework {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The order of two texts in capitals.
pub(super) fn any_case(a: &str, b: &str) -> Ordering {
    let capitals = |text| str::bytes(text).map(|byte| byte.to_ascii_uppercase());
    capitals(a).cmp(capitals(b))
}

/// Which framework is taken before which; the rest is equal, and comes last.
const CLASSIC: [I; 4] = [I::NetFramework, I::NetCore, I::Windows, I::WindowsPhoneApp];
const PACKAGED: [I; 4] = [
    I::NetCoreApp,
    I::NetStandardApp,
    I::NetStandard,
    I::NetPlatform,
];
const EQUIVALENT: [I; 9] = [
    I::Windows,
    I::NetCore,
    I::WinRt,
    I::WindowsPhone,
    I::Silverlight,
    I::DnxCore,
    I::AspNetCore,
    I::Dnx,
    I::AspNet,
];

/// The order in which a project prefers frameworks that no rule decides between.
pub(super) fn by_precedence(a: &Framework, b: &Framework) -> Ordering {
    // Apps of the Windows store count as classic here, whatever their version.
    let packaged = |each: &Framework| each.is_package_based() && !each.is(I::NetCore);
    packaged(a).cmp(&packaged(b)).then_with(|| {
        let list: &[I] = if packaged(a) { &PACKAGED } else { &CLASSIC };
        place(a, list).cmp(&place(b, list))
    })
}

/// The order in which the names of one framework are preferred.
pub(super) fn by_equivalence(a: &Framework, b: &Framework) -> Ordering {
    place(a, &EQUIVALENT).cmp(&place(b, &EQUIVALENT))
}

fn place(framework: &Framework, list: &[I]) -> usize {
    let place = list.iter().position(|each| framework.is(*each));
    place.unwrap_or(usize::MAX)
}
