//! Messages about access: who somebody is, what they may do, certificates, sessions (nova-api §10).

use serde::{Deserialize, Serialize};

use super::time::Time;

/// Answer to `whoami`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WhoAmI {
    /// `nova.dev/v1`.
    pub api_version: String,
    /// `WhoAmI`.
    pub kind: String,
    /// Name for audit and events.
    pub user: String,
    /// `viewer`, `operator`, `editor`, `namespace-admin` or `admin`.
    pub role: String,
    /// `unix`, `https` or `http`.
    pub transport: String,
    /// Groups, as certificates name them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Namespaces that the role holds in; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<String>>,
    /// What the role is narrowed to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// When the credentials end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Token that was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenReference>,
}

/// Which token somebody showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenReference {
    /// Name of the `Token`.
    pub name: String,
    /// What the token begins with, behind `nova_`.
    pub id: String,
}

/// Question whether the caller may do something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessAsk {
    /// `get`, `create`, `start`, `exec` and so on.
    pub verb: String,
    /// Any name of a kind, with `/SUBRESOURCE` where one is meant.
    pub kind: String,
    /// Namespace; absent means all at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of one object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Answer to [`AccessAsk`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessReview {
    /// `nova.dev/v1`.
    pub api_version: String,
    /// `AccessReview`.
    pub kind: String,
    /// Whether they may.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: String,
}

/// A client certificate to ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateAsk {
    /// Whose it shall be.
    pub user: String,
    /// Role; absent means `viewer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Namespaces that the role holds in; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Days that it is good; absent means 365.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
}

/// A client certificate with its key, which exists nowhere else.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserCertificate {
    /// `nova.dev/v1`.
    pub api_version: String,
    /// `UserCertificate`.
    pub kind: String,
    /// Whose it is.
    pub user: String,
    /// What they may do.
    pub role: String,
    /// Where they may do that; none means everywhere.
    pub namespaces: Vec<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The certificate, PEM.
    pub certificate: String,
    /// Its key, PEM.
    pub key: String,
    /// Certificate of the server's authority, PEM.
    pub certificate_authority: String,
}

/// Where a user of the Unix socket finds the server over TLS, and a token for it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Session {
    /// Who it is for.
    pub user: String,
    /// `https://127.0.0.1:PORT`; the port stays the same.
    pub server: String,
    /// Certificate of the authority to trust, PEM.
    pub certificate_authority: String,
    /// Token that ends with the server.
    pub token: String,
    /// When the token ends at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// Shows no secret.
impl std::fmt::Debug for UserCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserCertificate")
            .field("user", &self.user)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Shows no secret.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("user", &self.user)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
