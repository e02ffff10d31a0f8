//! Contexts, clusters and users: which server, as whom, in which namespace.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Value;

use crate::config::Config;

/// A pair of cluster and user with a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContextConfig {
    /// Name of the context.
    pub name: String,
    /// Name of the cluster; absent means the local server.
    pub cluster: Option<String>,
    /// Name of the user.
    pub user: Option<String>,
    /// Namespace used when none is named.
    pub namespace: Option<String>,
    /// Everything destructive asks, whatever `--yes` says.
    pub protected: bool,
}

/// A server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ClusterConfig {
    /// Name of the cluster.
    pub name: String,
    /// `unix:PATH` or `https://HOST[:PORT]`.
    pub server: String,
    /// PEM file of the certificate authority.
    pub certificate_authority: Option<PathBuf>,
    /// The same, base64 in place.
    pub certificate_authority_data: Option<String>,
    /// Do not verify the server; for trials only.
    pub insecure_skip_tls_verify: bool,
}

/// Credentials.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UserConfig {
    /// Name of the user.
    pub name: String,
    /// Name by which the server knows the user; a note for people.
    pub username: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// File with the bearer token.
    pub token_file: Option<PathBuf>,
    /// PEM file of the client certificate.
    pub client_certificate: Option<PathBuf>,
    /// The same, base64 in place.
    pub client_certificate_data: Option<String>,
    /// PEM file of its key.
    pub client_key: Option<PathBuf>,
    /// The same, base64 in place.
    pub client_key_data: Option<String>,
}

/// Shows no secret.
impl std::fmt::Debug for UserConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserConfig")
            .field("name", &self.name)
            .field("token", &self.token.as_ref().map(|_| "REDACTED"))
            .field("token_file", &self.token_file)
            .field("client_certificate", &self.client_certificate)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Every context.
    #[must_use]
    pub fn contexts(&self) -> Vec<ContextConfig> {
        self.named_list("contexts")
    }

    /// The cluster of this name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<ClusterConfig> {
        self.named_list::<ClusterConfig>("clusters")
            .into_iter()
            .find(|found| found.name == name)
    }

    /// The user of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<UserConfig> {
        self.named_list::<UserConfig>("users")
            .into_iter()
            .find(|found| found.name == name)
    }

    fn named_list<T: for<'de> Deserialize<'de>>(&self, key: &str) -> Vec<T> {
        let items = self
            .get(key)
            .and_then(|entry| entry.value.as_array())
            .cloned();
        let read = |item: Value| item.try_into().ok();
        items
            .unwrap_or_default()
            .into_iter()
            .filter_map(read)
            .collect()
    }
}
