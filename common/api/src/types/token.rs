//! Tokens: what programs show to be somebody (nova-api §10). The secret itself is shown once.

use serde::{Deserialize, Serialize};

use super::meta::ObjectMeta;
use super::resource::{KindInfo, NameRule, Scope, resource};
use super::time::Time;

/// A token that somebody was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// `nova.dev/v1`.
    #[serde(default)]
    pub api_version: String,
    /// `Token`.
    #[serde(default)]
    pub kind: String,
    /// Name, labels, versions.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Whose it is and what it is good for.
    #[serde(default)]
    pub spec: TokenSpec,
    /// What the server says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TokenStatus>,
}

resource!(
    Token,
    KindInfo {
        group: "nova.dev",
        version: "v1",
        kind: "Token",
        plural: "tokens",
        singular: "token",
        short_names: &[],
        scope: Scope::Cluster,
        names: NameRule::Label,
    }
);

/// Whose a token is and what it is good for. It never changes; another one is made instead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TokenSpec {
    /// Whose it is; absent means a user of the token's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `viewer`, `operator`, `editor`, `namespace-admin` or `admin`; absent means the least that its scopes need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Namespaces that the role holds in; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<String>>,
    /// What the role is narrowed to: `read`, `vm:write`, `exec` and so on; absent means nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// When it ends; absent means never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// What it is for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What the server says of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TokenStatus {
    /// The eight characters behind `nova_` by which logs and people tell tokens apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The token itself; only in the answer to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

impl Token {
    /// A token to ask for.
    #[must_use]
    pub fn new(name: impl Into<String>, spec: TokenSpec) -> Self {
        use super::resource::Resource;
        Self {
            api_version: Self::INFO.api_version(),
            kind: Self::INFO.kind.to_owned(),
            metadata: ObjectMeta::named(name),
            spec,
            status: None,
        }
    }
}
