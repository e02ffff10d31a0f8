//! A file system in memory, and a short way to ask the dispatcher something.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Answer, Dispatcher, Family, Files, Input, Launch, Probe, Problem};

/// Files in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fake {
    files: BTreeMap<PathBuf, (bool, String)>,
    open: BTreeSet<PathBuf>,
    terminal: bool,
    /// Files whose contents were read.
    pub(crate) read: std::cell::RefCell<Vec<PathBuf>>,
}

impl Fake {
    pub(crate) fn program(self, path: &str) -> Self {
        self.script(path, "#!/bin/sh\n")
    }

    pub(crate) fn script(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), (true, text.to_owned()));
        self
    }

    pub(crate) fn plain(self, path: &str) -> Self {
        self.file(path, "")
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), (false, text.to_owned()));
        self
    }

    /// Standard output is a terminal.
    pub(crate) fn on_terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    pub(crate) fn open(mut self, dir: &str) -> Self {
        self.open.insert(dir.into());
        self
    }

    /// The user's configuration.
    pub(crate) fn config(self, text: &str) -> Self {
        self.file("/h/.config/nova/config.toml", text)
    }
}

impl Files for Fake {
    fn probe(&self, path: &Path) -> Probe {
        match self.files.get(path) {
            None => Probe::Missing,
            Some((true, _)) => Probe::Program,
            Some((false, _)) => Probe::NotExecutable,
        }
    }

    fn open_to_others(&self, dir: &Path) -> bool {
        self.open.contains(dir)
    }

    fn names(&self, dir: &Path) -> Vec<OsString> {
        let below = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(dir).ok());
        let names: BTreeSet<OsString> = below
            .filter_map(|path| path.iter().next())
            .map(OsString::from)
            .collect();
        names.into_iter().collect()
    }

    fn terminal(&self) -> bool {
        self.terminal
    }

    fn head(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.read.borrow_mut().push(path.to_owned());
        let (_, text) = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        let limit = usize::try_from(limit).unwrap().min(text.len());
        Ok(text.as_bytes()[..limit].to_vec())
    }
}

/// The input of `line`, whose first word names the family; the dispatcher lies in `/opt/bin`.
pub(crate) fn input(line: &str) -> Input {
    let vars = [("HOME", "/h"), ("PATH", "/opt/bin:/a:/b")];
    Input {
        args: line.split(' ').map(OsString::from).collect(),
        vars: vars.into_iter().collect(),
        exe: "/opt/bin/nova".into(),
        ..Input::default()
    }
}

/// The answer to a line.
pub(crate) fn ask(files: &Fake, line: &str) -> Result<Answer, Problem> {
    let input = input(line);
    Dispatcher::new(&input, files, Family::named(&input.called())).answer()
}

/// The program that a line launches.
pub(crate) fn launch(files: &Fake, line: &str) -> Launch {
    match ask(files, line) {
        Ok(Answer::Launch(launch)) => launch,
        other => panic!("{line}: {other:?}"),
    }
}

/// The command line that a line becomes.
pub(crate) fn becomes(files: &Fake, line: &str) -> String {
    let args = launch(files, line).args;
    args.iter()
        .map(|arg| arg.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The text that a line prints.
pub(crate) fn text(files: &Fake, line: &str) -> String {
    match ask(files, line) {
        Ok(Answer::Text(text)) => text,
        other => panic!("{line}: {other:?}"),
    }
}

/// The problem that a line ends in.
pub(crate) fn problem(files: &Fake, line: &str) -> Problem {
    ask(files, line).expect_err(line)
}
