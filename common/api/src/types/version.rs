//! What the server says about itself.

use serde::{Deserialize, Serialize};

/// Answer of `GET /version`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VersionInfo {
    /// Version in Kubernetes' form, `v1.32.0+nova…`.
    pub git_version: String,
    /// Version of the server.
    pub server_version: String,
    /// Oldest client that it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_client: Option<String>,
    /// Engine behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Optional behaviour.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
}
