//! From process arguments to an exit code: the one path that every tool takes.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Command, FromArgMatches};

use crate::globals::GlobalArgs;
use crate::pager::{self, Pager};
use crate::report::{self, Style};
use crate::{Cx, Failure, Result, complete, env, help, log, signal, usage};

/// A tool: its commands as a clap parser, and what they do.
pub trait Tool: clap::Parser {
    /// Runs the parsed command.
    fn run(self, cx: &Cx) -> Result<()>;

    /// What to do with a verb that the tool does not know; it may execute an extension and never
    /// return. The default knows none.
    #[must_use]
    fn unknown_verb(_arguments: &[OsString]) -> Option<ExitCode> {
        None
    }
}

/// The tool's whole clap command with the global flags, for manuals.
#[must_use]
pub fn command_of<T: Tool>() -> Command {
    let own = T::command();
    let about = own.get_about().cloned().unwrap_or_default();
    let long_about = own.get_long_about().cloned();
    // Adding the global flags would replace the tool's own texts by theirs.
    let command = GlobalArgs::augment_args(own).about(about).long_about(None);
    match long_about {
        Some(long) => command.long_about(long),
        None => command,
    }
    .propagate_version(true)
}

/// The tool's command with its pages in full (`--help`) or in short (`-h`).
fn shaped<T: Tool>(full: bool) -> Command {
    let command = command_of::<T>();
    let name = command.get_name().to_owned();
    help::shape(command, &name, full).term_width(terminal_width())
}

/// Whether pages are wanted in full.
fn wants_full(arguments: &[OsString]) -> bool {
    arguments.iter().any(|word| word == "--help") || arguments.iter().skip(1).any(|w| w == "help")
}

/// Help is as wide as the terminal, at most 100 columns.
fn terminal_width() -> usize {
    let columns = env::get(env::COLUMNS).and_then(|text| text.parse().ok());
    let real = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(real).unwrap_or(100).clamp(40, 100)
}

/// Runs `T` on the process arguments and answers its exit code.
#[must_use]
pub fn run_tool<T: Tool>() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    run_tool_with::<T>(&arguments)
}

/// Runs `T` on the given arguments, program name first.
#[must_use]
pub fn run_tool_with<T: Tool>(arguments: &[OsString]) -> ExitCode {
    install_panic_hook();
    if arguments
        .get(1)
        .is_some_and(|word| word == complete::REQUEST)
    {
        return complete::run::<T>(&arguments[2..]);
    }
    let command = shaped::<T>(wants_full(arguments));
    let name = command.get_name().to_owned();
    let command = command.bin_name(invocation(&name));
    let matches = match command.try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return unknown_verb::<T>(&error, arguments),
    };
    let words = command_words(&name, &matches);
    let parsed = GlobalArgs::from_arg_matches(&matches)
        .and_then(|globals| Ok((globals, T::from_arg_matches(&matches)?)));
    let (globals, tool) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error, arguments),
    };
    match globals.resolve() {
        Ok(globals) => finish(&Cx::new(globals, &name), tool, &words),
        Err(failure) => {
            report::print(&failure, early_style(arguments));
            ExitCode::from(failure.code())
        }
    }
}

/// What was called, in the words of `allow` and `deny` rules: `vm delete`.
fn command_words(tool: &str, matches: &clap::ArgMatches) -> String {
    let noun = tool.split_once('-').map_or(tool, |(_, noun)| noun);
    let mut words = noun.to_owned();
    let mut inner = matches.subcommand();
    while let Some((name, matches)) = inner {
        words = format!("{words} {name}");
        inner = matches.subcommand();
    }
    words
}

fn finish<T: Tool>(cx: &Cx, tool: T, words: &str) -> ExitCode {
    let result = log::init(cx)
        .and_then(|()| cx.check_allowed(words))
        .and_then(|()| tool.run(cx));
    // A signal that ended the work must look like a signal death to the shell.
    signal::reraise_if_caught();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::print(&failure, cx.report_style());
            if let crate::Kind::Signal(number) = failure.kind() {
                signal::die_of(number);
            }
            ExitCode::from(failure.code())
        }
    }
}

/// A verb that the tool does not know may be an extension's; every other fault is the user's.
fn unknown_verb<T: Tool>(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let extension = match error.kind() {
        clap::error::ErrorKind::InvalidSubcommand => T::unknown_verb(arguments),
        _ => None,
    };
    extension.unwrap_or_else(|| refuse(error, arguments))
}

/// How the user typed the tool: `nova vm` through the dispatcher, else its name.
///
/// An extension that calls a tool hands its own variables down, so they count only when they speak
/// of this tool.
pub(crate) fn invocation(tool: &str) -> String {
    let noun = tool.split_once('-').map_or(tool, |(_, noun)| noun);
    let ours = env::get(env::NOVA_COMMAND).as_deref() == Some(noun);
    env::get(env::NOVA_INVOCATION)
        .filter(|_| ours)
        .unwrap_or_else(|| tool.to_owned())
}

/// Help and version go to stdout with code 0; everything else is a usage error.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    use clap::error::ErrorKind as E;
    match error.kind() {
        E::DisplayHelp => {
            // A closed pipe has had enough of the help.
            drop(show_help(error, arguments));
            ExitCode::SUCCESS
        }
        E::DisplayVersion => {
            drop(error.print());
            ExitCode::SUCCESS
        }
        E::DisplayHelpOnMissingArgumentOrSubcommand => {
            drop(error.print());
            ExitCode::from(2)
        }
        _ => {
            report::print(&usage::failure(error), early_style(arguments));
            ExitCode::from(2)
        }
    }
}

/// Help longer than the screen goes through the pager. The configuration is not asked: help must
/// work when it is broken.
fn show_help(error: &clap::Error, arguments: &[OsString]) -> std::io::Result<()> {
    use std::io::Write;
    let terminal = crate::term::Terminal::detect();
    let person = terminal.stdin && terminal.stdout && !terminal.dumb;
    let unwanted = env::flag(env::NOVA_NO_PAGER) || arguments.iter().any(|w| w == "--no-pager");
    let size = (terminal.width, terminal.height);
    let pager = if person && !unwanted && env::get(env::NOVA_FORCE_TTY).is_none() {
        Pager::new(&pager::pager_of(None), size)
    } else {
        None
    };
    let Some(mut pager) = pager else {
        return error.print();
    };
    let text = error.render();
    let color = terminal.colors(crate::term::ColorChoice::Auto, terminal.stdout);
    if color {
        write!(pager, "{}", text.ansi())
    } else {
        write!(pager, "{text}")
    }
}

/// Before the flags are parsed, only their spelling can say that errors are wanted as JSON.
fn early_style(arguments: &[OsString]) -> Style {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let structured = ["json", "yaml", "jsonl"];
    let pair = words
        .windows(2)
        .any(|two| matches!(two[0], "-o" | "--output") && structured.contains(&two[1]));
    let joined = words.iter().any(|word| {
        let value = word
            .strip_prefix("--output=")
            .or_else(|| word.strip_prefix("-o"));
        *word == "--json-errors"
            || value.is_some_and(|v| structured.contains(&v.trim_start_matches('=')))
    });
    let json = pair
        || joined
        || env::flag(env::NOVA_JSON_ERRORS)
        || env::get(env::NOVA_ERROR_FORMAT).as_deref() == Some("json");
    let terminal = crate::term::Terminal::detect();
    Style {
        json,
        color: terminal.colors(crate::term::ColorChoice::Auto, terminal.stderr),
        ..Style::default()
    }
}

/// A panic is a bug: one sentence for the user, and Rust's own code 101.
fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let at = info
            .location()
            .map_or_else(String::new, |at| format!(" at {at}"));
        let failure = Failure::new(crate::Kind::Internal, format!("this is a bug of nova{at}"))
            .with_cause(info)
            .with_hint("please report it with the command that you ran");
        report::print(
            &failure,
            Style {
                causes: env::flag(env::NOVA_VERBOSE),
                ..Style::default()
            },
        );
    }));
}

/// Writes a tool crate's three public functions: `main`, `main_with` and `command`.
#[macro_export]
macro_rules! entry_points {
    ($tool:ty) => {
        /// Runs the tool on the process arguments.
        #[must_use]
        pub fn main() -> std::process::ExitCode {
            $crate::run_tool::<$tool>()
        }

        /// Runs the tool on these arguments, its own name first.
        #[must_use]
        pub fn main_with(arguments: &[std::ffi::OsString]) -> std::process::ExitCode {
            $crate::run_tool_with::<$tool>(arguments)
        }

        /// The tool's commands, for help pages, manuals and completion.
        #[must_use]
        pub fn command() -> $crate::clap::Command {
            $crate::command_of::<$tool>()
        }
    };
}
