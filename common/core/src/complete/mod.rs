//! What a Tab asks: which words can stand where the cursor is.
//!
//! `TOOL __complete WORD… CURRENT` prints one candidate per line, `VALUE` or `VALUE<TAB>ABOUT`,
//! and a last line `:BITS` (see [`Bits`]). It is the form that cobra made known, so the
//! dispatcher, our tools and third parties' all speak the same.
//!
//! ```text
//! shell -> nova __complete … -> nova-vm __complete …            verbs, flags, fixed values
//!                                    \-> nova-completion __values …     names of objects
//! ```
//!
//! A tool knows its own commands and nothing else here: what lives on a server or in the
//! configuration is asked of `nova-completion`, which this process becomes. Nothing is parsed,
//! read or connected to before that.

mod candidates;
mod walk;

use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command as Process, ExitCode};

use clap::{Args, Command};

use crate::globals::GlobalArgs;
use crate::{Tool, env, report};
use walk::Walk;

/// The first argument of a tool that is asked for candidates.
pub const REQUEST: &str = "__complete";

/// What a shell is to do with candidates; the numbers are cobra's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bits(pub u8);

impl Bits {
    /// No blank after the word.
    pub const NO_SPACE: u8 = 2;
    /// No names of files when there is no candidate.
    pub const NO_FILES: u8 = 4;
    /// Folders only.
    pub const DIRS: u8 = 16;
}

/// One word that can stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The whole word, also what was typed of it.
    pub value: String,
    /// One line about it; may be empty.
    pub about: String,
}

impl Candidate {
    /// A word with a line about it.
    #[must_use]
    pub fn new(value: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            about: about.into(),
        }
    }
}

/// The answer as it is printed. Control characters would be taken for the form, so there are none.
#[must_use]
pub fn render(candidates: &[Candidate], bits: u8) -> String {
    let mut out = String::new();
    for Candidate { value, about } in candidates {
        let about = about.lines().next().unwrap_or_default();
        if value.is_empty() || value.contains(char::is_control) {
            continue;
        }
        let about: String = about.chars().filter(|c| !c.is_control()).collect();
        let tab = if about.is_empty() { "" } else { "\t" };
        out.extend([value, tab, &about, "\n"]);
    }
    writeln!(out, ":{bits}").unwrap_or_default();
    out
}

/// What stands at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These words.
    Words(Vec<Candidate>, u8),
    /// Files, or folders only.
    Files { dirs: bool },
    /// Values that only `nova-completion` knows: its arguments.
    Values(Vec<OsString>),
    /// A verb of an extension: what follows it.
    Extension(Vec<OsString>),
}

/// Answers `TOOL __complete WORD…`; the last word is the one at the cursor.
pub(crate) fn run<T: Tool>(words: &[OsString]) -> ExitCode {
    // Building help, or the same flags for every verb, is what a Tab has no time for.
    let own = T::command();
    let name = own.get_name().to_owned();
    let command = GlobalArgs::augment_args(own);
    let walk = Walk::over(&command, words);
    let variables = walk.variables();
    match candidates::answer(&name, &walk) {
        Answer::Words(words, bits) => print(&render(&words, bits)),
        Answer::Files { dirs } => print(&render(&[], if dirs { Bits::DIRS } else { 0 })),
        Answer::Values(arguments) => hand_over("__values", arguments, &variables),
        Answer::Extension(rest) => extension(rest),
    }
}

fn print(text: &str) -> ExitCode {
    // A shell that has gone needs no answer.
    drop(report::print_plain(text));
    ExitCode::SUCCESS
}

/// Becomes `nova-completion`; without it nothing is known.
fn hand_over(request: &str, arguments: Vec<OsString>, variables: &[(&str, String)]) -> ExitCode {
    if let Some(program) = helper() {
        let mut process = Process::new(program);
        process.arg(request).args(arguments);
        process.envs(variables.iter().map(|(name, value)| (name, value)));
        // Returns only when it failed.
        let error = process.exec();
        tracing::debug!(%error, "nova-completion cannot be executed");
    }
    print(&render(&[], Bits::NO_FILES))
}

fn helper() -> Option<PathBuf> {
    let told = env::get_os(env::NOVA_EXEC_PATH).map(PathBuf::from);
    let own = || Some(std::env::current_exe().ok()?.parent()?.to_owned());
    let beside = told.or_else(own)?.join("nova-completion");
    beside.exists().then_some(beside)
}

/// A verb that this tool does not know; the dispatcher said in a variable which program has it.
fn extension(rest: Vec<OsString>) -> ExitCode {
    let known = env::get(env::NOVA_COMPLETE_EXTENSION);
    let Some((count, path)) = known.as_deref().and_then(|text| text.split_once('\t')) else {
        return print(&render(&[], Bits::NO_FILES));
    };
    let skip = count.parse().unwrap_or(1);
    let arguments = std::iter::once(OsString::from(path)).chain(rest.into_iter().skip(skip));
    hand_over("__extension", arguments.collect(), &[])
}

/// Verbs that extensions add to this tool, as the dispatcher found them: `VERB<TAB>SUMMARY` lines.
fn added_verbs() -> Vec<Candidate> {
    let text = env::get(env::NOVA_COMPLETE_VERBS).unwrap_or_default();
    text.lines()
        .map(|line| line.split_once('\t').unwrap_or((line, "")))
        .map(|(verb, about)| Candidate::new(verb, about))
        .collect()
}

/// The verbs of a command that people are meant to see.
fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}
