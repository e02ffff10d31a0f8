//! Every tool in one executable, chosen by the name it is called by.
//!
//! `nova-box TOOL ARGUMENTS…` runs a tool too, `nova-box --links DIR` makes the names,
//! and `nova-box --man DIR` writes the manual pages, since only this program sees every tool's
//! commands.

mod man;
mod tools;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use nova_core::{Context, Failure, Kind, Result};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let called = arguments.first().map(base_name).unwrap_or_default();
    if called != "nova-box" {
        return tools::run(&called, &arguments).unwrap_or_else(|| fail(&unknown(&called)));
    }
    let words: Vec<&str> = arguments
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .collect();
    let done = match words.as_slice() {
        ["--man", dir] => man::write_all(Path::new(dir)),
        ["--links", dir] => make_links(Path::new(dir)),
        ["--list"] => list(),
        [tool, ..] if !tool.starts_with('-') => {
            let inner = arguments.get(1..).unwrap_or_default();
            return tools::run(tool, inner).unwrap_or_else(|| fail(&unknown(tool)));
        }
        _ => Err(Failure::usage(
            "usage: nova-box TOOL…, --list, --links DIR or --man DIR",
        )),
    };
    done.map_or_else(|failure| fail(&failure), |()| ExitCode::SUCCESS)
}

fn base_name(name: &OsString) -> String {
    Path::new(name)
        .file_name()
        .unwrap_or(name)
        .to_string_lossy()
        .into_owned()
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::usage(format!("nova-box has no tool `{name}`"));
    match nova_core::suggest::hint(name, tools::names()) {
        Some(hint) => failure.with_hint(hint),
        None => failure.with_hint("list the tools with: nova-box --list"),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    nova_core::print_failure(failure);
    ExitCode::from(failure.code())
}

fn list() -> Result<()> {
    let text = tools::names().fold(String::new(), |text, name| text + name + "\n");
    nova_core::print_plain(&text)
}

/// One symbolic link per tool beside this executable's own name.
fn make_links(dir: &Path) -> Result<()> {
    let own = std::env::current_exe().context(Kind::Failed, || "cannot find nova-box".into())?;
    for name in tools::names() {
        let link = dir.join(name);
        if link.symlink_metadata().is_ok() {
            std::fs::remove_file(&link).map_err(|e| nova_core::fs::write_failure(&link, &e))?;
        }
        std::os::unix::fs::symlink(&own, &link)
            .map_err(|error| nova_core::fs::write_failure(&link, &error))?;
    }
    Ok(())
}
