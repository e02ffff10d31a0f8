//! `nova-completion __extension PROGRAM WORD… CURRENT`: arguments of a third party's program.
//!
//! Its manifest says how it is asked (`nova help extensions`). A program without one is never run
//! to find out: running programs for that is how completion becomes a way in.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nova_core::complete::{Bits, Candidate, REQUEST, render};
use nova_core::env;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

mod manifest;

use manifest::{Completion, Mode};

/// What a program may take.
const BUDGET: Duration = Duration::from_millis(300);
/// More than this is no list that anybody reads.
const LIMIT: usize = 1 << 20;

/// Prints what the program's manifest, or the program as its manifest says, offers.
pub(crate) fn answer(words: &[OsString]) -> ExitCode {
    let text = words
        .split_first()
        .map_or_else(String::new, |(program, words)| {
            let program = Path::new(program);
            of(program, words).unwrap_or_else(|| render(&[], 0))
        });
    drop(nova_core::print_plain(&text));
    ExitCode::SUCCESS
}

fn of(program: &Path, words: &[OsString]) -> Option<String> {
    let completion = Completion::read(program)?;
    let run = |command: &mut Command| run(command, words);
    match completion.mode {
        Mode::None => Some(render(&[], 0)),
        Mode::Static => Some(completion.answer(words)),
        Mode::Cobra => {
            run(Command::new(program).arg(REQUEST).args(words)).map(|text| directive(&text))
        }
        Mode::Exec => {
            run(Command::new(completer(program)?).args(words)).map(|text| directive(&text))
        }
        Mode::Clap => {
            let mut command = Command::new(program);
            // fish's form is the plain one: VALUE<TAB>ABOUT, one per line.
            command.env("COMPLETE", "fish").env("_CLAP_IFS", "\n");
            command.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
            let own = program.file_name().unwrap_or(OsStr::new("program"));
            run(command.arg("--").arg(own).args(words)).map(|text| plain(&text))
        }
    }
}

/// `nova_complete-foo`, beside `nova-foo`.
fn completer(program: &Path) -> Option<PathBuf> {
    let (family, name) = program.file_name()?.to_str()?.split_once('-')?;
    Some(program.with_file_name(format!("{family}_complete-{name}")))
}

/// Runs a program within the budget: no input, a process group of its own, its errors to nowhere.
fn run(command: &mut Command, words: &[OsString]) -> Option<String> {
    if words.is_empty() {
        return None;
    }
    command.env(env::NOVA_COMPLETING, "1").process_group(0);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors());
    let mut child = command.spawn().ok()?;
    let text = read(&mut child);
    if let Ok(pid) = i32::try_from(child.id())
        && let Some(group) = rustix::process::Pid::from_raw(pid)
    {
        // Whoever is left of it has had its time; gone already is what we want.
        let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    drop(child.wait());
    text
}

fn errors() -> Stdio {
    let file = env::get_os(env::NOVA_COMPLETE_DEBUG)
        .and_then(|path| File::options().create(true).append(true).open(path).ok());
    file.map_or_else(Stdio::null, Stdio::from)
}

/// All of the child's output, or nothing when it does not end in time.
fn read(child: &mut Child) -> Option<String> {
    let mut output = child.stdout.take()?;
    let (start, mut bytes, mut part) = (Instant::now(), Vec::new(), [0; 8192]);
    while bytes.len() < LIMIT {
        let left = BUDGET.checked_sub(start.elapsed())?;
        let left = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut [PollFd::new(&output, PollFlags::IN)], Some(&left)) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return None,
        }
        match output.read(&mut part).ok()? {
            0 => break,
            count => bytes.extend_from_slice(&part[..count]),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// cobra's answer: lines, the last of them perhaps `:BITS`.
fn directive(text: &str) -> String {
    let trimmed = text.trim_end();
    let last = trimmed.lines().next_back().unwrap_or_default();
    let bits = last
        .strip_prefix(':')
        .and_then(|bits| bits.parse::<u8>().ok());
    // An error means that its words are none.
    if bits.is_some_and(|bits| bits & 1 != 0) {
        return render(&[], Bits::NO_FILES);
    }
    let end = if bits.is_some() {
        trimmed.len() - last.len()
    } else {
        text.len()
    };
    render(&candidates(&text[..end]), bits.unwrap_or(0))
}

fn plain(text: &str) -> String {
    render(&candidates(text), 0)
}

fn candidates(text: &str) -> Vec<Candidate> {
    let lines = text.lines().filter(|line| !line.is_empty());
    let split = |line: &str| {
        let (value, about) = line.split_once('\t').unwrap_or((line, ""));
        Candidate::new(value, about)
    };
    lines.map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cobras_answers_are_read_with_and_without_bits() {
        assert_eq!(directive("a\tone\nb\n:4\n"), "a\tone\nb\n:4\n");
        assert_eq!(directive("a\n"), "a\n:0\n");
        assert_eq!(directive("oops\n:1\n"), ":4\n");
        assert_eq!(directive(""), ":0\n");
    }

    #[test]
    fn escape_codes_of_a_program_reach_no_terminal() {
        assert_eq!(
            directive("a\tb\x1b[31m\n\x1b]0;x\x07\n:4\n"),
            "a\tb[31m\n:4\n"
        );
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let start = Instant::now();
        let mut command = Command::new("/bin/sleep");
        assert_eq!(run(command.arg("30"), &["".into()]), None);
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}
