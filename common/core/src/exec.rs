//! Other programs: argument vectors, bounded output, deadlines, and no process left behind.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::io::FdFlags;

use crate::{Failure, Kind, Result};

/// Output beyond this is dropped, so that no program can fill our memory.
const OUTPUT_LIMIT: u64 = 64 * 1024 * 1024;

/// A program to run. Arguments are never passed through a shell.
#[derive(Debug, Clone)]
pub struct Program {
    path: OsString,
    arguments: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
    input: Vec<u8>,
    deadline: Duration,
}

/// How a program ended and what it wrote.
#[derive(Debug, Clone, Default)]
pub struct Ran {
    /// Exit code; absent when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Ran {
    /// Whether the exit code is 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// The last line that is not empty of standard error, for messages.
    #[must_use]
    pub fn last_error_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        text.lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("")
            .trim()
            .to_owned()
    }
}

impl Program {
    /// A program found on PATH, or by its path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            path: program.as_ref().to_owned(),
            arguments: Vec::new(),
            envs: Vec::new(),
            dir: None,
            input: Vec::new(),
            deadline: Duration::from_mins(1),
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs it in this directory.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Gives it this standard input; otherwise it is empty.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Ends it, and all that it started, after this time. One minute by default.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs the program and collects what it writes. Any exit code is an `Ok`.
    pub fn run(&self) -> Result<Ran> {
        tracing::debug!(program = ?self.path, arguments = ?self.arguments, "running");
        let output = Output::new().map_err(|error| self.not_started(&error))?;
        let handle = self
            .expression(&output)
            .and_then(|expression| expression.start())
            .map_err(|error| self.not_started(&error))?;
        let start = Instant::now();
        loop {
            match handle.wait_timeout(Duration::from_millis(50)) {
                Ok(Some(ended)) => {
                    return output
                        .read(ended.status.code())
                        .map_err(|error| self.not_started(&error));
                }
                Ok(None) if start.elapsed() < self.deadline => {}
                Ok(None) => {
                    kill_group(&handle.pids());
                    return Err(self.timed_out());
                }
                Err(error) => return Err(self.not_started(&error)),
            }
            if let Some(signal) = crate::signal::caught() {
                kill_group(&handle.pids());
                return Err(Failure::new(Kind::Signal(signal), "interrupted"));
            }
        }
    }

    /// Like [`Program::run`], but an exit code other than 0 is a failure with its last error line.
    pub fn run_ok(&self) -> Result<Ran> {
        let ran = self.run()?;
        if ran.success() {
            return Ok(ran);
        }
        let how = ran.code.map_or_else(
            || "by a signal".to_owned(),
            |code| format!("with code {code}"),
        );
        let line = ran.last_error_line();
        let tail = if line.is_empty() {
            String::new()
        } else {
            format!(": {line}")
        };
        Err(Failure::new(
            Kind::Failed,
            format!("{} ended {how}{tail}", self.name()),
        ))
    }

    fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    fn expression(&self, output: &Output) -> io::Result<duct::Expression> {
        let mut expression = duct::cmd(&self.path, &self.arguments)
            .stdin_bytes(self.input.clone())
            .stdout_file(output.stdout.try_clone()?)
            .stderr_file(output.stderr.try_clone()?)
            .unchecked()
            .before_spawn(|command| {
                // A group of its own, so that a deadline ends its children too.
                command.process_group(0);
                Ok(())
            });
        for (name, value) in &self.envs {
            expression = expression.env(name, value);
        }
        Ok(match &self.dir {
            Some(dir) => expression.dir(dir),
            None => expression,
        })
    }

    fn not_started(&self, error: &io::Error) -> Failure {
        let name = self.name();
        match error.kind() {
            io::ErrorKind::NotFound => {
                Failure::new(Kind::Vanished, format!("{name} is not installed"))
            }
            io::ErrorKind::PermissionDenied => {
                Failure::new(Kind::NotExecutable, format!("{name} cannot be executed"))
            }
            _ => Failure::new(Kind::Failed, format!("cannot run {name}: {error}")),
        }
    }

    fn timed_out(&self) -> Failure {
        let after = crate::units::format_duration(self.deadline);
        Failure::new(
            Kind::Timeout,
            format!("{} did not end within {after}", self.name()),
        )
    }
}

/// Ends the process groups of `pids`.
fn kill_group(pids: &[u32]) {
    for pid in pids {
        let pid = i32::try_from(*pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // Gone already is what we want.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Descriptors up to here are looked at by [`detach`].
const DESCRIPTORS: i32 = 4096;

/// Cuts a child loose between fork and exec, for programs that outlive us: a session of its own, so
/// that no terminal and no signal to our group reaches it, and none of our descriptors beyond the
/// standard three, so that whoever reads a pipe of ours does not wait for it.
///
/// Only makes async-signal-safe system calls and allocates nothing, so it may run in `pre_exec`.
#[expect(
    unsafe_code,
    reason = "descriptors that others opened have no owner here"
)]
pub fn detach() -> io::Result<()> {
    rustix::process::setsid()?;
    for number in 3..DESCRIPTORS {
        // SAFETY: the number is only handed to one system call, which answers EBADF if it is free.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _free = rustix::io::fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
    Ok(())
}

/// Where a program writes: files without a name, so that no program can fill our memory.
struct Output {
    stdout: File,
    stderr: File,
}

impl Output {
    fn new() -> io::Result<Self> {
        Ok(Self {
            stdout: tempfile::tempfile()?,
            stderr: tempfile::tempfile()?,
        })
    }

    fn read(mut self, code: Option<i32>) -> io::Result<Ran> {
        Ok(Ran {
            code,
            stdout: bounded(&mut self.stdout)?,
            stderr: bounded(&mut self.stderr)?,
        })
    }
}

/// The beginning of a file, at most [`OUTPUT_LIMIT`] bytes.
fn bounded(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(OUTPUT_LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_code_and_input_pass_through() {
        let ran = Program::new("sh")
            .args(["-c", "cat; echo e >&2; exit 3"])
            .input("hi")
            .run()
            .unwrap();
        assert_eq!(
            (ran.code, ran.stdout.as_slice()),
            (Some(3), b"hi".as_slice())
        );
        assert_eq!(ran.last_error_line(), "e");
        let error = Program::new("sh")
            .args(["-c", "echo no >&2; exit 3"])
            .run_ok()
            .unwrap_err();
        assert_eq!(error.message(), "sh ended with code 3: no");
    }

    #[test]
    fn a_deadline_ends_the_whole_group() {
        let start = Instant::now();
        let error = Program::new("sh")
            .args(["-c", "sleep 60 & sleep 60"])
            .deadline(Duration::from_millis(200))
            .run()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout);
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_missing_program_says_so() {
        let error = Program::new("no-such-program-here").run().unwrap_err();
        assert_eq!(error.message(), "no-such-program-here is not installed");
    }
}
