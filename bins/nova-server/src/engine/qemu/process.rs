//! Processes that outlive us: spawned in a session of their own, held and signalled by pidfd.

use std::fs::OpenOptions;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, io};

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::proc;
use super::record::Identity;

/// Programs find their helpers here; nothing else of our environment reaches them.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A running process, child of ours or not.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) identity: Identity,
    fd: AsyncFd<OwnedFd>,
}

/// How a process ended, as far as can be known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ending {
    /// Exit code; absent for a process that another server spawned.
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
}

impl Process {
    /// Takes hold of a process, if it still is the one with this identity.
    pub(super) fn hold(identity: &Identity) -> io::Result<Self> {
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let pid = i32::try_from(identity.pid)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(gone)?;
        let fd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        // Looked at after the pidfd is open: the pid cannot have been reused in between.
        if proc::identity(identity.pid).as_ref() != Some(identity) {
            return Err(gone());
        }
        let fd = watched(fd)?;
        Ok(Self {
            identity: identity.clone(),
            fd,
        })
    }

    /// Takes hold of whatever process has this pid now.
    pub(super) fn hold_pid(pid: u32) -> io::Result<Self> {
        let identity =
            proc::identity(pid).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Self::hold(&identity)
    }

    /// Waits for the end.
    pub(super) async fn ended(&self) -> Ending {
        while let Err(error) = self.fd.readable().await {
            // Only a runtime that shuts down gets here.
            tracing::debug!(%error, "cannot watch a process");
            std::future::pending::<()>().await;
        }
        self.reap()
    }

    /// Whether it ended within `time`.
    pub(super) async fn ended_within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.fd.readable()).await.is_ok()
    }

    /// Collects the exit status; a process that is not our child has none for us.
    fn reap(&self) -> Ending {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        match rustix::process::waitid(WaitId::PidFd(self.fd.get_ref().as_fd()), options) {
            Ok(Some(status)) => Ending {
                code: status.exit_status(),
                signal: status.terminating_signal(),
            },
            Ok(None) | Err(_) => Ending::default(),
        }
    }

    /// Sends SIGKILL; a process that is gone is fine.
    pub(super) fn kill(&self) {
        if let Err(error) = rustix::process::pidfd_send_signal(self.fd.get_ref(), Signal::KILL) {
            tracing::debug!(pid = self.identity.pid, %error, "no process to kill");
        }
    }
}

/// Registers a pidfd, which becomes readable at the end of its process.
fn watched(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` answers the same open descriptor for as long as it lives, and closes it last.
    #[expect(
        unsafe_code,
        reason = "tokio has no safe registration of any descriptor"
    )]
    let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
    registered.map_err(|error| error.into_parts().1)
}

/// Starts a program in a session of its own, with no standard input and both outputs appended to `log`.
pub(super) fn spawn(program: &Path, arguments: &[String], log: &Path) -> io::Result<Process> {
    let output = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(log)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    // SAFETY: what runs between fork and exec is made for that place.
    #[expect(
        unsafe_code,
        reason = "std offers no safe way to start a program in a new session"
    )]
    unsafe {
        command.pre_exec(nova_core::exec::detach);
    }
    // Dropping the handle neither waits nor kills: the pidfd below does the watching.
    let pid = command.spawn()?.id();
    hold_child(pid)
}

/// Takes hold of a child; one that ended already is a zombie and still has to be held to be reaped.
fn hold_child(pid: u32) -> io::Result<Process> {
    let raw = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or(io::ErrorKind::InvalidData)?;
    let fd = rustix::process::pidfd_open(raw, PidfdFlags::empty())?;
    let start_time = proc::Stat::of(pid).map_or(0, |stat| stat.start_time);
    let exe = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let identity = Identity {
        pid,
        start_time,
        exe: exe.to_string_lossy().into_owned(),
    };
    Ok(Process {
        identity,
        fd: watched(fd)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> (Process, tempfile::TempDir) {
        let home = tempfile::tempdir().unwrap();
        let words = ["-c".to_owned(), script.to_owned()];
        let process = spawn(Path::new("/bin/sh"), &words, &home.path().join("log")).unwrap();
        (process, home)
    }

    #[tokio::test]
    async fn a_child_has_an_exit_code_and_its_output_in_the_log() {
        let (process, home) = sh("echo out; echo err >&2; exit 3");
        assert_eq!(
            process.ended().await,
            Ending {
                code: Some(3),
                signal: None
            }
        );
        assert_eq!(
            fs::read_to_string(home.path().join("log")).unwrap(),
            "out\nerr\n"
        );
    }

    #[tokio::test]
    async fn a_child_leads_its_own_session() {
        let (process, _home) = sh("sleep 60");
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.identity.pid)).unwrap();
        let rest = stat.rsplit_once(')').unwrap().1;
        let session = rest.split_ascii_whitespace().nth(3).unwrap();
        assert_eq!(session, process.identity.pid.to_string());
        process.kill();
        assert_eq!(process.ended().await.signal, Some(9));
    }

    #[tokio::test]
    async fn a_child_has_nothing_of_our_environment_but_a_path() {
        let (process, home) = sh("cat /proc/$$/environ");
        process.ended().await;
        let variables = fs::read_to_string(home.path().join("log")).unwrap();
        assert_eq!(variables, format!("PATH={PATH}\0"));
    }

    #[tokio::test]
    async fn another_start_time_is_another_process() {
        let (process, _home) = sh("sleep 60");
        let mut other = process.identity.clone();
        other.start_time += 1;
        assert!(Process::hold(&other).is_err());
        process.kill();
        process.ended().await;
    }
}
