//! Who a token belongs to, and whether what somebody showed is still good.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::secret::{self, Digest};
use super::{Credential, Identity, Role, Scope, Transport};
use crate::api::error::ApiError;
use crate::app::hex;
use crate::store::{Key, Object, Store};

/// Kind of the stored digests; no route serves it.
pub(crate) const SECRETS: &str = "tokensecrets";
pub(crate) const TOKENS: &str = "tokens";
pub(crate) const USERS: &str = "users";
/// How long the token of a socket peer is good.
const SESSION: Duration = Duration::from_hours(12);

/// Everything that tells callers apart.
#[derive(Debug)]
pub(crate) struct Access {
    store: Arc<Store>,
    admin: OnceLock<Digest>,
    sessions: Mutex<Vec<Session>>,
    /// Told of every change of tokens and users; filled by the first that asks.
    changed: OnceLock<watch::Receiver<u64>>,
}

/// The token that a socket peer was given for use over TLS. It lives as long as the process.
#[derive(Debug)]
struct Session {
    digest: Digest,
    token: Hidden,
    identity: Identity,
    expires: Timestamp,
}

struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Access {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            admin: OnceLock::new(),
            sessions: Mutex::default(),
            changed: OnceLock::new(),
        }
    }

    /// Takes the admin's token from now on.
    pub(crate) fn take_admin(&self, digest: Digest) {
        // Whoever was first read the same file.
        let _same = self.admin.set(digest);
    }

    /// Who shows this token.
    pub(crate) fn identify(&self, token: &str, transport: Transport) -> Result<Identity, ApiError> {
        let given = secret::digest(token);
        if self
            .admin
            .get()
            .is_some_and(|admin| secret::same(admin, &given))
        {
            let mut identity = Identity::new("admin", Role::Admin, transport);
            identity.credential = Credential::Server;
            return Ok(identity);
        }
        if let Some(identity) = self.of_session(&given, transport) {
            return Ok(identity);
        }
        let identity = self.of_token(token, &given, transport)?;
        self.admit(&identity)?;
        Ok(identity)
    }

    fn of_session(&self, given: &Digest, transport: Transport) -> Option<Identity> {
        let now = Timestamp::now();
        let sessions = self.sessions();
        let found = sessions
            .iter()
            .find(|session| secret::same(&session.digest, given) && session.expires > now)?;
        Some(Identity {
            transport,
            credential: Credential::Server,
            expires: Some(found.expires),
            ..found.identity.clone()
        })
    }

    fn of_token(
        &self,
        token: &str,
        given: &Digest,
        transport: Transport,
    ) -> Result<Identity, ApiError> {
        let refused = || ApiError::unauthorized("TokenRevoked");
        let id = secret::id_of(token).ok_or_else(refused)?;
        let stored = self
            .store
            .get(&Key::new(SECRETS, "", id))
            .ok_or_else(refused)?;
        if stored.field("spec.digest") != hex(given) {
            return Err(refused());
        }
        let name = stored.field("spec.token");
        let object = self
            .store
            .get(&Key::new(TOKENS, "", &*name))
            .ok_or_else(refused)?;
        identity_of(&object, id, transport).ok_or_else(refused)
    }

    /// Whether what was shown once is still good.
    pub(crate) fn admit(&self, identity: &Identity) -> Result<(), ApiError> {
        if identity.expires.is_some_and(|end| end <= Timestamp::now()) {
            return Err(ApiError::unauthorized("TokenExpired"));
        }
        let good = match &identity.credential {
            Credential::Peer | Credential::Server => true,
            Credential::Certificate => self.is_enabled(&identity.user),
            Credential::Token { name, uid, .. } => {
                let object = self.store.get(&Key::new(TOKENS, "", &**name));
                object.is_some_and(|object| object.uid() == *uid) && self.is_enabled(&identity.user)
            }
        };
        if good {
            Ok(())
        } else {
            Err(ApiError::unauthorized("TokenRevoked"))
        }
    }

    fn is_enabled(&self, user: &str) -> bool {
        let user = self.store.get(&Key::new(USERS, "", user));
        user.is_some_and(|user| user.field("spec.disabled") != "true")
    }

    /// Returns when what was shown is no longer good; never for socket peers and the admin's token.
    pub(crate) async fn ended(&self, identity: &Identity) -> ApiError {
        let revocable = !matches!(identity.credential, Credential::Peer | Credential::Server);
        if !revocable && identity.expires.is_none() {
            return std::future::pending().await;
        }
        let mut changed = self.changes();
        loop {
            if let Err(error) = self.admit(identity) {
                return error;
            }
            let left = identity.expires.map_or(Duration::from_hours(24), until);
            tokio::select! {
                _ = changed.changed() => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// One task looks at the log for everybody.
    fn changes(&self) -> watch::Receiver<u64> {
        let begin = || {
            let (sender, receiver) = watch::channel(0);
            tokio::spawn(follow(Arc::clone(&self.store), sender));
            receiver
        };
        self.changed.get_or_init(begin).clone()
    }

    /// The token that a socket peer uses over TLS; the same one while it is good for long enough.
    pub(crate) fn session(&self, peer: &Identity) -> Result<(String, Timestamp), ApiError> {
        let now = Timestamp::now();
        let mut sessions = self.sessions();
        sessions.retain(|session| session.expires > now);
        let lasting =
            |session: &&Session| session.identity == *peer && until(session.expires) > SESSION / 2;
        if let Some(found) = sessions.iter().find(lasting) {
            return Ok((found.token.0.clone(), found.expires));
        }
        let (_, token) = secret::generate().map_err(|e| ApiError::internal(e.to_string()))?;
        let expires = now + SESSION;
        sessions.push(Session {
            digest: secret::digest(&token),
            token: Hidden(token.clone()),
            identity: peer.clone(),
            expires,
        });
        Ok((token, expires))
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn until(end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default()
}

async fn follow(store: Arc<Store>, sender: watch::Sender<u64>) {
    loop {
        let Ok(mut changes) = store.watch(&[TOKENS, USERS], store.revision()) else {
            return;
        };
        // Falling behind the log only means to look again.
        while let Ok(change) = changes.next().await {
            sender.send_replace(change.rv);
        }
        sender.send_modify(|_| {});
    }
}

/// What a stored token makes of its bearer.
fn identity_of(object: &Object, id: &str, transport: Transport) -> Option<Identity> {
    let token: nova_api::types::Token = object.decode().ok()?;
    let spec = token.spec;
    let role = Role::parse(spec.role.as_deref()?)?;
    let mut identity = Identity::new(spec.user?, role, transport);
    identity.namespaces = spec.namespaces.filter(|namespaces| !namespaces.is_empty());
    // A scope that this server does not know grants nothing.
    let scopes = spec.scopes.unwrap_or_default();
    identity.scopes = scopes
        .iter()
        .map(|text| Scope::parse(text))
        .collect::<Option<_>>()?;
    identity.expires = match spec.expires_at {
        Some(time) => Some(time.timestamp()?),
        None => None,
    };
    identity.credential = Credential::Token {
        id: id.to_owned(),
        name: object.key.name.clone(),
        uid: object.uid().to_owned(),
    };
    Some(identity)
}
