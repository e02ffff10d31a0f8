//! What a client must know about a kind before it can ask for its objects.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::meta::ObjectMeta;

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// Directly in the cluster.
    Cluster,
}

/// Which names a kind allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// RFC 1123 label, 1 to 63 characters.
    Label,
    /// Labels joined by dots, up to 253 characters.
    Subdomain,
}

/// Static facts about a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindInfo {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Version inside the group.
    pub version: &'static str,
    /// CamelCase kind.
    pub kind: &'static str,
    /// Plural that URLs use.
    pub plural: &'static str,
    /// Lower-case singular that output uses.
    pub singular: &'static str,
    /// Further names that people type.
    pub short_names: &'static [&'static str],
    /// Where objects live.
    pub scope: Scope,
    /// Which names are allowed.
    pub names: NameRule,
}

impl KindInfo {
    /// `GROUP/VERSION`, or just the version in the core group.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Kind of a list of these objects.
    #[must_use]
    pub fn list_kind(&self) -> String {
        format!("{}List", self.kind)
    }

    /// `SINGULAR.GROUP`, the word before the slash in `-o name`.
    #[must_use]
    pub fn qualified_singular(&self) -> String {
        qualify(self.singular, self.group)
    }

    /// `PLURAL.GROUP`, the words of "not found" messages.
    #[must_use]
    pub fn qualified_plural(&self) -> String {
        qualify(self.plural, self.group)
    }

    /// The word that people type and errors show: `vm` for virtual machines, else the singular.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.kind == "VirtualMachine" {
            "vm"
        } else {
            self.singular
        }
    }

    /// Path of the collection; without a namespace a namespaced kind is read across all of them.
    #[must_use]
    pub fn collection_path(&self, namespace: Option<&str>) -> String {
        let root = self.root();
        match namespace.filter(|_| self.scope == Scope::Namespaced) {
            Some(namespace) => format!("{root}/namespaces/{}/{}", segment(namespace), self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }

    /// Path of one object.
    #[must_use]
    pub fn item_path(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.collection_path(namespace), segment(name))
    }

    /// Path of a subresource of one object.
    #[must_use]
    pub fn subresource_path(
        &self,
        namespace: Option<&str>,
        name: &str,
        subresource: &str,
    ) -> String {
        format!("{}/{subresource}", self.item_path(namespace, name))
    }

    /// Whether a word names this kind: plural, singular, short name or kind, with or without group.
    #[must_use]
    pub fn is_called(&self, word: &str) -> bool {
        let word = word.to_ascii_lowercase();
        let bare = match word.split_once('.') {
            Some((bare, group)) if group == self.group => bare,
            Some(_) => return false,
            None => word.as_str(),
        };
        bare == self.plural || bare == self.singular || self.short_names.contains(&bare)
    }

    fn root(&self) -> String {
        if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        }
    }
}

fn qualify(word: &str, group: &str) -> String {
    if group.is_empty() {
        word.to_owned()
    } else {
        format!("{word}.{group}")
    }
}

/// Percent-encodes what may not stand in a path segment; valid names pass unchanged.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(hex(byte >> 4));
            out.push(hex(byte & 15));
        }
    }
    out
}

fn hex(digit: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(digit)])
}

/// A kind with a Rust type.
pub trait Resource: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Static facts about the kind.
    const INFO: KindInfo;

    /// Metadata.
    fn meta(&self) -> &ObjectMeta;

    /// Metadata, to change.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
}

/// Implements [`Resource`] for an object type with a `metadata` field.
macro_rules! resource {
    ($type:ty, $info:expr) => {
        impl $crate::types::Resource for $type {
            const INFO: $crate::types::KindInfo = $info;

            fn meta(&self) -> &$crate::types::ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut $crate::types::ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

pub(crate) use resource;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Event, Namespace, VirtualMachine};

    #[test]
    fn paths_follow_group_and_scope() {
        let vm = VirtualMachine::INFO;
        assert_eq!(
            vm.item_path(Some("default"), "a"),
            "/apis/nova.dev/v1/namespaces/default/virtualmachines/a"
        );
        assert_eq!(
            vm.collection_path(None),
            "/apis/nova.dev/v1/virtualmachines"
        );
        assert_eq!(
            Namespace::INFO.item_path(Some("ignored"), "x"),
            "/api/v1/namespaces/x"
        );
        assert_eq!(
            Event::INFO.collection_path(Some("a b")),
            "/api/v1/namespaces/a%20b/events"
        );
        assert_eq!(
            vm.subresource_path(Some("d"), "a", "start"),
            "/apis/nova.dev/v1/namespaces/d/virtualmachines/a/start"
        );
    }

    #[test]
    fn a_kind_answers_to_all_its_names() {
        for word in [
            "vm",
            "vms",
            "virtualmachine",
            "VirtualMachines",
            "virtualmachine.nova.dev",
        ] {
            assert!(VirtualMachine::INFO.is_called(word), "{word}");
        }
        assert!(!VirtualMachine::INFO.is_called("vm.other.dev"));
        assert!(!VirtualMachine::INFO.is_called("image"));
    }
}
