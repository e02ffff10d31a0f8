//! This user's own server: found by its lock, started when needed, replaced when it is of another version.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nova_core::fs::{Lock, create_private_dir};
use nova_core::{Cx, env};
use tokio::net::UnixStream;

use super::error::ApiError;
use super::handshake::{self, VERSION};
use super::spawn::{self, Program};
use crate::types::{LOCK_FILE, ServerLock};

/// A server that holds its lock is given this long to listen, one that is started too.
const READY: Duration = Duration::from_secs(30);
/// A server that was asked to end is given this long.
const END: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// This user's own server.
#[derive(Debug)]
pub(crate) struct LocalServer {
    data: PathBuf,
    socket: PathBuf,
    program: Option<Program>,
}

/// What the lock file says.
enum Held {
    /// Nobody holds it.
    No,
    /// A server holds it; it may still be starting and not have written what it is.
    By(Option<ServerLock>),
}

/// What was found of this user's own server.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It listens here.
    At(PathBuf),
    /// One of another version was ended, so that one of ours starts.
    Replaced,
    /// None runs.
    Nobody,
}

impl LocalServer {
    pub(crate) fn new(data: PathBuf, socket: PathBuf, program: Option<Program>) -> Self {
        Self {
            data,
            socket,
            program,
        }
    }

    /// Whether the running server was started by a tool, not by hand.
    pub(crate) fn on_demand(&self) -> bool {
        self.read().is_some_and(|lock| lock.on_demand)
    }

    /// Socket of the running server; waits for one that is just starting, and ends one of another version.
    pub(crate) async fn running(&self) -> Result<Option<PathBuf>, ApiError> {
        match self.look().await? {
            Seen::At(socket) => Ok(Some(socket)),
            Seen::Replaced | Seen::Nobody => Ok(None),
        }
    }

    /// The same, and whether there was one to replace.
    pub(crate) async fn look(&self) -> Result<Seen, ApiError> {
        let started = Instant::now();
        loop {
            // Asking the socket first leaves the lock alone, for which a starting server may be racing.
            if let Some(lock) = self.read()
                && answers(&lock.socket).await
            {
                if lock.version == VERSION || !lock.on_demand {
                    // One that a person started is theirs to replace.
                    handshake::accept(&format!("unix:{}", lock.socket.display()), &lock.version)?;
                    return Ok(Seen::At(lock.socket));
                }
                self.replace(&lock).await?;
                return Ok(Seen::Replaced);
            }
            match self.held() {
                Held::No => return Ok(Seen::Nobody),
                Held::By(lock) if started.elapsed() > READY => {
                    return Err(self.silent(lock.as_ref()));
                }
                Held::By(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Makes sure that the server runs; of tools that start it at once, one does and the others use the same.
    pub(crate) async fn ensure(&self) -> Result<PathBuf, ApiError> {
        create_private_dir(&self.data).map_err(|error| self.unusable(&error))?;
        let _turn = self.turn().await?;
        if let Some(socket) = self.running().await? {
            return Ok(socket);
        }
        self.start().await
    }

    /// Waits until no other tool is starting the server.
    async fn turn(&self) -> Result<Lock, ApiError> {
        let path = self.data.join("start.lock");
        let started = Instant::now();
        loop {
            match Lock::take(&path, Duration::ZERO) {
                Ok(lock) => return Ok(lock),
                Err(failure) if failure.kind() != nova_core::Kind::Conflict => {
                    return Err(ApiError::Server {
                        message: failure.message().to_owned(),
                        hint: failure
                            .hints()
                            .first()
                            .cloned()
                            .unwrap_or_else(|| self.log_hint()),
                    });
                }
                Err(_) if started.elapsed() > READY => {
                    return Err(ApiError::Server {
                        message:
                            "another tool is starting the local server and does not come to an end"
                                .to_owned(),
                        hint: self.log_hint(),
                    });
                }
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    async fn start(&self) -> Result<PathBuf, ApiError> {
        let Some(program) = &self.program else {
            return Err(not_installed());
        };
        tracing::info!(?program, "starting the local server");
        let mut child = spawn::server(program, &self.data, &self.socket)?;
        let started = Instant::now();
        while started.elapsed() < READY {
            if let Some(lock) = self.read()
                && answers(&lock.socket).await
            {
                return Ok(lock.socket);
            }
            if let Some(ended) = child.ended() {
                return self.lost_race_or(ended).await;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(ApiError::Server {
            message: format!(
                "the local server did not get ready within {}{}",
                nova_core::units::format_duration(READY),
                child.said()
            ),
            hint: self.log_hint(),
        })
    }

    /// The server that we started ended: perhaps because another one, started by hand meanwhile, holds the lock.
    async fn lost_race_or(&self, failed: ApiError) -> Result<PathBuf, ApiError> {
        if matches!(self.held(), Held::No) {
            return Err(failed);
        }
        self.running().await?.ok_or(failed)
    }

    /// Ends a server of another version that a tool started; machines outlive it.
    async fn replace(&self, lock: &ServerLock) -> Result<(), ApiError> {
        tracing::info!(
            version = lock.version,
            pid = lock.pid,
            "replacing the local server"
        );
        spawn::ask_to_end(lock);
        let started = Instant::now();
        while self.held_by(lock.pid) {
            if started.elapsed() > END {
                return Err(ApiError::Server {
                    message: format!(
                        "the local server of version {} (pid {}) does not end",
                        lock.version, lock.pid
                    ),
                    hint: "end it with: nova server stop".to_owned(),
                });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    fn read(&self) -> Option<ServerLock> {
        let mut text = String::new();
        let file = File::open(self.data.join(LOCK_FILE)).ok()?;
        file.take(64 * 1024).read_to_string(&mut text).ok()?;
        serde_json::from_slice(text.as_bytes()).ok()
    }

    fn held(&self) -> Held {
        let Ok(file) = File::open(self.data.join(LOCK_FILE)) else {
            return Held::No;
        };
        match file.try_lock_shared() {
            // Ours now, and given back when the file is dropped.
            Ok(()) => Held::No,
            Err(_) => Held::By(self.read()),
        }
    }

    /// Whether this server still holds the lock; another tool may have started the next one already.
    fn held_by(&self, pid: u32) -> bool {
        match self.held() {
            Held::No => false,
            Held::By(lock) => lock.is_none_or(|lock| lock.pid == pid),
        }
    }

    fn silent(&self, lock: Option<&ServerLock>) -> ApiError {
        let which = lock.map_or_else(String::new, |lock| format!(" (pid {})", lock.pid));
        ApiError::Server {
            message: format!(
                "the local server{which} holds {} but does not answer",
                self.data.display()
            ),
            hint: self.log_hint(),
        }
    }

    fn unusable(&self, error: &std::io::Error) -> ApiError {
        ApiError::Server {
            message: format!("cannot create {}: {error}", self.data.display()),
            hint: "set NOVA_DATA_DIR and NOVA_STATE_DIR to writable directories, or name a server with --endpoint"
                .to_owned(),
        }
    }

    fn log_hint(&self) -> String {
        format!(
            "look at its log: tail {}",
            self.data.join(crate::types::SERVER_LOG).display()
        )
    }
}

fn not_installed() -> ApiError {
    ApiError::Server {
        message: "no server runs here, and nova-server is not installed".to_owned(),
        hint: "install nova-server beside this tool, or name a server with --endpoint or: nova config set-cluster"
            .to_owned(),
    }
}

/// Whether somebody listens on a socket that this user may open.
pub(crate) async fn answers(socket: &Path) -> bool {
    let connect = UnixStream::connect(socket);
    matches!(
        tokio::time::timeout(Duration::from_secs(2), connect).await,
        Ok(Ok(_))
    )
}

/// The server's program: beside this tool, inside it, or on PATH.
pub(crate) fn find_program(cx: &Cx) -> Option<Program> {
    const NAME: &str = "nova-server";
    let beside = cx
        .exec_dir()
        .map(|dir| dir.join(NAME))
        .filter(|path| is_program(path));
    if let Some(path) = beside {
        return Some(Program::Own(path));
    }
    // The compact installation has every tool in one executable.
    let own = std::env::current_exe().ok();
    if let Some(own) = own.filter(|own| own.file_name().is_some_and(|name| name == "nova-box")) {
        return Some(Program::Inside(own));
    }
    let path = env::get_os(env::PATH)?;
    let dirs = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
    dirs.map(|dir| dir.join(NAME))
        .find(|path| is_program(path))
        .map(Program::Own)
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(dir: &Path, program: Option<Program>) -> LocalServer {
        LocalServer::new(dir.join("data"), dir.join("nova.sock"), program)
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(work)
    }

    fn write_lock(server: &LocalServer, version: &str, on_demand: bool) -> File {
        create_private_dir(&server.data).unwrap();
        let lock = ServerLock {
            pid: std::process::id(),
            start_time: 0,
            version: version.to_owned(),
            socket: server.socket.clone(),
            on_demand,
        };
        let path = server.data.join(LOCK_FILE);
        nova_core::fs::write_atomic(&path, &serde_json::to_vec(&lock).unwrap(), 0o600).unwrap();
        File::open(path).unwrap()
    }

    #[test]
    fn a_lock_nobody_holds_means_no_server() {
        let dir = tempfile::tempdir().unwrap();
        let server = server(dir.path(), None);
        assert!(run(server.running()).unwrap().is_none());
        drop(write_lock(&server, VERSION, true));
        assert!(run(server.running()).unwrap().is_none());
        let error = run(server.ensure()).unwrap_err().to_string();
        assert!(error.contains("nova-server is not installed"), "{error}");
    }

    #[test]
    fn a_listening_server_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let server = server(dir.path(), None);
        let file = write_lock(&server, VERSION, true);
        file.lock().unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&server.socket).unwrap();
        assert_eq!(run(server.running()).unwrap(), Some(server.socket.clone()));
        // One that somebody started by hand is never replaced, whatever its version.
        write_lock(&server, "0.0.9", false);
        assert_eq!(run(server.ensure()).unwrap(), server.socket);
        write_lock(&server, "9.0.0", false);
        let error = run(server.ensure()).unwrap_err().to_string();
        assert!(
            error.ends_with("has version 9.0.0, this tool has 0.1.0"),
            "{error}"
        );
    }

    #[test]
    fn a_start_that_fails_shows_the_last_line_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("nova-server");
        nova_core::fs::write_atomic(
            &script,
            b"#!/bin/sh\necho starting\necho 'error: no disk' >&2\nexit 1\n",
            0o755,
        )
        .unwrap();
        let server = server(dir.path(), Some(Program::Own(script)));
        let error = run(server.ensure()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the local server could not start: no disk"
        );
    }

    #[test]
    fn two_tools_that_start_at_once_start_one_server() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("nova-server");
        // Listens by a helper of the shell's own; counts its starts.
        let text = format!(
            "#!/bin/sh\necho x >> {0}/starts\nsleep 0.2\nprintf '{{\"pid\":1,\"startTime\":0,\"version\":\"{VERSION}\",\"socket\":\"{0}/nova.sock\",\"onDemand\":true}}' > {0}/data/lock\nsleep 1\n",
            dir.path().display()
        );
        nova_core::fs::write_atomic(&script, text.as_bytes(), 0o755).unwrap();
        let _listener =
            std::os::unix::net::UnixListener::bind(dir.path().join("nova.sock")).unwrap();
        let tools: Vec<_> = (0..4)
            .map(|_| {
                let server = server(dir.path(), Some(Program::Own(script.clone())));
                std::thread::spawn(move || run(server.ensure()).unwrap())
            })
            .collect();
        for tool in tools {
            assert_eq!(tool.join().unwrap(), dir.path().join("nova.sock"));
        }
        assert_eq!(
            std::fs::read_to_string(dir.path().join("starts")).unwrap(),
            "x\n"
        );
    }
}
