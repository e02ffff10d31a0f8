//! Starting a server that outlives this tool, and asking one to end.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nova_core::env;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::error::ApiError;
use crate::types::{SERVER_LOG, ServerLock};

/// Bytes at the end of the log that may hold the reason of a failed start.
const TAIL: u64 = 16 * 1024;

/// How the server is executed.
#[derive(Debug, Clone)]
pub(crate) enum Program {
    /// An executable of its own.
    Own(PathBuf),
    /// This executable, which holds every tool.
    Inside(PathBuf),
}

/// A server that is starting.
#[derive(Debug)]
pub(crate) struct Starting {
    child: Child,
    log: PathBuf,
    /// Where its part of the log begins.
    from: u64,
}

/// Starts a server in its own session, with its output in a log and nothing of ours but the environment.
pub(crate) fn server(program: &Program, data: &Path, socket: &Path) -> Result<Starting, ApiError> {
    let path = data.join(SERVER_LOG);
    let unwritable =
        |error: std::io::Error| failed(&format!("cannot write {}: {error}", path.display()), data);
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .map_err(unwritable)?;
    let from = log.metadata().map_err(unwritable)?.len();
    let second = log.try_clone().map_err(unwritable)?;
    let mut command = match program {
        Program::Own(path) => Command::new(path),
        Program::Inside(path) => {
            let mut command = Command::new(path);
            command.arg("nova-server");
            command
        }
    };
    command
        .args(["run", "--on-demand", "--data-dir"])
        .arg(data)
        .arg("--socket")
        .arg(socket)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(second);
    // What this call was told is not for a server that serves all later ones.
    for (name, _) in env::with_prefix("NOVA_") {
        if !name.ends_with("_DIR") && name != env::NOVA_EXEC_PATH {
            command.env_remove(name);
        }
    }
    own_session(&mut command);
    let child = command
        .spawn()
        .map_err(|error| failed(&format!("cannot execute nova-server: {error}"), data))?;
    Ok(Starting {
        child,
        log: path,
        from,
    })
}

#[expect(
    unsafe_code,
    reason = "std offers no safe way to begin a session between fork and exec"
)]
fn own_session(command: &mut Command) {
    // SAFETY: what runs between fork and exec is made for that place.
    unsafe { command.pre_exec(nova_core::exec::detach) };
}

impl Starting {
    /// The failure of a server that ended already.
    pub(crate) fn ended(&mut self) -> Option<ApiError> {
        let status = self.child.try_wait().ok()??;
        let said = self.last_line();
        let how = said.unwrap_or_else(|| format!("it ended with {status} and said nothing"));
        Some(failed(
            &format!("the local server could not start: {how}"),
            self.log.parent()?,
        ))
    }

    /// What it said last, to be put behind a sentence.
    pub(crate) fn said(&self) -> String {
        self.last_line()
            .map(|line| format!("; it said last: {line}"))
            .unwrap_or_default()
    }

    /// The last error of its part of the log, else the last line that is not a hint.
    fn last_line(&self) -> Option<String> {
        let mut file = File::open(&self.log).ok()?;
        let end = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(self.from.max(end.saturating_sub(TAIL))))
            .ok()?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let lines = || {
            text.lines()
                .rev()
                .map(str::trim)
                .filter(|line| !line.is_empty())
        };
        let error = lines().find_map(|line| line.strip_prefix("error: "));
        error
            .or_else(|| lines().find(|line| !line.starts_with("hint:")))
            .map(str::to_owned)
    }
}

fn failed(message: &str, data: &Path) -> ApiError {
    ApiError::Server {
        message: message.to_owned(),
        hint: format!("look at its log: tail {}", data.join(SERVER_LOG).display()),
    }
}

/// Sends TERM to the server that wrote a lock, unless the pid belongs to another process by now.
pub(crate) fn ask_to_end(lock: &ServerLock) {
    let Some(pid) = i32::try_from(lock.pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    // The descriptor is opened before the start time is read, so both speak of one process.
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    if start_time(lock.pid) != Some(lock.start_time) {
        return;
    }
    if let Err(error) = pidfd_send_signal(&process, Signal::TERM) {
        tracing::debug!(%error, pid = lock.pid, "cannot signal the local server");
    }
}

/// Field 22 of `/proc/PID/stat`: clock ticks after boot. The command in field 2 may hold blanks and parentheses.
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?
        .1
        .split_ascii_whitespace()
        .nth(19)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_start_time_is_read() {
        assert!(start_time(std::process::id()).unwrap() > 0);
        assert!(start_time(u32::MAX).is_none());
    }
}
