//! A real nova-server per test, and the promise that nothing of it stays behind.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::Sandbox;

/// A server of this test's own. Ended when dropped; its machines end with the sandbox.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
}

impl Server {
    /// Starts `nova-server run --engine ENGINE` on the sandbox's default places and waits until it
    /// is ready.
    pub(crate) fn start(sandbox: &Sandbox, engine: &str) -> Self {
        Self::start_with(sandbox, &format!("--engine {engine}"))
    }

    /// Starts `nova-server run FLAGS`.
    pub(crate) fn start_with(sandbox: &Sandbox, flags: &str) -> Self {
        let ready = sandbox.path().join("ready");
        drop(std::fs::remove_file(&ready));
        let line = format!("nova-server run {flags} --ready-file {}", ready.display());
        let log = sandbox.path().join("server.out");
        let out = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let mut command = sandbox.command(&line);
        command
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out);
        let mut child = command.spawn().unwrap();
        let start = Instant::now();
        while !ready.exists() {
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("nova-server ended with {status}:\n{}", said());
            }
            if start.elapsed() >= Duration::from_secs(20) {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("nova-server is not ready:\n{}", said());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Self {
            child,
            data: sandbox.home().join(".local/share/nova/server"),
        }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Ends the server as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already is what we want.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The processes that carry `dir` in their arguments, with those arguments.
pub(crate) fn processes_of(dir: &Path) -> Vec<(i32, String)> {
    let needle = dir.display().to_string();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| u32::try_from(*pid) != Ok(std::process::id()))
        .filter_map(|pid| {
            let raw = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let line = String::from_utf8_lossy(&raw).replace('\0', " ");
            let env = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let home = format!("HOME={needle}/home\0");
            let ours = line.contains(&needle) || String::from_utf8_lossy(&env).contains(&home);
            ours.then_some((pid, line))
        })
        .collect()
}

/// Ends every process that belongs to the sandbox at `dir`: servers first, so that none starts a
/// machine again, then machines.
pub(crate) fn end_everything_of(dir: &Path) {
    for _ in 0..3 {
        let mut found = processes_of(dir);
        if found.is_empty() {
            return;
        }
        found.sort_by_key(|(_, line)| !line.contains("nova-server"));
        for (pid, _) in found {
            if let Some(pid) = rustix::process::Pid::from_raw(pid) {
                // Gone already is what we want.
                let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
