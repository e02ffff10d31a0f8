//! Where files of the toolkit live: XDG places, each overridable by its `NOVA_*_DIR` variable.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{Failure, Kind, Result, env};

/// The directories of one user, none of them created yet.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Paths {
    /// Configuration of the user, `~/.config/nova`.
    pub config: PathBuf,
    /// Configuration of the machine, `/etc/nova`.
    pub system: PathBuf,
    /// Data, `~/.local/share/nova`.
    pub data: PathBuf,
    /// State, `~/.local/state/nova`.
    pub state: PathBuf,
    /// Cache that may be deleted at any time, `~/.cache/nova`.
    pub cache: PathBuf,
    /// Sockets, `$XDG_RUNTIME_DIR/nova`.
    pub runtime: PathBuf,
}

impl Paths {
    /// Reads the environment; fails only without a home directory and without overrides.
    pub fn from_env() -> Result<Self> {
        let home = env::get_os(env::HOME)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute());
        let base = |own: &str, xdg: &str, below_home: &str| {
            base_dir(own, xdg, home.as_deref().map(|home| home.join(below_home)))
        };
        let state = base(env::NOVA_STATE_DIR, env::XDG_STATE_HOME, ".local/state")?;
        let runtime = absolute(env::XDG_RUNTIME_DIR)
            .filter(|dir| dir.is_dir())
            .map_or_else(|| state.join("run"), |dir| dir.join("nova"));
        Ok(Self {
            config: base(env::NOVA_CONFIG_DIR, env::XDG_CONFIG_HOME, ".config")?,
            system: absolute(env::NOVA_SYSTEM_DIR).unwrap_or_else(|| PathBuf::from("/etc/nova")),
            data: base(env::NOVA_DATA_DIR, env::XDG_DATA_HOME, ".local/share")?,
            cache: base(env::NOVA_CACHE_DIR, env::XDG_CACHE_HOME, ".cache")?,
            state,
            runtime,
        })
    }

    /// The user's main configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The data directory of this user's local server.
    #[must_use]
    pub fn server_data(&self) -> PathBuf {
        self.data.join("server")
    }

    /// The socket of this user's local server.
    #[must_use]
    pub fn server_socket(&self) -> PathBuf {
        self.runtime.join("nova.sock")
    }

    /// The socket of the machine's own server.
    #[must_use]
    pub fn system_socket(&self) -> PathBuf {
        PathBuf::from("/run/nova/nova.sock")
    }
}

/// A directory variable that holds an absolute path; relative ones are ignored, as XDG demands.
fn absolute(name: &str) -> Option<PathBuf> {
    env::get_os(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

fn base_dir(own: &str, xdg: &str, below_home: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(dir) = absolute(own) {
        return Ok(dir);
    }
    absolute(xdg)
        .or(below_home)
        .map(|base| base.join("nova"))
        .ok_or_else(|| no_home(own))
}

fn no_home(own: &str) -> Failure {
    Failure::new(
        Kind::Config,
        "HOME is not set, so there is no place for files of nova",
    )
    .with_hint(format!("set HOME, or {own} to a directory"))
}

/// Shows `path` with the home directory shortened to `~`.
#[must_use]
pub fn display(path: &Path) -> String {
    env::get_os(env::HOME)
        .and_then(|home| {
            path.strip_prefix(home)
                .ok()
                .map(|rest| format!("~/{}", rest.display()))
        })
        .unwrap_or_else(|| path.display().to_string())
}
