//! A program about to be executed, and what it is told through its environment.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::family::Family;
use crate::input::Input;
use crate::problem::Problem;

/// Version of the contract between dispatcher and extensions.
pub(crate) const PROTOCOL: u32 = 1;

/// Deeper nesting than this is a loop.
const DEEPEST: u32 = 16;

/// A program with its arguments and the changes to its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The file to execute.
    pub program: PathBuf,
    /// Its arguments, the program's own name first.
    pub args: Vec<OsString>,
    /// Variables that change; `None` removes one. All others are inherited.
    pub vars: Vec<(&'static str, Option<OsString>)>,
    /// Folders to change to first, one after the other.
    pub dirs: Vec<PathBuf>,
}

impl Launch {
    /// The value that the program will see for a variable that changes.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.vars.iter().rev().find(|(key, _)| *key == name)?;
        value.as_deref()
    }
}

/// How a command was named.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    /// Matched words joined by blanks, with a noun in its first-party spelling.
    pub(crate) command: String,
    /// What usage lines print: the form that was typed.
    pub(crate) invocation: String,
}

/// The variables of the contract for one child.
///
/// # Errors
/// When dispatchers and extensions call each other without end.
pub(crate) fn contract(
    input: &Input,
    family: &Family,
    called: Called,
    dispatcher: Option<&Path>,
    exec_dir: Option<&Path>,
) -> Result<Vec<(&'static str, Option<OsString>)>, Problem> {
    let mut vars: Vec<(&'static str, Option<OsString>)> = vec![
        ("NOVA_VERSION", Some(env!("CARGO_PKG_VERSION").into())),
        ("NOVA_PROTOCOL", Some(PROTOCOL.to_string().into())),
        ("NOVA_FAMILY", Some(family.name.as_ref().into())),
        ("NOVA_COMMAND", Some(called.command.into())),
        ("NOVA_INVOCATION", Some(called.invocation.into())),
        ("NOVA_DEPTH", Some(deeper(input)?.to_string().into())),
    ];
    vars.extend(dispatcher.map(|path| ("NOVA", Some(path.into()))));
    vars.extend(exec_dir.map(|dir| ("NOVA_EXEC_PATH", Some(dir.into()))));
    Ok(vars)
}

fn deeper(input: &Input) -> Result<u32, Problem> {
    let before = input.vars.get("NOVA_DEPTH").and_then(OsStr::to_str);
    let depth = before
        .and_then(|text| text.parse::<u32>().ok())
        .unwrap_or(0)
        .saturating_add(1);
    if depth > DEEPEST {
        Err(Problem::DispatchLoop(depth))
    } else {
        Ok(depth)
    }
}
