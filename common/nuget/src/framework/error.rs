//! Why a text is no framework, or a framework has no name.

/// What is wrong with a framework.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameworkError {
    /// There is nothing where an identifier should be.
    #[error("a framework needs an identifier")]
    NoIdentifier,
    /// The version in a framework moniker cannot be read.
    #[error("`{0}` is not the version of a framework")]
    Version(String),
    /// The version in a platform moniker cannot be read.
    #[error("`{0}` is not the version of a platform")]
    PlatformVersion(String),
    /// A member of a portable framework has a profile of its own.
    #[error("the members of a portable framework cannot have profiles, as in `{0}`")]
    PortableMember(String),
    /// .NET 5.0 and later have no profiles.
    #[error(".NET 5.0 and later have no profiles such as `{0}`")]
    Profile(String),
    /// The members of a portable framework are not known, so it has no folder name.
    #[error("it is not known what the portable framework `{0}` consists of")]
    NoMembers(String),
}
