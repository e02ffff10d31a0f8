//! What a package says of itself.

mod flags;
mod read;

pub use flags::Flags;
pub use read::NuspecError;

use crate::framework::Framework;
use crate::version::{Range, Version};

/// A package's manifest, as far as restore needs it.
#[derive(Debug, Clone)]
pub struct Nuspec {
    /// Its id, as written.
    pub id: String,
    /// Its version.
    pub version: Version,
    /// The oldest client that understands it.
    pub min_client: Option<Version>,
    /// Whether its files may be made ready for a machine.
    pub serviceable: bool,
    /// Whether only the development of a project needs it.
    pub development: bool,
    /// What it depends on, by framework.
    pub dependencies: Vec<PerFramework<Vec<Dependency>>>,
    /// Assemblies of the .NET Framework that it uses, each with the frameworks where it does; none means all.
    pub framework_assemblies: Vec<(String, Vec<Framework>)>,
    /// Shared frameworks that it uses.
    pub framework_references: Vec<PerFramework<Vec<String>>>,
    /// The libraries of `lib` that projects compile against, where not all of them.
    pub references: Vec<PerFramework<Vec<String>>>,
    /// How its content files are used; the last that fits a file counts.
    pub content_files: Vec<ContentFiles>,
    /// What kinds of package it is; none means a plain dependency.
    pub types: Vec<String>,
}

/// Something that differs by framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerFramework<T> {
    /// The framework; any where the manifest names none.
    pub framework: Framework,
    /// What holds there.
    pub value: T,
}

/// Another package that this one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its id.
    pub id: String,
    /// The versions that will do.
    pub range: Range,
    /// The files of it that are taken: all but content files, unless the manifest says otherwise.
    pub flags: Flags,
}

/// How some content files are used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContentFiles {
    /// Globs of the files.
    pub include: String,
    /// Globs of those that are not meant.
    pub exclude: Option<String>,
    /// What MSBuild does with them.
    pub build_action: Option<String>,
    /// Whether they are copied beside the program.
    pub copy_to_output: Option<bool>,
    /// Whether they are copied without their folders.
    pub flatten: Option<bool>,
}
