//! What a run of the dispatcher depends on, as plain values.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Arguments, variables and surroundings of one run.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// All arguments, the program's name first.
    pub args: Vec<OsString>,
    /// The environment.
    pub vars: Vars,
    /// This executable, with every link resolved.
    pub exe: PathBuf,
    /// Whether the program runs with more rights than its caller has.
    pub privileged: bool,
}

/// Variables that decide what is executed or read.
const WIDENING: [&str; 4] = [
    "NOVA_EXEC_PATH",
    "NOVA_CONFIG_DIR",
    "NOVA_DATA_DIR",
    "NOVA_CACHE_DIR",
];

/// Environment variables in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Vars(Vec<(OsString, OsString)>);

impl Vars {
    /// The variable's value; absent when unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        (!value.is_empty()).then_some(value)
    }

    /// The variable's value when it is an absolute path; relative ones are ignored as XDG asks.
    #[must_use]
    pub fn absolute(&self, name: &str) -> Option<&Path> {
        self.get(name)
            .map(Path::new)
            .filter(|path| path.is_absolute())
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Vars {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Input {
    /// The values of this process.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this crate may not depend on nova-core; its one place that reads the environment"
    )]
    pub fn from_process() -> Self {
        use rustix::process::{getegid, geteuid, getgid, getuid};
        let vars: Vars = std::env::vars_os().collect();
        // Nearly every start has nothing that a privileged one would have to ignore.
        let widened = WIDENING.iter().any(|name| vars.get(name).is_some());
        Self {
            args: std::env::args_os().collect(),
            vars,
            exe: std::env::current_exe().unwrap_or_default(),
            privileged: widened && (getuid() != geteuid() || getgid() != getegid()),
        }
    }

    /// The name that the program was called by, without folders and `.exe`.
    #[must_use]
    pub fn called(&self) -> String {
        let name = self
            .args
            .first()
            .map_or(OsStr::new(""), |arg| arg.as_os_str());
        let name = Path::new(name)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        match name.strip_suffix(".exe").unwrap_or(&name) {
            "" => "nova".to_owned(),
            name => name.to_owned(),
        }
    }

    /// A variable that widens trust: not heard when the program has more rights than its caller.
    #[must_use]
    pub(crate) fn trusted(&self, name: &str) -> Option<&Path> {
        debug_assert!(
            WIDENING.contains(&name),
            "{name} is not known to widen trust"
        );
        if self.privileged {
            None
        } else {
            self.vars.absolute(name)
        }
    }

    /// One of our folders: `variable` itself, else `nova` under `xdg`, else under `~/fallback`.
    #[must_use]
    pub(crate) fn folder(&self, variable: &str, xdg: &str, fallback: &str) -> Option<PathBuf> {
        if let Some(own) = self.trusted(variable) {
            return Some(own.to_owned());
        }
        let base = match self.vars.absolute(xdg) {
            Some(base) => base.to_owned(),
            None => self.vars.absolute("HOME")?.join(fallback),
        };
        Some(base.join("nova"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(argv0: &str) -> String {
        Input {
            args: vec![argv0.into()],
            ..Input::default()
        }
        .called()
    }

    #[test]
    fn the_name_is_the_last_part_without_exe() {
        assert_eq!(called("/usr/bin/ghost"), "ghost");
        assert_eq!(called("gonuget.exe"), "gonuget");
        assert_eq!(called("mine"), "mine");
        assert_eq!(called(""), "nova");
    }

    #[test]
    fn relative_xdg_values_and_empty_variables_are_ignored() {
        let vars = [
            ("XDG_CONFIG_HOME", "conf"),
            ("NOVA_CONFIG_DIR", ""),
            ("HOME", "/h"),
        ];
        let input = Input {
            vars: vars.into_iter().collect(),
            ..Input::default()
        };
        let found = input.folder("NOVA_CONFIG_DIR", "XDG_CONFIG_HOME", ".config");
        assert_eq!(found, Some(PathBuf::from("/h/.config/nova")));
    }

    #[test]
    fn a_privileged_process_does_not_hear_variables_that_widen_trust() {
        let vars = [("NOVA_CONFIG_DIR", "/evil"), ("HOME", "/h")];
        let input = Input {
            vars: vars.into_iter().collect(),
            privileged: true,
            ..Input::default()
        };
        let found = input.folder("NOVA_CONFIG_DIR", "XDG_CONFIG_HOME", ".config");
        assert_eq!(found, Some(PathBuf::from("/h/.config/nova")));
    }
}
