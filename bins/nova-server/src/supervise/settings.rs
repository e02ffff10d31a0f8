//! `DATA/server.toml`: what a server keeps for later ones, and what its owner decided.

use std::path::{Path, PathBuf};

use nova_core::fs::{PRIVATE, read_optional, write_atomic, write_failure};
use nova_core::{Failure, Kind, Result};
use toml_edit::{DocumentMut, Item};

/// The file; what this release does not know in it stays as it is.
#[derive(Debug)]
pub(super) struct Settings {
    path: PathBuf,
    toml: DocumentMut,
}

impl Settings {
    /// Reads the file of a data directory; an absent one is empty.
    pub(super) fn read(data: &Path) -> Result<Self> {
        let path = data.join("server.toml");
        let text = read_optional(&path)?.unwrap_or_else(|| "version = 1\n".to_owned());
        let toml = text.parse().map_err(|error: toml_edit::TomlError| {
            Failure::new(
                Kind::Config,
                format!("{}: {}", path.display(), error.message()),
            )
            .with_hint("correct the file, or remove it")
        })?;
        Ok(Self { path, toml })
    }

    /// The port of the TLS listener on the loopback address, once there was one.
    pub(super) fn loopback_port(&self) -> Option<u16> {
        let port = self.toml.get("loopback_port")?.as_integer()?;
        u16::try_from(port).ok().filter(|port| *port > 0)
    }

    /// Keeps the port for every later start.
    pub(super) fn keep_loopback_port(&mut self, port: u16) -> Result<()> {
        self.toml["loopback_port"] = toml_edit::value(i64::from(port));
        write_atomic(&self.path, self.toml.to_string().as_bytes(), PRIVATE)
            .map_err(|error| write_failure(&self.path, &error))
    }

    /// Roles of other users of this machine, by uid: `[peers]` with lines such as `1000 = "viewer"`.
    pub(super) fn peers(&self) -> Vec<(u32, String)> {
        let table = self.toml.get("peers").and_then(Item::as_table_like);
        let entries = table.into_iter().flat_map(|table| table.iter());
        entries
            .filter_map(|(uid, role)| Some((uid.parse().ok()?, role.as_str()?.to_owned())))
            .collect()
    }

    /// Origins of web pages that may open WebSockets.
    pub(super) fn origins(&self) -> Vec<String> {
        let list = self.toml.get("origins").and_then(Item::as_array);
        let items = list.into_iter().flat_map(toml_edit::Array::iter);
        items
            .filter_map(|origin| origin.as_str().map(str::to_owned))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_kept_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("server.toml");
        let text = "# mine\nversion = 1\n\n[peers]\n1000 = \"viewer\"\n";
        write_atomic(&file, text.as_bytes(), PRIVATE).unwrap();
        let mut settings = Settings::read(dir.path()).unwrap();
        assert_eq!(settings.loopback_port(), None);
        assert_eq!(settings.peers(), [(1000, "viewer".to_owned())]);
        settings.keep_loopback_port(4711).unwrap();
        let again = Settings::read(dir.path()).unwrap();
        assert_eq!(again.loopback_port(), Some(4711));
        assert!(
            std::fs::read_to_string(&file)
                .unwrap()
                .starts_with("# mine")
        );
        write_atomic(&file, b"= broken", PRIVATE).unwrap();
        assert_eq!(Settings::read(dir.path()).unwrap_err().kind(), Kind::Config);
    }
}
