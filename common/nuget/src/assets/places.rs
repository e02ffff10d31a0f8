//! Where the files of every kind lie.

use super::pattern::{Default, Pattern, Token};

use Token::{
    Assembly, Files, Folder, Framework, FrameworkOrAny, Import, Language, Locale, Rid, Satellite,
};

/// A kind of files that a project gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What to compile against, where a package tells it apart from what runs.
    CompileRef,
    /// What to compile against otherwise.
    CompileLib,
    /// What runs.
    Runtime,
    /// Texts of libraries.
    Resource,
    /// Libraries of the machine's own code.
    Native,
    /// Imports of a build.
    Build,
    /// Imports of the build of what depends on it.
    BuildTransitive,
    /// Imports of a build for several frameworks.
    BuildMultiTargeting,
    /// Files that become part of the project.
    ContentFiles,
    /// Programs.
    Tools,
    /// Libraries whose types become the project's own.
    Embed,
}

const fn at(tokens: &'static [Token]) -> Pattern {
    Pattern {
        tokens,
        framework: Default::None,
    }
}

const fn any(tokens: &'static [Token]) -> Pattern {
    Pattern {
        tokens,
        framework: Default::Any,
    }
}

const fn net(tokens: &'static [Token]) -> Pattern {
    Pattern {
        tokens,
        framework: Default::Net,
    }
}

/// Places, the more particular first.
type Places = &'static [Pattern];

const REF: Places = &[at(&[Folder("ref"), Framework, Assembly])];
const LIB: Places = &[
    at(&[Folder("lib"), Framework, Assembly]),
    net(&[Folder("lib"), Assembly]),
];
const RUNTIME: Places = &[
    at(&[Folder("runtimes"), Rid, Folder("lib"), Framework, Assembly]),
    at(&[Folder("lib"), Framework, Assembly]),
    net(&[Folder("lib"), Assembly]),
];
const RESOURCE: Places = &[
    at(&[
        Folder("runtimes"),
        Rid,
        Folder("lib"),
        Framework,
        Locale,
        Satellite,
    ]),
    at(&[Folder("lib"), Framework, Locale, Satellite]),
];
const NATIVE: Places = &[
    at(&[
        Folder("runtimes"),
        Rid,
        Folder("nativeassets"),
        Framework,
        Files,
    ]),
    any(&[Folder("runtimes"), Rid, Folder("native"), Files]),
];
const BUILD: Places = &[
    at(&[Folder("build"), Framework, Import]),
    any(&[Folder("build"), Import]),
];
const BUILD_TRANSITIVE: Places = &[
    at(&[Folder("buildTransitive"), Framework, Import]),
    any(&[Folder("buildTransitive"), Import]),
];
const BUILD_MULTI_TARGETING: Places = &[
    any(&[Folder("buildMultiTargeting"), Import]),
    any(&[Folder("buildCrossTargeting"), Import]),
];
const CONTENT_FILES: Places = &[at(&[
    Folder("contentFiles"),
    Language,
    FrameworkOrAny,
    Files,
])];
const TOOLS: Places = &[at(&[Folder("tools"), FrameworkOrAny, Rid, Files])];
const EMBED: Places = &[at(&[Folder("embed"), Framework, Assembly])];

impl Kind {
    pub(super) fn patterns(self) -> Places {
        match self {
            Self::CompileRef => REF,
            Self::CompileLib => LIB,
            Self::Runtime => RUNTIME,
            Self::Resource => RESOURCE,
            Self::Native => NATIVE,
            Self::Build => BUILD,
            Self::BuildTransitive => BUILD_TRANSITIVE,
            Self::BuildMultiTargeting => BUILD_MULTI_TARGETING,
            Self::ContentFiles => CONTENT_FILES,
            Self::Tools => TOOLS,
            Self::Embed => EMBED,
        }
    }

    /// Whether a folder counts that holds nothing of the kind: then it is chosen, and gives nothing.
    pub(super) fn counts_folders(self) -> bool {
        !matches!(
            self,
            Self::Build | Self::BuildTransitive | Self::BuildMultiTargeting
        )
    }
}
