//! How third parties add verbs to first-party nouns: `nova vm backup` runs `nova-vm-backup`.
//!
//! A tool parses its verbs itself and asks here only for one that it does not know, so that
//! no file anywhere can replace a verb it has. The search covers the plugin store and `PATH`,
//! never the folder of first-party tools.
//!
//! ```
//! # use std::{ffi::OsString, process::ExitCode};
//! /// What `nova-vm` does with a verb that it does not know.
//! fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
//!     // Never returns when there is such a program; `None` when the verb is nobody's.
//!     nova_dispatch::exec_extension("nova", "vm", arguments)
//! }
//! ```

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::answer::distrust;
use crate::config::Config;
use crate::exec::{fail, to_stderr};
use crate::family::Family;
use crate::files::{Disk, Files, Probe};
use crate::input::Input;
use crate::launch::{self, Called, Launch};
use crate::lookup::{self, Query};
use crate::problem::Problem;
use crate::{options, places, report, words};

/// The program that adds the verb on this tool's command line to `noun`, if there is one.
///
/// `input` is that of the tool; global options before the verb become variables, as they do
/// for the dispatcher. Options that only the tool understands end the search.
///
/// # Errors
/// When the only match cannot be executed, or commands call each other without end.
pub fn extension(
    input: &Input,
    files: &dyn Files,
    family: &Family,
    noun: &str,
) -> Result<Option<Launch>, Problem> {
    let Ok((options, line)) = options::parse(family, input.args.iter().skip(1).cloned()) else {
        return Ok(None);
    };
    if options.ask.is_some() {
        return Ok(None);
    }
    let leading = words::leading(&line);
    let words: Vec<&str> = std::iter::once(noun)
        .chain(leading)
        .take(words::MOST)
        .collect();
    let places = places::extension_places(input);
    let trust = || Config::load(input, files).is_ok_and(|config| config.trusts_path);
    let query = Query {
        family,
        places: &places,
        words: &words,
        least: 2,
    };
    let found = lookup::search(files, &query, &trust);
    let skipped: Vec<String> = found.distrusted.iter().map(|path| distrust(path)).collect();
    to_stderr(&report::warnings(&skipped, input));
    let Some(hit) = found.hit else {
        return found
            .refused
            .map_or(Ok(None), |path| Err(Problem::NotExecutable(path)));
    };
    let called = called(input, noun, &words[1..hit.words]);
    let mut vars = options.variables();
    vars.extend(options.log_filter());
    let dispatcher = dispatcher(input, files, family);
    let exec_dir = places::exec_dirs(input, None)
        .first()
        .map(|place| place.dir.clone());
    vars.extend(launch::contract(
        input,
        family,
        called,
        dispatcher.as_deref(),
        exec_dir.as_deref(),
    )?);
    let program = std::iter::once(hit.path.clone().into_os_string());
    let args = program
        .chain(line[hit.words - 1..].iter().cloned())
        .collect();
    Ok(Some(Launch {
        program: hit.path,
        args,
        vars,
        dirs: options.dirs,
    }))
}

/// Becomes the program that adds the verb on this command line to `noun`; the program's own
/// name comes first in `arguments`.
///
/// Returns `None` when there is none, so that the tool reports the unknown verb in its own
/// words; otherwise the exit code of a failure that has been reported.
#[must_use]
pub fn exec_extension(family: &str, noun: &str, arguments: &[OsString]) -> Option<ExitCode> {
    let input = Input {
        args: arguments.to_vec(),
        ..Input::from_process()
    };
    let family = Family::named(family);
    match extension(&input, &Disk, &family, noun) {
        Ok(None) => None,
        Ok(Some(launch)) => Some(fail(&launch.exec(&input), &family, &input)),
        Err(problem) => Some(fail(&problem, &family, &input)),
    }
}

fn called(input: &Input, noun: &str, verbs: &[&str]) -> Called {
    let verbs = verbs.join(" ");
    let var = |name: &str| input.vars.get(name).and_then(|value| value.to_str());
    // An extension that runs a tool directly leaves its own name in the variables.
    let ours = var("NOVA_COMMAND") == Some(noun);
    let typed = var("NOVA_INVOCATION")
        .filter(|_| ours)
        .map_or_else(|| input.called(), str::to_owned);
    Called {
        command: format!("{noun} {verbs}"),
        invocation: format!("{typed} {verbs}"),
    }
}

/// The dispatcher that started this tool, else the one beside it.
fn dispatcher(input: &Input, files: &dyn Files, family: &Family) -> Option<PathBuf> {
    if let Some(path) = input.vars.absolute("NOVA") {
        return Some(path.to_owned());
    }
    let dirs = places::exec_dirs(input, None).into_iter();
    let mut beside = dirs.map(|place| place.dir.join(family.name.as_ref()));
    beside.find(|path| files.probe(path) == Probe::Program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, input};

    fn vm(line: &str) -> Input {
        Input {
            exe: "/opt/bin/nova-vm".into(),
            ..input(line)
        }
    }

    fn find(files: &Fake, input: &Input) -> Option<Launch> {
        extension(input, files, &Family::named("nova"), "vm").unwrap()
    }

    fn args(launch: &Launch) -> Vec<String> {
        launch
            .args
            .iter()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_verb_is_found_in_store_and_path_with_the_longest_match() {
        let files = Fake::default()
            .program("/a/nova-vm-backup")
            .program("/b/nova-vm-backup-now");
        let launch = find(&files, &vm("/opt/bin/nova-vm backup web -x")).unwrap();
        assert_eq!(args(&launch), ["/a/nova-vm-backup", "web", "-x"]);
        let launch = find(&files, &vm("/opt/bin/nova-vm backup now web")).unwrap();
        assert_eq!(args(&launch), ["/b/nova-vm-backup-now", "web"]);
    }

    #[test]
    fn neither_the_tool_itself_nor_its_folder_is_searched() {
        let files = Fake::default()
            .program("/a/nova-vm")
            .program("/opt/bin/nova-vm-x");
        let mut input = vm("/opt/bin/nova-vm x");
        input.vars = [("PATH", "/a")].into_iter().collect();
        assert_eq!(find(&files, &input), None);
    }

    #[test]
    fn globals_before_the_verb_become_variables_and_foreign_ones_end_the_search() {
        let files = Fake::default().program("/a/nova-vm-backup");
        let launch = find(&files, &vm("/opt/bin/nova-vm -n prod backup web")).unwrap();
        assert_eq!(launch.var("NOVA_NAMESPACE").unwrap(), "prod");
        assert_eq!(find(&files, &vm("/opt/bin/nova-vm --cpu 2 backup")), None);
        assert_eq!(find(&files, &vm("/opt/bin/nova-vm --help backup")), None);
        assert_eq!(find(&files, &vm("/opt/bin/nova-vm")), None);
    }

    #[test]
    fn the_extension_is_told_how_it_was_called_and_by_whom() {
        let files = Fake::default()
            .program("/a/nova-vm-backup")
            .program("/opt/bin/nova");
        let launch = find(&files, &vm("/opt/bin/nova-vm backup")).unwrap();
        assert_eq!(launch.var("NOVA_COMMAND").unwrap(), "vm backup");
        assert_eq!(launch.var("NOVA_INVOCATION").unwrap(), "nova-vm backup");
        assert_eq!(launch.var("NOVA").unwrap(), "/opt/bin/nova");
        let mut input = vm("/opt/bin/nova-vm backup");
        let vars = [
            ("NOVA_COMMAND", "vm"),
            ("NOVA_INVOCATION", "nova vms"),
            ("PATH", "/a"),
            ("NOVA_DEPTH", "3"),
        ];
        input.vars = vars.into_iter().collect();
        let launch = find(&files, &input).unwrap();
        assert_eq!(launch.var("NOVA_INVOCATION").unwrap(), "nova vms backup");
        assert_eq!(launch.var("NOVA_DEPTH").unwrap(), "4");
    }

    #[test]
    fn a_file_without_permission_is_named() {
        let files = Fake::default().plain("/a/nova-vm-backup");
        let found = extension(
            &vm("/x/nova-vm backup"),
            &files,
            &Family::named("nova"),
            "vm",
        );
        assert_eq!(found.unwrap_err().code(), 126);
    }
}
