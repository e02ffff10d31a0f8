//! The table of tools.

use std::ffi::OsString;
use std::process::ExitCode;

/// A tool: its name, how to run it, and its commands.
struct Entry {
    name: &'static str,
    main_with: fn(&[OsString]) -> ExitCode,
    command: fn() -> clap::Command,
}

macro_rules! tools {
    ($($name:literal => $krate:ident,)*) => {
        const TOOLS: &[Entry] = &[
            $(Entry {
                name: $name,
                main_with: $krate::main_with,
                command: $krate::command,
            },)*
        ];
    };
}

tools! {
    "nova-auth" => nova_auth,
    "nova-cluster" => nova_cluster,
    "nova-completion" => nova_completion,
    "nova-config" => nova_config,
    "nova-image" => nova_image,
    "nova-namespace" => nova_namespace,
    "nova-node" => nova_node,
    "nova-object" => nova_object,
    "nova-operation" => nova_operation,
    "nova-server" => nova_server,
    "nova-vm" => nova_vm,
}

/// The dispatcher's names.
const DISPATCHERS: [&str; 3] = ["nova", "ghost", "gonuget"];

/// Every name that this executable answers to.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    DISPATCHERS
        .into_iter()
        .chain(TOOLS.iter().map(|tool| tool.name))
}

/// The commands of every tool, for manuals.
pub(crate) fn commands() -> impl Iterator<Item = clap::Command> {
    TOOLS.iter().map(|tool| (tool.command)())
}

/// Runs the tool called `name`; `None` when there is none.
pub(crate) fn run(name: &str, arguments: &[OsString]) -> Option<ExitCode> {
    if DISPATCHERS.contains(&name) {
        let mut input = nova_dispatch::Input::from_process();
        input.args = arguments.to_vec();
        return Some(nova_dispatch::run(&input));
    }
    let tool = TOOLS.iter().find(|tool| tool.name == name)?;
    Some((tool.main_with)(arguments))
}
