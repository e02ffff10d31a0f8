//! Portable class libraries: which frameworks the numbered profiles stand for.

use super::error::FrameworkError;
use super::folder;
use super::identifier::Identifier as I;
use super::model::{Framework, Shape};
use super::numbers::{self, Numbers};
use super::tables;

/// A numbered profile.
struct Profile {
    number: i32,
    members: &'static [Shape<'static>],
    /// Whether the profile may be used on Mono's and Xamarin's frameworks too.
    mono: bool,
    /// The .NET Standard up to which a library of the profile can use packages.
    standard: Option<Numbers>,
}

const fn shape(identifier: I, major: u32, minor: u32, build: u32) -> Shape<'static> {
    Shape {
        identifier,
        version: [major, minor, build, 0],
        profile: "",
    }
}

const NET40: Shape<'_> = shape(I::NetFramework, 4, 0, 0);
const NET403: Shape<'_> = shape(I::NetFramework, 4, 0, 3);
const NET45: Shape<'_> = shape(I::NetFramework, 4, 5, 0);
const NET451: Shape<'_> = shape(I::NetFramework, 4, 5, 1);
const WIN8: Shape<'_> = shape(I::Windows, 8, 0, 0);
const WIN81: Shape<'_> = shape(I::Windows, 8, 1, 0);
const SL4: Shape<'_> = shape(I::Silverlight, 4, 0, 0);
const SL5: Shape<'_> = shape(I::Silverlight, 5, 0, 0);
const WP7: Shape<'_> = shape(I::WindowsPhone, 7, 0, 0);
const WP75: Shape<'_> = shape(I::WindowsPhone, 7, 5, 0);
const WP8: Shape<'_> = shape(I::WindowsPhone, 8, 0, 0);
const WP81: Shape<'_> = shape(I::WindowsPhone, 8, 1, 0);
const WPA81: Shape<'_> = shape(I::WindowsPhoneApp, 8, 1, 0);

/// The further members of a profile that Mono and Xamarin know.
const MONO: [Shape<'_>; 6] = [
    shape(I::MonoAndroid, 0, 0, 0),
    shape(I::MonoTouch, 0, 0, 0),
    shape(I::XamarinIos, 0, 0, 0),
    shape(I::XamarinMac, 0, 0, 0),
    shape(I::XamarinWatchOs, 0, 0, 0),
    shape(I::XamarinTvOs, 0, 0, 0),
];

/// A profile of which .NET Standard knows nothing.
const fn profile(number: i32, mono: bool, members: &'static [Shape<'static>]) -> Profile {
    Profile {
        number,
        members,
        mono,
        standard: None,
    }
}

impl Profile {
    const fn standard(self, minor: u32) -> Self {
        Self {
            standard: Some([1, minor, 0, 0]),
            ..self
        }
    }
}

/// Every profile. Where several fit, the first is taken.
const PROFILES: [Profile; 44] = [
    profile(31, false, &[WIN81, WP81]).standard(0),
    profile(32, false, &[WIN81, WPA81]).standard(2),
    profile(44, true, &[NET451, WIN81]).standard(2),
    profile(84, false, &[WP81, WPA81]).standard(0),
    profile(151, true, &[NET451, WIN81, WPA81]).standard(2),
    profile(157, false, &[WIN81, WP81, WPA81]).standard(0),
    profile(7, true, &[NET45, WIN8]).standard(1),
    profile(49, true, &[NET45, WP8]).standard(0),
    profile(78, true, &[NET45, WIN8, WP8]).standard(0),
    profile(111, true, &[NET45, WIN8, WPA81]).standard(1),
    profile(259, true, &[NET45, WIN8, WPA81, WP8]).standard(0),
    profile(2, false, &[NET40, WIN8, SL4, WP7]),
    profile(3, false, &[NET40, SL4]),
    profile(4, false, &[NET45, SL4, WIN8, WP7]),
    profile(5, true, &[NET40, WIN8]),
    profile(6, true, &[NET403, WIN8]),
    profile(14, true, &[NET40, SL5]),
    profile(18, false, &[NET403, SL4]),
    profile(19, true, &[NET403, SL5]),
    profile(23, false, &[NET45, SL4]),
    profile(24, true, &[NET45, SL5]),
    profile(36, false, &[NET40, SL4, WIN8, WP8]),
    profile(37, true, &[NET40, SL5, WIN8]),
    profile(41, false, &[NET403, SL4, WIN8]),
    profile(42, true, &[NET403, SL5, WIN8]),
    profile(46, false, &[NET45, SL4, WIN8]),
    profile(47, true, &[NET45, SL5, WIN8]),
    profile(88, false, &[NET40, SL4, WIN8, WP75]),
    profile(92, true, &[NET40, WIN8, WPA81]),
    profile(95, false, &[NET403, SL4, WIN8, WP7]),
    profile(96, false, &[NET403, SL4, WIN8, WP75]),
    profile(102, true, &[NET403, WIN8, WPA81]),
    profile(104, false, &[NET45, SL4, WIN8, WP75]),
    profile(136, true, &[NET40, SL5, WIN8, WP8]),
    profile(143, false, &[NET403, SL4, WIN8, WP8]),
    profile(147, true, &[NET403, SL5, WIN8, WP8]),
    profile(154, false, &[NET45, SL4, WIN8, WP8]),
    profile(158, true, &[NET45, SL5, WIN8, WP8]),
    profile(225, true, &[NET40, SL5, WIN8, WPA81]),
    profile(240, false, &[NET403, SL5, WIN8, WPA81]),
    profile(255, true, &[NET45, SL5, WIN8, WPA81]),
    profile(328, true, &[NET40, SL5, WIN8, WPA81, WP8]),
    profile(336, true, &[NET403, SL5, WIN8, WPA81, WP8]),
    profile(344, true, &[NET45, SL5, WIN8, WPA81, WP8]),
];

/// The number in `Profile259`.
fn number_in(profile: &str) -> Option<i32> {
    let (word, number) = profile.split_at_checked("Profile".len())?;
    let is_numbered = word.eq_ignore_ascii_case("Profile");
    is_numbered.then(|| numbers::integer(number))?
}

fn numbered(number: i32) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.number == number)
}

/// The frameworks that a profile stands for, by its number or as it lists them.
///
/// The optional ones are those of Mono; in a list it cannot be told which are optional.
pub(super) fn members(profile: &str, optional: bool) -> Result<Vec<Framework>, FrameworkError> {
    let Some(number) = number_in(profile) else {
        return listed(profile);
    };
    let Some(profile) = numbered(number) else {
        return Ok(Vec::new());
    };
    let mono = MONO.iter().filter(|_| profile.mono && optional);
    let members = profile.members.iter().chain(mono);
    Ok(members.map(|member| (*member).into()).collect())
}

/// A portable framework of a list of members; one without members is unsupported.
pub(super) fn of_list(framework: Framework, list: &str) -> Result<Framework, FrameworkError> {
    let members = listed(list)?;
    if members.is_empty() {
        return Ok(Framework::unsupported());
    }
    Ok(match profile_of(&members) {
        Some(numbered) => framework.with_profile(&numbered),
        None => framework.with_profile(list),
    })
}

/// The frameworks of a list as in `net45+win8`, none of which may have a profile.
fn listed(profile: &str) -> Result<Vec<Framework>, FrameworkError> {
    let names = profile.split('+').filter(|name| !name.is_empty());
    let members = names.map(|name| {
        let member = folder::read_member(name)?;
        match member.profile() {
            "" => Ok(member),
            _ => Err(FrameworkError::PortableMember(profile.to_owned())),
        }
    });
    members.collect()
}

/// The .NET Standard up to which a library of this profile can use packages.
pub(super) fn standard_of(profile: &str) -> Option<Shape<'static>> {
    let version = numbered(number_in(profile)?)?.standard?;
    Some(Shape {
        identifier: I::NetStandard,
        version,
        profile: "",
    })
}

/// The profile that has just these members, apart from optional ones.
fn profile_of(members: &[Framework]) -> Option<String> {
    let members = without_equivalents(members);
    let profile = PROFILES.iter().find(|profile| profile.fits(&members))?;
    Some(format!("Profile{}", profile.number))
}

impl Profile {
    fn fits(&self, members: &[&Framework]) -> bool {
        if self.members.len() > members.len() {
            return false;
        }
        let optional = |member: &&&Framework| self.mono && is_mono(member);
        let mut required = members.iter().filter(|member| !optional(member));
        // No two members are equivalent, so each one takes a place of its own.
        required.clone().count() == self.members.len()
            && required.all(|member| {
                let mut places = self.members.iter();
                places.any(|place| is_or_equals(member, *place))
            })
    }
}

fn is_mono(member: &Framework) -> bool {
    let known = |mono: &Shape<'_>| member.is(mono.identifier);
    member.profile().is_empty() && MONO.iter().any(known)
}

fn is_or_equals(framework: &Framework, place: Shape<'static>) -> bool {
    framework.shape().is_some_and(|shape| {
        let class = tables::class_of(place);
        shape == place || class.contains(&shape)
    })
}

/// The first of each framework, by whatever name.
fn without_equivalents(frameworks: &[Framework]) -> Vec<&Framework> {
    let mut distinct: Vec<&Framework> = Vec::with_capacity(frameworks.len());
    for framework in frameworks {
        let again = |earlier: &&Framework| {
            let alias = framework.shape().zip(earlier.shape());
            let alias = alias.is_some_and(|(a, b)| tables::class_of(a).contains(&b));
            alias || *earlier == framework
        };
        if !distinct.iter().any(again) {
            distinct.push(framework);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_members() {
        for profile in &PROFILES {
            let name = format!("Profile{}", profile.number);
            for optional in [false, true] {
                let members = members(&name, optional).unwrap();
                assert_eq!(profile_of(&members).as_ref(), Some(&name));
            }
        }
    }
}
