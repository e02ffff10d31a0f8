//! What frameworks are called: in monikers, in folders, and otherwise.

/// A framework that NuGet has rules for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is named as its identifier is")]
pub enum Identifier {
    NetCoreApp,
    NetStandard,
    NetFramework,
    NetStandardApp,
    /// The `dotnet` of folders, which came before .NET Standard.
    NetPlatform,
    NetPortable,
    /// Apps of the Windows store, called `netcore` in folders.
    NetCore,
    Windows,
    WinRt,
    WindowsPhone,
    WindowsPhoneApp,
    Uap,
    Silverlight,
    NetMicroFramework,
    NetNanoFramework,
    AspNet,
    AspNetCore,
    Dnx,
    DnxCore,
    Native,
    MonoAndroid,
    MonoTouch,
    MonoMac,
    XamarinIos,
    XamarinMac,
    XamarinPlayStation3,
    XamarinPlayStation4,
    XamarinPlayStationVita,
    XamarinWatchOs,
    XamarinTvOs,
    XamarinXbox360,
    XamarinXboxOne,
    Tizen,
    /// Goes with every framework.
    Any,
    /// Assets that no framework has to do with.
    Agnostic,
    /// A name that is none.
    Unsupported,
}

use Identifier as I;

/// How many there are.
pub(super) const COUNT: usize = 36;

/// The identifier in monikers, and the one in folders. In the order of the variants.
const NAMES: [(Identifier, &str, &str); COUNT] = [
    (I::NetCoreApp, ".NETCoreApp", "netcoreapp"),
    (I::NetStandard, ".NETStandard", "netstandard"),
    (I::NetFramework, ".NETFramework", "net"),
    (I::NetStandardApp, ".NETStandardApp", "netstandardapp"),
    (I::NetPlatform, ".NETPlatform", "dotnet"),
    (I::NetPortable, ".NETPortable", "portable"),
    (I::NetCore, ".NETCore", "netcore"),
    (I::Windows, "Windows", "win"),
    (I::WinRt, "WinRT", "winrt"),
    (I::WindowsPhone, "WindowsPhone", "wp"),
    (I::WindowsPhoneApp, "WindowsPhoneApp", "wpa"),
    (I::Uap, "UAP", "uap"),
    (I::Silverlight, "Silverlight", "sl"),
    (I::NetMicroFramework, ".NETMicroFramework", "netmf"),
    (I::NetNanoFramework, ".NETnanoFramework", "netnano"),
    (I::AspNet, "ASP.NET", "aspnet"),
    (I::AspNetCore, "ASP.NETCore", "aspnetcore"),
    (I::Dnx, "DNX", "dnx"),
    (I::DnxCore, "DNXCore", "dnxcore"),
    (I::Native, "native", "native"),
    (I::MonoAndroid, "MonoAndroid", "monoandroid"),
    (I::MonoTouch, "MonoTouch", "monotouch"),
    (I::MonoMac, "MonoMac", "monomac"),
    (I::XamarinIos, "Xamarin.iOS", "xamarinios"),
    (I::XamarinMac, "Xamarin.Mac", "xamarinmac"),
    (
        I::XamarinPlayStation3,
        "Xamarin.PlayStation3",
        "xamarinpsthree",
    ),
    (
        I::XamarinPlayStation4,
        "Xamarin.PlayStation4",
        "xamarinpsfour",
    ),
    (
        I::XamarinPlayStationVita,
        "Xamarin.PlayStationVita",
        "xamarinpsvita",
    ),
    (I::XamarinWatchOs, "Xamarin.WatchOS", "xamarinwatchos"),
    (I::XamarinTvOs, "Xamarin.TVOS", "xamarintvos"),
    (
        I::XamarinXbox360,
        "Xamarin.Xbox360",
        "xamarinxboxthreesixty",
    ),
    (I::XamarinXboxOne, "Xamarin.XboxOne", "xamarinxboxone"),
    (I::Tizen, "Tizen", "tizen"),
    (I::Any, "Any", "any"),
    (I::Agnostic, "Agnostic", "agnostic"),
    (I::Unsupported, "Unsupported", "unsupported"),
];

const _: () = {
    let mut at = 0;
    while at < NAMES.len() {
        assert!(NAMES[at].0 as usize == at);
        at += 1;
    }
};

/// Further spellings that are read.
const SYNONYMS: [(&str, Identifier); 9] = [
    ("NETFramework", I::NetFramework),
    (".NET", I::NetFramework),
    ("NETCore", I::NetCore),
    ("NETPortable", I::NetPortable),
    ("Xamarin.PlayStationThree", I::XamarinPlayStation3),
    ("XamarinPlayStationThree", I::XamarinPlayStation3),
    ("Xamarin.PlayStationFour", I::XamarinPlayStation4),
    ("XamarinPlayStationFour", I::XamarinPlayStation4),
    ("XamarinPlayStationVita", I::XamarinPlayStationVita),
];

impl Identifier {
    /// The identifier in monikers.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The identifier in folders.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        NAMES[self as usize].2
    }

    /// Whether this stands for no framework in particular.
    #[must_use]
    pub fn is_special(self) -> bool {
        matches!(self, Self::Any | Self::Agnostic | Self::Unsupported)
    }

    /// The framework of an identifier, in any spelling and case.
    pub(super) fn find(text: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(identifier, long, short)| {
            let same = short.eq_ignore_ascii_case(text) || long.eq_ignore_ascii_case(text);
            same && !identifier.is_special()
        });
        let synonym = || {
            let mut synonyms = SYNONYMS.iter();
            synonyms.find(|(name, _)| name.eq_ignore_ascii_case(text))
        };
        named
            .map(|named| named.0)
            .or_else(|| synonym().map(|synonym| synonym.1))
    }

    /// The name that stands for no framework in particular.
    pub(super) fn find_special(text: &str) -> Option<Self> {
        let mut special = [Self::Any, Self::Agnostic, Self::Unsupported].into_iter();
        special.find(|special| special.name().eq_ignore_ascii_case(text))
    }

    /// Whether folders always have dots between the numbers.
    pub(super) fn needs_dots(self) -> bool {
        matches!(
            self,
            Self::NetCoreApp | Self::NetStandard | Self::NetNanoFramework
        )
    }

    /// Whether a single number will do in folders.
    pub(super) fn may_have_one_number(self) -> bool {
        matches!(self, Self::Windows | Self::WindowsPhone | Self::Silverlight)
    }
}
