//! A user of their own: empty home, cleared environment, our tools on PATH.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::{Output, tools};

/// No command of a test may take longer.
const LIMIT: Duration = Duration::from_mins(3);

/// A fresh home for one test; everything in it goes, servers and machines included, when it is
/// dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    // Short, since socket paths have a limit.
    dir: tempfile::TempDir,
    env: Vec<(OsString, OsString)>,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("nv")
            .tempdir_in("/tmp")
            .unwrap();
        for part in ["home", "bin", "run", "cwd"] {
            std::fs::create_dir(dir.path().join(part)).unwrap();
        }
        tools::link_into(&dir.path().join("bin"));
        let env = base_env(dir.path());
        Self { dir, env }
    }

    /// The directory of the sandbox.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The home directory.
    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Sets a variable for every command from now on.
    pub(crate) fn env(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Writes a file below the home directory, with its parents.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A command with this sandbox's environment; words are split as a shell would.
    pub(crate) fn command(&self, line: &str) -> Command {
        let words = shell_words::split(line).unwrap();
        let (program, arguments) = words.split_first().unwrap();
        let own = self.path().join("bin").join(program);
        let mut command = Command::new(if own.exists() { own } else { program.into() });
        command
            .args(arguments)
            .env_clear()
            .envs(self.env.iter().cloned());
        command.current_dir(self.path().join("cwd"));
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.run_with_input(line, b"")
    }

    /// Runs a command to its end with this standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &[u8]) -> Output {
        let ran = assert_cmd::Command::from_std(self.command(line))
            .write_stdin(input)
            .timeout(LIMIT)
            .output()
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        Output::of(line, ran)
    }

    /// Runs a shell line, for pipes between our tools.
    pub(crate) fn shell(&self, line: &str) -> Output {
        self.run(&format!("bash -o pipefail -c {}", shell_words::quote(line)))
    }

    /// Gives the server a small disk image that the simulator can boot, with a guest agent.
    pub(crate) fn import_stub_image(&self, name: &str) {
        let disk = self.home().join("stub.img");
        std::fs::write(&disk, vec![0_u8; 64 * 1024]).unwrap();
        self.run(&format!(
            "nova image import {} --agent qga --name {name}",
            disk.display()
        ))
        .ok();
    }

    /// Creates a machine that stays off and needs no image.
    #[track_caller]
    pub(crate) fn create_stopped(&self, name: &str, flags: &str) {
        let vm = format!(
            r#"{{"apiVersion":"nova.dev/v1","kind":"VirtualMachine","metadata":{{"name":"{name}"}},"spec":{{"runState":"Stopped"}}}}"#
        );
        let file = self.write("stopped.json", &vm);
        self.run(&format!("nova vm create -f {} {flags}", file.display()))
            .ok();
    }

    /// The processes of this sandbox, with their arguments.
    pub(crate) fn processes(&self) -> Vec<(i32, String)> {
        super::server::processes_of(self.path())
    }

    /// Asserts that no machine, socket or directory of one is left.
    #[track_caller]
    pub(crate) fn nothing_is_left(&self) {
        let machines: Vec<_> = super::server::processes_of(self.path())
            .into_iter()
            .filter(|(_, line)| line.contains("qemu-system"))
            .collect();
        assert!(machines.is_empty(), "{machines:?}");
        let data = self.home().join(".local/share/nova/server/vms");
        for dir in [data, self.path().join("run/nova/vm")] {
            let left: Vec<_> = std::fs::read_dir(&dir)
                .map(|d| d.flatten().collect())
                .unwrap_or_default();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        super::server::end_everything_of(self.path());
    }
}

fn base_env(dir: &Path) -> Vec<(OsString, OsString)> {
    let path = format!(
        "{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        dir.join("bin").display()
    );
    vec![
        ("HOME".into(), dir.join("home").into()),
        ("XDG_RUNTIME_DIR".into(), dir.join("run").into()),
        // The machine's own configuration must not leak into a test.
        ("NOVA_SYSTEM_DIR".into(), dir.join("etc").into()),
        // Building the guest image once is enough for all tests.
        (
            "NOVA_CACHE_DIR".into(),
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache").into(),
        ),
        // The links lead elsewhere; the tools of this sandbox are here.
        ("NOVA_EXEC_PATH".into(), dir.join("bin").into()),
        ("PATH".into(), path.into()),
        ("COLUMNS".into(), "100".into()),
        ("TERM".into(), "dumb".into()),
        ("LANG".into(), "C.UTF-8".into()),
        ("TZ".into(), "UTC".into()),
    ]
}

/// Waits for a child with a limit, so that a hanging command fails its test instead of the suite.
pub(crate) fn wait(line: &str, mut child: Child) -> Output {
    let collect = |stream: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut stream) = stream {
                drop(stream.read_to_end(&mut bytes));
            }
            bytes
        })
    };
    let stdout = collect(child.stdout.take().map(|s| Box::new(s) as _));
    let stderr = collect(child.stderr.take().map(|s| Box::new(s) as _));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("`{line}` did not end within {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    Output::of(
        line,
        std::process::Output {
            status,
            stdout,
            stderr,
        },
    )
}
