//! The one table of who may do what: routes, access reviews and `can-i` all answer from it.
//!
//! ```text
//! viewer           read what is in sight
//! operator         and start, stop, restart, pause, resume, cancel, exec, console, files, …
//! editor           and create, change, delete objects of namespaces
//! namespace-admin  and give out and revoke tokens for its own namespaces
//! admin            everything: nodes, namespaces, users, all tokens, `/status`
//! ```
//! A role may hold in some namespaces only. What lies elsewhere is out of sight: not found, and left
//! out of lists. Images of `public` and nodes are for everybody. Scopes narrow a role further.

use nova_api::types::PUBLIC_NAMESPACE;

use super::{Identity, Role};
use crate::api::kinds::ALL;

/// One thing that somebody wants to do, in the words of an access review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask<'a> {
    pub(crate) verb: &'a str,
    /// Plural of the kind, or `*`.
    pub(crate) resource: &'a str,
    pub(crate) subresource: &'a str,
    /// Nothing for cluster scope and for all namespaces at once.
    pub(crate) namespace: Option<&'a str>,
    /// Empty for collections.
    pub(crate) name: &'a str,
}

/// What an act comes to, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Looking.
    Read,
    /// start, stop and their like.
    Operate,
    /// What reaches into guests and takes data out of them.
    Reach,
    /// Creating, changing, deleting.
    Write,
    /// Everything else.
    Rule,
}

const ACTIONS: &[&str] = &[
    "start", "stop", "restart", "pause", "resume", "cancel", "operate",
];
const REACHES: &[&str] = &[
    "exec",
    "console",
    "files",
    "portforward",
    "export",
    "screenshot",
];

impl<'a> Ask<'a> {
    /// An act on a collection.
    pub(crate) fn new(verb: &'a str, resource: &'a str, namespace: Option<&'a str>) -> Self {
        Self {
            verb,
            resource,
            subresource: "",
            namespace: namespace.filter(|namespace| !namespace.is_empty()),
            name: "",
        }
    }

    /// What it comes to.
    pub(crate) fn class(&self) -> Class {
        let below = self.subresource;
        if ACTIONS.contains(&below) || ACTIONS.contains(&self.verb) {
            return Class::Operate;
        }
        if REACHES.contains(&below) || REACHES.contains(&self.verb) {
            return Class::Reach;
        }
        match self.verb {
            "get" | "list" | "watch" => Class::Read,
            // Controllers write there.
            _ if below == "status" => Class::Rule,
            "create" | "update" | "patch" | "delete" | "deletecollection" => Class::Write,
            _ => Class::Rule,
        }
    }

    /// Whether it only looks.
    pub(crate) fn reads(&self) -> bool {
        self.class() == Class::Read
    }

    /// The least role that may do it somewhere.
    pub(crate) fn needs(&self) -> Role {
        let class = self.class();
        match self.resource {
            "tokens" if class != Class::Rule => Role::NamespaceAdmin,
            "nodes" | "namespaces" if class == Class::Read => Role::Viewer,
            "tokens" | "users" | "nodes" | "namespaces" => Role::Admin,
            other if !is_kind(other) => Role::Admin,
            _ => match class {
                Class::Read => Role::Viewer,
                Class::Operate | Class::Reach => Role::Operator,
                Class::Write => Role::Editor,
                Class::Rule => Role::Admin,
            },
        }
    }

    /// The API group of its resource.
    pub(crate) fn group(&self) -> &'static str {
        let kind = ALL.iter().find(|kind| kind.info.plural == self.resource);
        kind.map_or("", |kind| kind.info.group)
    }

    fn namespaced(&self) -> bool {
        ALL.iter()
            .any(|kind| kind.info.plural == self.resource && kind.namespaced())
    }
}

fn is_kind(plural: &str) -> bool {
    ALL.iter().any(|kind| kind.info.plural == plural)
}

/// Whether it lies where the caller's role holds.
pub(super) fn places_of(identity: &Identity, ask: &Ask<'_>) -> bool {
    let Some(namespaces) = &identity.namespaces else {
        return true;
    };
    let holds = |name: &str| namespaces.iter().any(|own| own == name);
    let reads = ask.reads();
    if ask.namespaced() {
        return match ask.namespace {
            // All namespaces at once: answered with what is in sight.
            None => reads,
            Some(PUBLIC_NAMESPACE) if reads && ask.resource == "images" => true,
            Some(namespace) => holds(namespace),
        };
    }
    match ask.resource {
        "namespaces" => reads && (matches!(ask.name, "" | PUBLIC_NAMESPACE) || holds(ask.name)),
        "nodes" => reads,
        // Which tokens is for the object itself to tell.
        "tokens" => true,
        _ => false,
    }
}

/// A narrowing of a role: `read`, `vm:write`, `exec`, `admin`, …
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Plural of the kind; nothing means every kind.
    kind: Option<&'static str>,
    grants: Grants,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grants {
    Read,
    Operate,
    Write,
    Exec,
    Admin,
}

impl Scope {
    /// The scope that takes nothing away.
    pub(crate) fn admin() -> Self {
        Self {
            kind: None,
            grants: Grants::Admin,
        }
    }

    /// Reads `GRANT` or `KIND:GRANT`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, grant) = match text.split_once(':') {
            Some((kind, grant)) => (Some(kind), grant),
            None => (None, text),
        };
        let grants = match grant {
            "read" => Grants::Read,
            "operate" => Grants::Operate,
            "write" => Grants::Write,
            "exec" => Grants::Exec,
            "admin" if kind.is_none() => Grants::Admin,
            _ => return None,
        };
        let kind = match kind {
            None => None,
            Some(word) => {
                let found = ALL.iter().find(|kind| kind.info.is_called(word))?;
                Some(found.info.plural)
            }
        };
        Some(Self { kind, grants })
    }

    /// The least role that covers it.
    pub(crate) fn role(&self) -> Role {
        match self.grants {
            Grants::Read => Role::Viewer,
            Grants::Operate | Grants::Exec => Role::Operator,
            Grants::Write => Role::Editor,
            Grants::Admin => Role::Admin,
        }
    }

    /// Whether an act falls under it. Whoever may do something may look at it.
    pub(crate) fn covers(&self, ask: &Ask<'_>) -> bool {
        if self.grants == Grants::Admin {
            return true;
        }
        let kind = match (self.kind, self.grants) {
            (None, Grants::Exec) => Some("virtualmachines"),
            (kind, _) => kind,
        };
        let same = kind.is_none_or(|kind| kind == ask.resource);
        same && match ask.class() {
            Class::Read => true,
            Class::Operate => matches!(self.grants, Grants::Operate | Grants::Write),
            Class::Write => self.grants == Grants::Write,
            Class::Reach => self.grants == Grants::Exec,
            Class::Rule => false,
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(kind) = self.kind {
            write!(f, "{kind}:")?;
        }
        f.write_str(match self.grants {
            Grants::Read => "read",
            Grants::Operate => "operate",
            Grants::Write => "write",
            Grants::Exec => "exec",
            Grants::Admin => "admin",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(verb: &str, resource: &str, subresource: &str) -> Role {
        Ask {
            subresource,
            ..Ask::new(verb, resource, None)
        }
        .needs()
    }

    #[test]
    fn the_table_is_as_documented() {
        let vms = "virtualmachines";
        assert_eq!(needs("watch", vms, ""), Role::Viewer);
        assert_eq!(needs("get", vms, "logs"), Role::Viewer);
        assert_eq!(needs("create", vms, "start"), Role::Operator);
        assert_eq!(needs("get", vms, "exec"), Role::Operator);
        assert_eq!(needs("deletecollection", vms, ""), Role::Editor);
        assert_eq!(needs("update", vms, "status"), Role::Admin);
        assert_eq!(needs("get", vms, "status"), Role::Viewer);
        assert_eq!(needs("create", "tokens", ""), Role::NamespaceAdmin);
        assert_eq!(needs("list", "users", ""), Role::Admin);
        assert_eq!(needs("get", "nodes", ""), Role::Viewer);
        assert_eq!(needs("patch", "namespaces", ""), Role::Admin);
        assert_eq!(needs("get", "secrets", ""), Role::Admin);
        assert_eq!(needs("*", vms, ""), Role::Admin);
        assert_eq!(needs("get", "*", ""), Role::Admin);
    }

    #[test]
    fn scopes_are_read_by_every_name_of_a_kind() {
        assert_eq!(
            Scope::parse("vm:read"),
            Scope::parse("virtualmachines:read")
        );
        assert!(Scope::parse("vm:admin").is_none());
        assert!(Scope::parse("nothing:read").is_none());
        assert_eq!(Scope::parse("write").unwrap().role(), Role::Editor);
        let exec = Scope::parse("exec").unwrap();
        assert!(exec.covers(&Ask::new("get", "virtualmachines", None)));
        assert!(!exec.covers(&Ask::new("get", "images", None)));
    }
}
