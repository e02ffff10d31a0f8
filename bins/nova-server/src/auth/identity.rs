//! The caller of a request.

use jiff::Timestamp;
use nova_api::types::{Token, TokenSpec};

use super::rights::{Ask, Scope, places_of};
use crate::api::error::ApiError;
use crate::store::{Key, Object};

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
    /// And give out tokens for the same namespaces.
    NamespaceAdmin,
    /// Everything.
    Admin,
}

impl Role {
    /// Every role, from least to most.
    pub(crate) const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Operator,
        Self::Editor,
        Self::NamespaceAdmin,
        Self::Admin,
    ];

    /// The word in tokens, certificates and messages.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Editor => "editor",
            Self::NamespaceAdmin => "namespace-admin",
            Self::Admin => "admin",
        }
    }

    /// Reads the word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
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
}

/// What proves who somebody is, and so what ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The other end of the Unix socket; good as long as the connection.
    Peer,
    /// The token of `DATA/admin.token`, and tokens that socket peers were given for an hour or so.
    Server,
    /// A client certificate; its user must be there and enabled.
    Certificate,
    /// A token: its public id, and the object that it belongs to.
    Token {
        id: String,
        name: String,
        uid: String,
    },
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
    /// Namespaces that it holds in; nothing means all.
    pub(crate) namespaces: Option<Vec<String>>,
    /// What the role is narrowed to; empty means nothing.
    pub(crate) scopes: Vec<Scope>,
    /// What proves it.
    pub(crate) credential: Credential,
    /// When it ends.
    pub(crate) expires: Option<Timestamp>,
}

impl Identity {
    /// Somebody with a role everywhere, without end.
    pub(crate) fn new(user: impl Into<String>, role: Role, transport: Transport) -> Self {
        Self {
            user: user.into(),
            role,
            transport,
            namespaces: None,
            scopes: Vec::new(),
            credential: Credential::Peer,
            expires: None,
        }
    }

    /// Refuses what the caller may not do. Reads in places out of sight pass: lists are filtered,
    /// and items are looked for with [`Identity::look`].
    pub(crate) fn authorize(
        &self,
        verb: Verb,
        plural: &str,
        namespace: Option<&str>,
    ) -> Result<(), ApiError> {
        self.admit(&Ask::new(verb.as_str(), plural, namespace))
    }

    /// The same for a request in full.
    pub(crate) fn admit(&self, ask: &Ask<'_>) -> Result<(), ApiError> {
        let reads = ask.reads();
        let allowed = self.covers(ask) && (reads || places_of(self, ask));
        if allowed {
            return Ok(());
        }
        Err(ApiError::forbidden(refusal(&self.user, ask)))
    }

    /// Whether an access review says yes.
    pub(crate) fn allows(&self, ask: &Ask<'_>) -> bool {
        self.covers(ask) && places_of(self, ask)
    }

    /// Whether role and scopes cover it, wherever it is.
    fn covers(&self, ask: &Ask<'_>) -> bool {
        let scoped = self.scopes.is_empty() || self.scopes.iter().any(|scope| scope.covers(ask));
        ask.needs() <= self.role && scoped
    }

    /// Whether an object is in sight.
    pub(crate) fn sees(&self, key: &Key) -> bool {
        let namespace = Some(key.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        let ask = Ask {
            name: &key.name,
            ..Ask::new("get", key.kind, namespace)
        };
        places_of(self, &ask)
    }

    /// The same for an object that is there: of tokens, those that the caller could have given out.
    pub(crate) fn sees_object(&self, object: &Object) -> bool {
        if !self.sees(&object.key) {
            return false;
        }
        if self.role == Role::Admin || object.key.kind != "tokens" {
            return true;
        }
        let spec = object.decode::<Token>().map(|token| token.spec);
        spec.is_ok_and(|spec| self.may_give(&spec))
    }

    /// Whether a token would be no more than what the caller has itself.
    pub(crate) fn may_give(&self, spec: &TokenSpec) -> bool {
        let role = spec.role.as_deref().and_then(Role::parse);
        let Some(role) = role.filter(|role| *role <= self.role) else {
            return false;
        };
        let given = spec.namespaces.as_deref().unwrap_or_default();
        let confined = match &self.namespaces {
            None => true,
            Some(own) => !given.is_empty() && given.iter().all(|name| own.contains(name)),
        };
        let scoped = self.scopes.is_empty() || self.scopes.contains(&Scope::admin());
        confined && scoped && (role < Role::Admin || self.namespaces.is_none())
    }

    /// An object out of sight is one that does not exist.
    pub(crate) fn look(&self, key: &Key) -> Result<(), ApiError> {
        if self.sees(key) {
            Ok(())
        } else {
            Err(ApiError::not_found(key))
        }
    }

    /// Whether it holds in one namespace only, or some.
    pub(crate) fn is_confined(&self) -> bool {
        self.namespaces.is_some()
    }

    /// Whether the limits of remote identities hold.
    pub(crate) fn is_limited(&self) -> bool {
        self.role < Role::Admin
    }

    /// Groups, as certificates and reviews name them.
    pub(crate) fn groups(&self) -> Vec<String> {
        let mut groups = vec![format!("nova:{}", self.role.as_str())];
        let namespaces = self.namespaces.iter().flatten();
        groups.extend(namespaces.map(|namespace| format!("nova:namespace:{namespace}")));
        groups.push("system:authenticated".to_owned());
        groups
    }
}

/// Kubernetes' words.
fn refusal(user: &str, ask: &Ask<'_>) -> String {
    let group = ask.group();
    let resource = match group {
        "" => ask.resource.to_owned(),
        group => format!("{}.{group}", ask.resource),
    };
    let object = match ask.name {
        "" => resource,
        name => format!("{resource} {name:?}"),
    };
    let below = match ask.subresource {
        "" => String::new(),
        below => format!("/{below}"),
    };
    let place = match ask.namespace {
        Some(namespace) => format!("in the namespace {namespace:?}"),
        None => "at the cluster scope".to_owned(),
    };
    format!(
        "{object} is forbidden: User {user:?} cannot {} resource \"{}{below}\" in API group \
         {group:?} {place}",
        ask.verb, ask.resource,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ana(role: Role) -> Identity {
        Identity::new("ana", role, Transport::Https)
    }

    #[test]
    fn a_role_covers_what_is_below_it() {
        let viewer = ana(Role::Viewer);
        viewer
            .authorize(Verb::List, "virtualmachines", None)
            .unwrap();
        let error = viewer
            .authorize(Verb::Create, "virtualmachines", Some("prod"))
            .unwrap_err();
        assert_eq!(error.status(), 403);
        assert_eq!(
            error.message(),
            "virtualmachines.nova.dev is forbidden: User \"ana\" cannot create resource \
             \"virtualmachines\" in API group \"nova.dev\" in the namespace \"prod\""
        );
        let editor = ana(Role::Editor);
        editor
            .authorize(Verb::Delete, "virtualmachines", Some("prod"))
            .unwrap();
        assert!(editor.authorize(Verb::Create, "namespaces", None).is_err());
        assert!(editor.authorize(Verb::List, "tokens", None).is_err());
    }

    #[test]
    fn a_confined_editor_sees_and_changes_its_own_namespaces() {
        let mut editor = ana(Role::Editor);
        editor.namespaces = Some(vec!["prod".to_owned()]);
        let may = |verb, namespace| editor.authorize(verb, "virtualmachines", namespace).is_ok();
        assert!(may(Verb::Create, Some("prod")));
        assert!(!may(Verb::Create, Some("test")));
        assert!(!may(Verb::Delete, None));
        // Lists answer with what is in sight.
        assert!(may(Verb::List, None) && may(Verb::List, Some("test")));
        assert!(editor.sees(&Key::new("virtualmachines", "prod", "a")));
        assert!(!editor.sees(&Key::new("virtualmachines", "test", "a")));
        assert!(editor.sees(&Key::new("images", "public", "tiny")));
        assert!(editor.sees(&Key::new("namespaces", "", "prod")));
        assert!(!editor.sees(&Key::new("namespaces", "", "test")));
        assert!(editor.sees(&Key::new("nodes", "", "n")));
        let error = editor.look(&Key::new("events", "test", "e")).unwrap_err();
        assert_eq!(error.status(), 404);
    }

    #[test]
    fn scopes_narrow_a_role() {
        let mut editor = ana(Role::Editor);
        editor.scopes = vec![
            Scope::parse("vm:read").unwrap(),
            Scope::parse("exec").unwrap(),
        ];
        let may = |verb, plural| editor.authorize(verb, plural, Some("d")).is_ok();
        assert!(may(Verb::Get, "virtualmachines"));
        assert!(may(Verb::Exec, "virtualmachines"));
        assert!(!may(Verb::Create, "virtualmachines"));
        assert!(!may(Verb::Get, "images"));
    }
}
