//! Names of objects.

/// Where an object lives. Orders by kind, namespace, name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Plural of the kind, `virtualmachines`.
    pub(crate) kind: &'static str,
    /// Namespace; empty for kinds of cluster scope.
    pub(crate) namespace: String,
    /// Name.
    pub(crate) name: String,
}

impl Key {
    /// A key from its parts.
    pub(crate) fn new(
        kind: &'static str,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{}/{}", self.kind, self.name),
            namespace => write!(f, "{}/{namespace}/{}", self.kind, self.name),
        }
    }
}

/// Kinds are known at build time, so that a [`Key`] needs no allocation for its kind. The database
/// may hold kinds of a newer server; those are left alone and not shown.
pub(super) fn intern(kind: &str) -> Option<&'static str> {
    crate::api::PLURALS
        .iter()
        .chain([&crate::control::RECORDS])
        .find(|known| **known == kind)
        .copied()
}
