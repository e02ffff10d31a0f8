//! `nova-completion`: scripts for shells, and what they ask that no tool knows by itself.
//!
//! ```text
//! nova completion bash              the script
//! nova completion                   the one line that installs it
//! nova-completion __values …        names, contexts, keys: asked by tools (nova_core::complete)
//! nova-completion __extension …     arguments of third-party programs: asked by the dispatcher
//! nova-completion refresh …         fills the cache of names, in the background
//! ```
//!
//! The two in the middle are the hot way: they never reach clap, the runtime or the network.

mod cache;
mod cmd;
mod extension;
mod scope;
mod values;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::block_on_without_signals;

/// Complete commands, flags and names in your shell
///
/// Prints a script that teaches your shell to complete nova, its tools and its extensions. Without
/// a shell it prints the one line that installs the script for the shell you are in.
///
/// Names of objects come from a cache that refreshes itself in the background; a server that does
/// not answer never delays a Tab, and no server is started by one.
#[derive(Debug, clap::Parser)]
#[command(
    name = "nova-completion",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Examples:\n\
\x20 nova completion\n\
\x20 eval \"$(nova completion bash)\"\n\
\x20 nova completion fish | source"
)]
struct Completion {
    #[command(flatten)]
    script: cmd::script::ScriptArgs,

    #[command(subcommand)]
    hidden: Option<Hidden>,
}

#[derive(Debug, clap::Subcommand)]
enum Hidden {
    /// Read the names of one kind from the server into the cache
    #[command(hide = true)]
    Refresh(cmd::refresh::RefreshArgs),
}

impl Tool for Completion {
    fn run(self, cx: &Cx) -> Result<()> {
        match self.hidden {
            Some(Hidden::Refresh(args)) => block_on_without_signals(cmd::refresh::run(cx, &args)),
            None => cmd::script::run(cx, &self.script),
        }
    }
}

/// Runs the tool on the process arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    main_with(&arguments)
}

/// Runs the tool on these arguments, its own name first.
#[must_use]
pub fn main_with(arguments: &[OsString]) -> ExitCode {
    let rest = arguments.get(2..).unwrap_or_default();
    match arguments.get(1).and_then(|word| word.to_str()) {
        Some("__values") => values::answer(rest),
        Some("__extension") => extension::answer(rest),
        _ => nova_core::run_tool_with::<Completion>(arguments),
    }
}

/// The tool's commands, for help pages, manuals and completion.
#[must_use]
pub fn command() -> clap::Command {
    nova_core::command_of::<Completion>()
}
