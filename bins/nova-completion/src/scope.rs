//! Whose names: which server, as whom, in which namespace.
//!
//! Found without asking anybody. A server of this user counts only when it runs: its lock names
//! the socket, and a refresh is told that socket as an explicit endpoint, which no tool ever
//! starts.

use std::path::{Path, PathBuf};

use nova_api::{LOCK_FILE, ServerLock};
use nova_core::config::Config;
use nova_core::paths::Paths;
use nova_core::{Globals, env};

/// A server and a namespace, with the place of what is known about them.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    root: PathBuf,
    namespace: String,
    /// The endpoint to tell a refresh, when the configuration does not say it.
    pub(crate) endpoint: Option<String>,
    /// Whether there can be anybody to ask.
    pub(crate) reachable: bool,
}

impl Scope {
    /// The scope of flags (handed down as variables), environment and configuration.
    pub(crate) fn find(paths: &Paths, config: &Config) -> Option<Self> {
        let context = config
            .context(env::get(env::NOVA_CONTEXT).as_deref())
            .ok()?;
        let namespace = env::get(env::NOVA_NAMESPACE)
            .or_else(|| context.as_ref()?.namespace.clone())
            .unwrap_or_else(|| "default".to_owned());
        let at = |key: &str, endpoint: Option<String>, reachable: bool| Self {
            root: paths.cache.join("complete").join(file_name(key)),
            namespace: namespace.clone(),
            endpoint,
            reachable,
        };
        if let Some(endpoint) = env::get(env::NOVA_ENDPOINT) {
            return Some(at(&endpoint, None, true));
        }
        if let Some(context) = context.as_ref()
            && let Some(cluster) = &context.cluster
        {
            let server = config.cluster(cluster)?.server;
            let user = context.user.as_deref().unwrap_or_default();
            return Some(at(&format!("{} {user}@{server}", context.name), None, true));
        }
        let data = paths.server_data();
        let socket = running(&data).or_else(|| Some(paths.system_socket()).filter(|s| s.exists()));
        let endpoint = socket.map(|socket| format!("unix:{}", socket.display()));
        let reachable = endpoint.is_some();
        Some(at(
            &format!("local {}", data.display()),
            endpoint,
            reachable,
        ))
    }

    /// The file of names of a kind; `namespaced` ones differ by namespace.
    pub(crate) fn file(&self, plural: &str, namespaced: bool) -> PathBuf {
        let namespace = if namespaced {
            &self.namespace
        } else {
            "_cluster"
        };
        self.root.join(file_name(namespace)).join(plural)
    }
}

/// The configuration that the environment selects; a broken one knows no names.
pub(crate) fn configuration(paths: &Paths) -> Option<Config> {
    Config::load(paths, &Globals::default()).ok()
}

/// The socket of this user's server, when its lock says that there is one.
fn running(data: &Path) -> Option<PathBuf> {
    let text = std::fs::read(data.join(LOCK_FILE)).ok()?;
    let lock: ServerLock = serde_json::from_slice(&text).ok()?;
    lock.socket.exists().then_some(lock.socket)
}

/// A readable file name for any text, and a different one for different texts.
fn file_name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.len() <= 63 && !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let readable: String = text
        .chars()
        .take(40)
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    // FNV-1a: short, stable across releases, and nothing depends on its strength.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{readable}.{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_tell_scopes_apart() {
        assert_eq!(file_name("default"), "default");
        let (a, b) = (file_name("local /a/b"), file_name("local /a_b"));
        assert_ne!(a, b);
        for name in [a, b, file_name(".."), file_name("x/../../y"), file_name("")] {
            assert!(
                !name.contains('/') && name != ".." && !name.is_empty(),
                "{name}"
            );
        }
    }
}
