//! Users: whose tokens and certificates are (nova-api §4.2, §10).

use serde::{Deserialize, Serialize};

use super::meta::ObjectMeta;
use super::resource::{KindInfo, NameRule, Scope, resource};
use super::time::Time;

/// Somebody who has tokens or certificates. Without it, or while it is disabled, none of them is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// `nova.dev/v1`.
    #[serde(default)]
    pub api_version: String,
    /// `User`.
    #[serde(default)]
    pub kind: String,
    /// Name, labels, versions.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Who it is.
    #[serde(default)]
    pub spec: UserSpec,
    /// What the server says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
}

resource!(
    User,
    KindInfo {
        group: "nova.dev",
        version: "v1",
        kind: "User",
        plural: "users",
        singular: "user",
        short_names: &[],
        scope: Scope::Cluster,
        names: NameRule::Subdomain,
    }
);

/// Who a user is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UserSpec {
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Groups that it belongs to, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Its tokens and certificates are refused, and its open streams end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// `local`, `oidc` or `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What the server says of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UserStatus {
    /// When it was last seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login: Option<Time>,
}
