//! Sockets that the server accepts on.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nova_core::fs::write_failure;
use nova_core::{Failure, Kind, Result};
use tokio::net::{TcpListener, UnixListener};

/// Bytes that the path of a socket may have.
const MAX_PATH: usize = 107;

/// The Unix socket; its file goes with it.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) listener: UnixListener,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Whoever finds it gone knows at once that nobody listens.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Listens on a Unix socket. What an earlier server left there is removed; a live one is a conflict.
pub(crate) fn unix(path: &Path) -> Result<Socket> {
    let length = path.as_os_str().len();
    if length > MAX_PATH {
        let message = format!(
            "the path of the socket has {length} bytes, the limit is {MAX_PATH}: {}",
            path.display()
        );
        return Err(
            Failure::new(Kind::Config, message).with_hint("give a shorter one with --socket")
        );
    }
    if let Some(dir) = path.parent() {
        nova_core::fs::create_private_dir(dir).map_err(|error| write_failure(dir, &error))?;
    }
    own_directory(path)?;
    remove_stale(path)?;
    let listener = UnixListener::bind(path).map_err(|error| write_failure(path, &error))?;
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, private).map_err(|error| write_failure(path, &error))?;
    Ok(Socket {
        listener,
        path: path.to_owned(),
    })
}

/// Lets every user of this machine connect; who is served is decided by uid.
pub(crate) fn open_to_others(path: &Path) -> Result<()> {
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
            .map_err(|error| write_failure(path, &error))
    };
    if let Some(dir) = path.parent() {
        set(dir, 0o711)?;
    }
    set(path, 0o666)
}

/// A directory of somebody else could hand our clients another socket.
fn own_directory(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let dir = path.parent().unwrap_or(Path::new("/"));
    let owner = std::fs::metadata(dir)
        .map_err(|error| write_failure(dir, &error))?
        .uid();
    if owner == rustix::process::geteuid().as_raw() || owner == 0 {
        return Ok(());
    }
    let message = format!(
        "{} belongs to uid {owner}, so no socket is made there",
        dir.display()
    );
    Err(Failure::new(Kind::Auth, message).with_hint("give a socket elsewhere with --socket"))
}

fn remove_stale(path: &Path) -> Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let kind = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(write_failure(path, &error)),
    };
    if !kind.is_socket() {
        let message = format!("{} exists and is no socket", path.display());
        return Err(Failure::new(Kind::Conflict, message).with_hint("give another with --socket"));
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        let message = format!("another server listens on {}", path.display());
        return Err(Failure::new(Kind::Conflict, message)
            .with_hint("give this one a socket of its own with --socket"));
    }
    std::fs::remove_file(path).map_err(|error| write_failure(path, &error))
}

/// Listens on an address.
pub(crate) async fn tcp(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let failure = |kind| Failure::new(kind, format!("cannot listen on {address}: {error}"));
        match error.kind() {
            io::ErrorKind::AddrInUse => failure(Kind::Conflict)
                .with_hint("another program listens there; give another port with --listen"),
            io::ErrorKind::PermissionDenied => {
                failure(Kind::Auth).with_hint("ports below 1024 are root's; give a higher one")
            }
            io::ErrorKind::AddrNotAvailable => failure(Kind::Config)
                .with_hint("this machine does not have that address; see: ip address"),
            _ => failure(Kind::Failed),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let live = unix(&path).unwrap();
        assert_eq!(unix(&path).unwrap_err().kind(), Kind::Conflict);
        drop(live);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_busy_port_and_a_long_path_are_clear_errors() {
        let taken = tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let error = tcp(taken.local_addr().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        let long = Path::new("/tmp").join("x".repeat(120));
        assert_eq!(unix(&long).unwrap_err().kind(), Kind::Config);
    }
}
