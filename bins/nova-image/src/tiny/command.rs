//! Runs the distribution's programs: no shell, captured output, a deadline.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Error;

/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(100);

/// A program to run with its arguments.
pub(crate) struct Command {
    program: PathBuf,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    limit: Duration,
}

impl Command {
    pub(crate) fn new(program: impl AsRef<Path>) -> Self {
        let program = program.as_ref().to_owned();
        Self {
            program,
            args: Vec::new(),
            dir: None,
            limit: Duration::from_secs(60),
        }
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs to the end and returns standard output.
    pub(crate) fn output(self) -> Result<Vec<u8>, Error> {
        self.output_watched(|| {})
    }

    /// Runs to the end, calling `tick` about ten times a second meanwhile.
    pub(crate) fn output_watched(self, mut tick: impl FnMut()) -> Result<Vec<u8>, Error> {
        let name = self.name();
        let mut expression = duct::cmd(self.program.as_os_str(), &self.args)
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin_null()
            .stdout_capture()
            .stderr_capture()
            .unchecked();
        if let Some(dir) = &self.dir {
            expression = expression.dir(dir);
        }
        let handle = expression
            .start()
            .map_err(|source| self.not_started(source))?;
        let started = Instant::now();
        loop {
            let waited = handle
                .wait_timeout(POLL)
                .map_err(Error::io("run", &self.program))?;
            if let Some(output) = waited {
                return finished(&name, output);
            }
            tick();
            if started.elapsed() > self.limit {
                // Already gone is as good as killed.
                let _ended = handle.kill();
                return Err(Error::Deadline {
                    program: name,
                    seconds: self.limit.as_secs(),
                });
            }
        }
    }

    fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        name.to_string_lossy().into_owned()
    }

    fn not_started(&self, source: std::io::Error) -> Error {
        if source.kind() != std::io::ErrorKind::NotFound {
            return Error::io("run", &self.program)(source);
        }
        let program = self.name();
        let package = match program.as_str() {
            "dpkg-deb" => "dpkg",
            "xz" => "xz-utils",
            "zstd" => "zstd",
            _ => "apt",
        };
        Error::ToolMissing { program, package }
    }
}

fn finished(name: &str, output: &std::process::Output) -> Result<Vec<u8>, Error> {
    if output.status.success() {
        return Ok(output.stdout.clone());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let reason = text.lines().rev().find(|line| !line.trim().is_empty());
    let reason = reason.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned());
    Err(Error::Command {
        program: name.to_owned(),
        reason,
    })
}
