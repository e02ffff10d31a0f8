//! The server under test, and tools that talk to it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nova-server");

pub(crate) struct Server {
    child: Child,
    dir: tempfile::TempDir,
    pub(crate) socket: PathBuf,
}

impl Server {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let child = Command::new(PROGRAM)
            .args(["run", "--engine", "sim"])
            .arg("--data-dir")
            .arg(at("data"))
            .arg("--socket")
            .arg(at("sock"))
            .arg("--ready-file")
            .arg(at("ready"))
            .env("HOME", dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            child,
            socket: at("sock"),
            dir,
        };
        let begun = Instant::now();
        while !server.dir.path().join("ready").exists() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the server does not start"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// Resident memory in KiB.
    pub(crate) fn memory(&self) -> u64 {
        kib(self.child.id(), "VmRSS:").unwrap()
    }

    /// Runs `nova-vm` some times; answers the best wall time in milliseconds and the most memory in MiB. Nothing when it is
    /// not built.
    pub(crate) fn tool(&self, arguments: &str, times: usize) -> Option<(f64, u64)> {
        let tool = Path::new(PROGRAM).with_file_name("nova-vm");
        let (mut best, mut most) = (f64::MAX, 0);
        for _ in 0..times {
            let begun = Instant::now();
            let mut child = Command::new(&tool)
                .args(arguments.split(' '))
                .env("NOVA_ENDPOINT", format!("unix:{}", self.socket.display()))
                .env("HOME", self.dir.path())
                .stdin(Stdio::null())
                .stdout(std::fs::File::create(self.dir.path().join("out")).unwrap())
                .spawn()
                .ok()?;
            // The kernel forgets the figure with the process, so it is looked at while it runs.
            while child.try_wait().unwrap().is_none() {
                most = most.max(kib(child.id(), "VmHWM:").unwrap_or(0));
                std::thread::sleep(Duration::from_micros(500));
            }
            best = best.min(begun.elapsed().as_secs_f64() * 1e3);
            assert!(child.wait().unwrap().success(), "nova-vm {arguments}");
        }
        Some((best, most / 1024))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn kib(pid: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
