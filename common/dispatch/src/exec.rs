//! The process around the decision: print, or become the tool.

use std::ffi::{CString, OsStr, OsString, c_char, c_int};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::ptr;

use crate::answer::{Answer, Dispatcher};
use crate::family::Family;
use crate::files::{Disk, Files, Probe};
use crate::input::Input;
use crate::launch::Launch;
use crate::problem::Problem;
use crate::report;
use crate::text::reason;

/// Runs the dispatcher: on success of a lookup this process becomes the tool.
#[must_use]
pub fn run(input: &Input) -> ExitCode {
    let dispatcher = Dispatcher::new(input, &Disk, Family::named(&input.called()));
    let answer = dispatcher.answer();
    // The line that is being typed stays clean.
    if !dispatcher.completes() {
        to_stderr(&report::warnings(&dispatcher.warnings(), input));
    }
    match answer {
        Ok(Answer::Text(text)) => to_stdout(&text),
        Ok(Answer::Launch(launch)) => fail(&launch.exec(input), &dispatcher.family, input),
        Err(problem) => fail(&problem, &dispatcher.family, input),
    }
}

/// Reports a problem and gives its exit code.
pub(crate) fn fail(problem: &Problem, family: &Family, input: &Input) -> ExitCode {
    to_stderr(&report::render(problem, family, input));
    ExitCode::from(problem.code())
}

pub(crate) fn to_stderr(text: &str) {
    // There is nowhere left to say that standard error is closed.
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

fn to_stdout(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            to_stderr(&format!(
                "error: cannot write the result: {}\n",
                reason(&error)
            ));
            ExitCode::FAILURE
        }
    }
}

// Declared by hand because `CommandExt::exec` goes through `execvp`, which hands scripts
// without `#!` to a shell, and leaves the signal mask as it was.
#[expect(unsafe_code, reason = "these four have no safe form in std")]
unsafe extern "C" {
    fn execve(path: *const c_char, argv: *const *const c_char, envp: *const *const c_char)
    -> c_int;
    fn signal(number: c_int, handler: usize) -> usize;
    fn sigemptyset(set: *mut SignalSet) -> c_int;
    fn sigprocmask(how: c_int, set: *const SignalSet, old: *mut SignalSet) -> c_int;
}

/// At least as large as `sigset_t` of any libc (128 bytes with glibc and musl).
#[repr(C, align(16))]
struct SignalSet([u64; 16]);

const SIGPIPE: c_int = 13;
const SIG_DFL: usize = 0;
const SIG_SETMASK: c_int = if cfg!(target_os = "linux") { 2 } else { 3 };

impl Launch {
    /// Becomes the program; returns only when that fails.
    #[must_use]
    pub fn exec(&self, input: &Input) -> Problem {
        for dir in &self.dirs {
            if let Err(error) = std::env::set_current_dir(dir) {
                return Problem::Folder(dir.clone(), reason(&error));
            }
        }
        let env = self.environment(input);
        let strings = (
            c_string(self.program.as_os_str()),
            c_strings(&self.args),
            c_strings(&env),
        );
        let (Some(program), Some(args), Some(env)) = strings else {
            return Problem::Refused(self.program.clone(), "an argument contains NUL".to_owned());
        };
        diagnose(&Disk, &self.program, &become_program(&program, &args, &env))
    }

    /// `NAME=VALUE` for every inherited variable that does not change and every one that does.
    fn environment(&self, input: &Input) -> Vec<OsString> {
        let replaced = |name: &OsStr| self.vars.iter().any(|(other, _)| name == *other);
        let inherited = input.vars.iter().filter(|(name, _)| !replaced(name));
        let mut changed: Vec<(&OsStr, &OsStr)> = Vec::new();
        for (index, (name, value)) in self.vars.iter().enumerate() {
            let last = self.vars[index + 1..]
                .iter()
                .all(|(later, _)| later != name);
            changed.extend(
                value
                    .as_deref()
                    .filter(|_| last)
                    .map(|value| (OsStr::new(*name), value)),
            );
        }
        inherited
            .chain(changed)
            .map(|(name, value)| {
                let mut pair = OsString::with_capacity(name.len() + value.len() + 2);
                pair.push(name);
                pair.push("=");
                pair.push(value);
                pair
            })
            .collect()
    }
}

fn c_string(text: &OsStr) -> Option<CString> {
    CString::new(text.as_bytes()).ok()
}

fn c_strings(texts: &[OsString]) -> Option<Vec<CString>> {
    texts.iter().map(|text| c_string(text)).collect()
}

#[expect(unsafe_code, reason = "execve without a shell behind it is not in std")]
fn become_program(program: &CString, words: &[CString], env: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const c_char> {
        strings
            .iter()
            .map(|text| text.as_ptr())
            .chain([ptr::null()])
            .collect()
    };
    let (argv, envp) = (pointers(words), pointers(env));
    let mut none = SignalSet([0; 16]);
    // SAFETY: both arrays end in null and point to strings that outlive the call; the set is
    // larger than any `sigset_t`; no other thread exists that could mind the signal changes.
    unsafe {
        signal(SIGPIPE, SIG_DFL);
        sigemptyset(&raw mut none);
        sigprocmask(SIG_SETMASK, &raw const none, ptr::null_mut());
        execve(program.as_ptr(), argv.as_ptr(), envp.as_ptr());
    }
    io::Error::last_os_error()
}

/// Says why a file that was found could not be executed. Reads it only now, so that the
/// way to a program that starts is free of it.
fn diagnose(files: &dyn Files, program: &Path, error: &io::Error) -> Problem {
    let path = program.to_owned();
    let head = files.head(program, 256).unwrap_or_default();
    let interpreter = interpreter(&head);
    match (
        error
            .raw_os_error()
            .map(rustix::io::Errno::from_raw_os_error),
        interpreter,
    ) {
        (Some(rustix::io::Errno::NOENT), _) if files.probe(program) == Probe::Missing => {
            Problem::Vanished(path)
        }
        (Some(rustix::io::Errno::NOENT), Some(name)) => Problem::InterpreterMissing(path, name),
        (Some(rustix::io::Errno::NOENT), None) => {
            Problem::InterpreterMissing(path, "a program loader".to_owned())
        }
        (Some(rustix::io::Errno::NOEXEC), None) if head.starts_with(b"\x7fELF") => {
            Problem::Refused(
                path,
                "it is a program for another kind of machine".to_owned(),
            )
        }
        (Some(rustix::io::Errno::NOEXEC), _) => Problem::NoInterpreterLine(path),
        (Some(rustix::io::Errno::ACCESS), Some(name)) => {
            Problem::Refused(path, format!("{name} may not be executed"))
        }
        _ => Problem::Refused(path, reason(error)),
    }
}

/// The program named by a `#!` line.
fn interpreter(head: &[u8]) -> Option<String> {
    let line = head.strip_prefix(b"#!")?;
    let line = String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next()?);
    // A carriage return is part of the name for the kernel; showing it explains the failure.
    line.trim_matches([' ', '\t'])
        .split([' ', '\t'])
        .next()
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fake;

    fn why(files: &Fake, errno: rustix::io::Errno) -> Problem {
        diagnose(
            files,
            Path::new("/a/x"),
            &io::Error::from_raw_os_error(errno.raw_os_error()),
        )
    }

    #[test]
    fn each_refusal_is_told_apart() {
        use rustix::io::Errno;
        let script = Fake::default().script("/a/x", "#! /no/such -e\nhi\n");
        assert_eq!(
            why(&script, Errno::NOENT),
            Problem::InterpreterMissing("/a/x".into(), "/no/such".into())
        );
        assert_eq!(why(&script, Errno::NOENT).code(), 127);
        assert_eq!(
            why(&Fake::default(), Errno::NOENT),
            Problem::Vanished("/a/x".into())
        );
        let bare = Fake::default().script("/a/x", "echo hi\n");
        assert_eq!(
            why(&bare, Errno::NOEXEC),
            Problem::NoInterpreterLine("/a/x".into())
        );
        let elf = Fake::default().script("/a/x", "\x7fELF...");
        assert_eq!(why(&elf, Errno::NOEXEC).code(), 126);
        assert!(matches!(why(&elf, Errno::ACCESS), Problem::Refused(..)));
    }

    #[test]
    fn the_environment_is_inherited_except_for_what_changes() {
        let input = Input {
            vars: [("A", "1"), ("NOVA_OUTPUT", "x"), ("NOVA_YES", "1")]
                .into_iter()
                .collect(),
            ..Input::default()
        };
        let vars = vec![
            ("NOVA_OUTPUT", Some("wide".into())),
            ("NOVA_OUTPUT", Some("json".into())),
            ("NOVA_YES", None),
        ];
        let launch = Launch {
            program: "/x".into(),
            args: vec![],
            vars,
            dirs: vec![],
        };
        assert_eq!(launch.environment(&input), ["A=1", "NOVA_OUTPUT=json"]);
    }

    /// Not a test of its own: in the process that the next ones start, it becomes a program.
    #[test]
    fn becomes_what_it_is_told_to() {
        let input = Input::from_process();
        let Some(program) = input.vars.absolute("DISPATCH_TEST_PROGRAM") else {
            return;
        };
        let args = ["zero", "a b", "\u{e9}"].map(OsString::from).to_vec();
        let vars = vec![
            ("DISPATCH_TEST_PROGRAM", None),
            ("NOVA_COMMAND", Some("x".into())),
        ];
        let launch = Launch {
            program: program.to_owned(),
            args,
            vars,
            dirs: vec!["/".into()],
        };
        let problem = launch.exec(&input);
        to_stderr(&format!("{} {problem}\n", problem.code()));
    }

    /// Both streams of a process that became `script`.
    fn become_script(script: &str) -> (String, String) {
        use std::os::unix::fs::PermissionsExt;
        // A fork in another test would inherit the script while it is open for writing, and the
        // system refuses to execute such a file.
        static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap();
        let name = format!("nova-dispatch-{}-{}", std::process::id(), script.len());
        let path = std::env::temp_dir().join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(script.as_bytes()).unwrap();
        file.set_permissions(std::fs::Permissions::from_mode(0o755))
            .unwrap();
        drop(file);
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "exec::tests::becomes_what_it_is_told_to",
                "--nocapture",
                "-q",
            ])
            .env("DISPATCH_TEST_PROGRAM", &path)
            .output();
        std::fs::remove_file(&path).unwrap();
        let output = output.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    }

    #[test]
    fn the_program_gets_arguments_variables_folder_and_default_signals() {
        let (out, _) = become_script(
            "#!/bin/sh\necho \"[$1][$2][$NOVA_COMMAND][$DISPATCH_TEST_PROGRAM][$PWD]\"\n\
             sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\(.\\)...$/\\1 \\2/p' /proc/self/status\n",
        );
        assert!(out.contains("[a b][\u{e9}][x][][/]\n"), "{out}");
        // SIGPIPE is bit 12: the lowest bit of the fourth digit from the right.
        assert!(out.contains("Blk 0\nIgn 0\n"), "{out}");
    }

    #[test]
    fn scripts_without_an_interpreter_are_refused_by_the_system() {
        let (_, err) = become_script("echo no\n");
        assert!(
            err.contains("126 ") && err.contains("without an interpreter line"),
            "{err}"
        );
        let (_, err) = become_script("#!/no/such/program\n");
        assert!(
            err.contains("127 ") && err.contains("needs /no/such/program"),
            "{err}"
        );
    }
}
