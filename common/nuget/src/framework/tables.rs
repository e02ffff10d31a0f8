//! Which frameworks stand for one another, and which take what is made for others.

use super::identifier::Identifier as I;
use super::model::Shape;
use super::numbers::Numbers;

const fn shape(identifier: I, major: u32, minor: u32) -> Shape<'static> {
    profiled(identifier, major, minor, "")
}

const fn profiled(identifier: I, major: u32, minor: u32, profile: &'static str) -> Shape<'static> {
    Shape {
        identifier,
        version: [major, minor, 0, 0],
        profile,
    }
}

/// Names of one and the same framework, a row each.
pub(super) const CLASSES: [&[Shape<'static>]; 12] = [
    &[shape(I::Uap, 0, 0), shape(I::Uap, 10, 0)],
    &[
        shape(I::Windows, 0, 0),
        shape(I::Windows, 8, 0),
        shape(I::NetCore, 0, 0),
        shape(I::NetCore, 4, 5),
        shape(I::WinRt, 0, 0),
        shape(I::WinRt, 4, 5),
    ],
    &[shape(I::Windows, 8, 1), {
        Shape {
            version: [4, 5, 1, 0],
            ..shape(I::NetCore, 4, 5)
        }
    }],
    &[
        shape(I::WindowsPhone, 0, 0),
        shape(I::WindowsPhone, 7, 0),
        profiled(I::Silverlight, 3, 0, "WindowsPhone"),
    ],
    &[
        shape(I::WindowsPhone, 7, 1),
        profiled(I::Silverlight, 4, 0, "WindowsPhone71"),
    ],
    &[
        shape(I::WindowsPhone, 8, 0),
        profiled(I::Silverlight, 8, 0, "WindowsPhone"),
    ],
    &[
        shape(I::WindowsPhone, 8, 1),
        profiled(I::Silverlight, 8, 1, "WindowsPhone"),
    ],
    &[
        shape(I::WindowsPhoneApp, 0, 0),
        shape(I::WindowsPhoneApp, 8, 1),
    ],
    &[shape(I::Tizen, 0, 0), shape(I::Tizen, 3, 0)],
    &[
        shape(I::Dnx, 0, 0),
        shape(I::Dnx, 4, 5),
        shape(I::AspNet, 0, 0),
        shape(I::AspNet, 5, 0),
    ],
    &[
        shape(I::DnxCore, 0, 0),
        shape(I::DnxCore, 5, 0),
        shape(I::AspNetCore, 0, 0),
        shape(I::AspNetCore, 5, 0),
    ],
    &[shape(I::NetPlatform, 0, 0), shape(I::NetPlatform, 5, 0)],
];

/// Profiles of one framework that are the same to NuGet, in pairs.
const PROFILES: [(I, &str, &str); 4] = [
    (I::NetFramework, "Client", ""),
    (I::NetFramework, "Full", ""),
    (I::Silverlight, "WindowsPhone71", "WindowsPhone"),
    (I::WindowsPhone, "WindowsPhone71", "WindowsPhone"),
];

/// Frameworks that hold all of another one of the same version.
pub(super) const WHOLES: [(I, I); 3] = [
    (I::Dnx, I::NetFramework),
    (I::DnxCore, I::NetPlatform),
    (I::NetStandardApp, I::NetStandard),
];

/// Projects from a version on take packages for another framework up to a version.
pub(super) struct Takes {
    pub(super) project: I,
    from: Numbers,
    pub(super) package: I,
    up_to: Numbers,
}

const fn takes(project: I, from: Numbers, package: I, up_to: Numbers) -> Takes {
    Takes {
        project,
        from,
        package,
        up_to,
    }
}

const fn standard(project: I, from: Numbers, major: u32, minor: u32) -> Takes {
    takes(project, from, I::NetStandard, [major, minor, 0, 0])
}

/// `dotnet` 5.1 to 5.6 were the names of .NET Standard 1.0 to 1.5.
const fn dotnet(project: I, from: Numbers, minor: u32) -> Takes {
    takes(project, from, I::NetPlatform, [5, minor, 0, 0])
}

const ALL: Numbers = [0; 4];

pub(super) const TAKES: [Takes; 61] = [
    standard(I::NetCoreApp, [1, 0, 0, 0], 1, 6),
    standard(I::NetCoreApp, [1, 1, 0, 0], 1, 7),
    standard(I::NetCoreApp, [2, 0, 0, 0], 2, 0),
    standard(I::NetCoreApp, [3, 0, 0, 0], 2, 1),
    standard(I::NetFramework, [4, 5, 0, 0], 1, 1),
    standard(I::NetFramework, [4, 5, 1, 0], 1, 2),
    standard(I::NetFramework, [4, 6, 0, 0], 1, 3),
    standard(I::NetFramework, [4, 6, 1, 0], 2, 0),
    standard(I::NetFramework, [4, 6, 2, 0], 2, 0),
    standard(I::NetFramework, [4, 6, 3, 0], 2, 0),
    dotnet(I::NetFramework, [4, 5, 0, 0], 2),
    dotnet(I::NetFramework, [4, 5, 1, 0], 3),
    dotnet(I::NetFramework, [4, 6, 0, 0], 4),
    dotnet(I::NetFramework, [4, 6, 1, 0], 5),
    dotnet(I::NetFramework, [4, 6, 2, 0], 6),
    takes(I::Uap, ALL, I::Windows, [8, 1, 0, 0]),
    takes(I::Uap, ALL, I::WindowsPhoneApp, [8, 1, 0, 0]),
    takes(I::Uap, ALL, I::NetCore, [5, 0, 0, 0]),
    dotnet(I::Uap, ALL, 5),
    standard(I::Uap, ALL, 1, 4),
    standard(I::Uap, [10, 0, 15064, 0], 2, 0),
    takes(I::Windows, ALL, I::WinRt, [4, 5, 0, 0]),
    standard(I::Tizen, [3, 0, 0, 0], 1, 6),
    standard(I::Tizen, [4, 0, 0, 0], 2, 0),
    standard(I::Tizen, [6, 0, 0, 0], 2, 1),
    dotnet(I::DnxCore, ALL, 6),
    standard(I::DnxCore, ALL, 1, 5),
    dotnet(I::NetCore, [4, 5, 0, 0], 2),
    standard(I::NetCore, [4, 5, 0, 0], 1, 1),
    dotnet(I::NetCore, [4, 5, 1, 0], 3),
    standard(I::NetCore, [4, 5, 1, 0], 1, 2),
    dotnet(I::NetCore, [5, 0, 0, 0], 5),
    standard(I::NetCore, [5, 0, 0, 0], 1, 4),
    dotnet(I::WindowsPhoneApp, [8, 1, 0, 0], 3),
    standard(I::WindowsPhoneApp, [8, 1, 0, 0], 1, 2),
    dotnet(I::WindowsPhone, [8, 0, 0, 0], 1),
    standard(I::WindowsPhone, [8, 0, 0, 0], 1, 0),
    dotnet(I::MonoAndroid, ALL, 6),
    standard(I::MonoAndroid, ALL, 2, 1),
    dotnet(I::MonoMac, ALL, 6),
    standard(I::MonoMac, ALL, 2, 1),
    dotnet(I::MonoTouch, ALL, 6),
    standard(I::MonoTouch, ALL, 2, 1),
    dotnet(I::XamarinIos, ALL, 6),
    standard(I::XamarinIos, ALL, 2, 1),
    dotnet(I::XamarinMac, ALL, 6),
    standard(I::XamarinMac, ALL, 2, 1),
    dotnet(I::XamarinTvOs, ALL, 6),
    standard(I::XamarinTvOs, ALL, 2, 1),
    dotnet(I::XamarinWatchOs, ALL, 6),
    standard(I::XamarinWatchOs, ALL, 2, 1),
    dotnet(I::XamarinPlayStation3, ALL, 6),
    standard(I::XamarinPlayStation3, ALL, 2, 0),
    dotnet(I::XamarinPlayStation4, ALL, 6),
    standard(I::XamarinPlayStation4, ALL, 2, 0),
    dotnet(I::XamarinPlayStationVita, ALL, 6),
    standard(I::XamarinPlayStationVita, ALL, 2, 0),
    dotnet(I::XamarinXbox360, ALL, 6),
    standard(I::XamarinXbox360, ALL, 2, 0),
    dotnet(I::XamarinXboxOne, ALL, 6),
    standard(I::XamarinXboxOne, ALL, 2, 0),
];

/// All names of this framework, if it has several.
pub(super) fn class_of(shape: Shape<'_>) -> &'static [Shape<'static>] {
    let class = CLASSES.iter().find(|class| class.contains(&shape));
    class.copied().unwrap_or_default()
}

/// The other names of a framework, with every profile that is the same.
pub(super) fn equivalents(shape: Shape<'_>) -> impl Iterator<Item = Shape<'_>> {
    let class = class_of(shape).iter().copied();
    let named = class.clone().chain([shape]).flat_map(with_same_profile);
    class.chain(named).filter(move |other| *other != shape)
}

fn with_same_profile(shape: Shape<'_>) -> impl Iterator<Item = Shape<'_>> {
    let of_framework = move |row: &&(I, &str, &str)| row.0 == shape.identifier;
    let other = move |&(_, one, other): &(I, &'static str, &'static str)| {
        let profile = if shape.profile.eq_ignore_ascii_case(one) {
            other
        } else if shape.profile.eq_ignore_ascii_case(other) {
            one
        } else {
            return None;
        };
        Some(Shape { profile, ..shape })
    };
    PROFILES.iter().filter(of_framework).filter_map(other)
}

/// What a project may be taken for in one step; what the most ask for comes first.
pub(super) fn stand_ins<'f>(shape: Shape<'f>) -> impl Iterator<Item = Shape<'f>> {
    let is_older = move |older: &&Shape<'static>| {
        older.identifier == shape.identifier
            && older.version <= shape.version
            && older.profile.eq_ignore_ascii_case(shape.profile)
    };
    let older = CLASSES.iter().copied().flatten().filter(is_older);
    let older = older.flat_map(|older| {
        let older: Shape<'f> = *older;
        equivalents(older)
    });
    // A profile takes nothing more.
    let full = Some(shape).filter(|shape| shape.profile.is_empty());
    let more = full
        .into_iter()
        .flat_map(|shape| parts(shape).chain(packages(shape)));
    more.chain(equivalents(shape)).chain(older)
}

fn parts(shape: Shape<'_>) -> impl Iterator<Item = Shape<'_>> {
    let wholes = WHOLES.iter();
    let of_shape = wholes.filter(move |(whole, _)| *whole == shape.identifier);
    of_shape.map(move |(_, part)| Shape {
        identifier: *part,
        ..shape
    })
}

fn packages(project: Shape<'_>) -> impl Iterator<Item = Shape<'_>> {
    let takes =
        move |row: &&Takes| row.project == project.identifier && row.from <= project.version;
    let rows = TAKES.iter().filter(takes);
    rows.map(|row| Shape {
        identifier: row.package,
        version: row.up_to,
        profile: "",
    })
}
