//! The caller of a request.

use crate::api::error::ApiError;

/// How the request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// The Unix socket.
    Unix,
    /// TLS.
    Https,
    /// Plain HTTP on loopback.
    Http,
}

/// What somebody may do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Read.
    Viewer,
    /// And operate what is there: start, stop, exec, console, files.
    Operator,
    /// And create, change and delete.
    Editor,
    /// Everything.
    Admin,
}

/// Kinds of acts that roles tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    /// start, stop, restart, pause, resume, cancel.
    Operate,
    Exec,
}

impl Verb {
    /// The word in messages and access reviews.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Operate => "operate",
            Self::Exec => "exec",
        }
    }

    /// The verb of an access review; unknown words need the highest role.
    pub(crate) fn role_of(word: &str) -> Role {
        match word {
            "get" | "list" | "watch" => Role::Viewer,
            "operate" | "exec" | "start" | "stop" | "restart" | "pause" | "resume" | "console"
            | "files" => Role::Operator,
            "create" | "update" | "patch" | "delete" | "deletecollection" => Role::Editor,
            _ => Role::Admin,
        }
    }
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Name for audit and events.
    pub(crate) user: String,
    /// What they may do.
    pub(crate) role: Role,
    /// How they came.
    pub(crate) transport: Transport,
}

impl Identity {
    /// Refuses what the role does not cover. Kinds of cluster scope are the admins' to change.
    pub(crate) fn authorize(
        &self,
        verb: Verb,
        plural: &str,
        namespace: Option<&str>,
    ) -> Result<(), ApiError> {
        let needed = Verb::role_of(verb.as_str());
        let cluster_write = needed >= Role::Editor && matches!(plural, "namespaces" | "nodes");
        let needed = if cluster_write { Role::Admin } else { needed };
        if self.role >= needed {
            return Ok(());
        }
        let place = match namespace {
            Some(namespace) if !namespace.is_empty() => format!("in the namespace {namespace:?}"),
            _ => "at the cluster scope".to_owned(),
        };
        Err(ApiError::forbidden(format!(
            "{plural} is forbidden: User {:?} cannot {} resource {plural:?} {place}",
            self.user,
            verb.as_str()
        )))
    }

    /// Whether the limits of remote identities hold.
    pub(crate) fn is_limited(&self) -> bool {
        self.role < Role::Admin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_covers_what_is_below_it() {
        let viewer = Identity {
            user: "ana".into(),
            role: Role::Viewer,
            transport: Transport::Https,
        };
        viewer
            .authorize(Verb::List, "virtualmachines", None)
            .unwrap();
        let error = viewer
            .authorize(Verb::Create, "virtualmachines", Some("prod"))
            .unwrap_err();
        assert_eq!(error.status(), 403);
        let editor = Identity {
            role: Role::Editor,
            ..viewer
        };
        editor
            .authorize(Verb::Delete, "virtualmachines", Some("prod"))
            .unwrap();
        assert!(editor.authorize(Verb::Create, "namespaces", None).is_err());
    }
}
