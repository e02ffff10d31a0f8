//! Where programs are looked for, in order.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::input::Input;

/// What kind of place a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Folder of first-party tools.
    Exec,
    /// Links that the plugin store manages.
    Store,
    /// An entry of `PATH`.
    Path,
}

/// A folder that is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    pub(crate) dir: PathBuf,
}

/// All folders in search order. Relative and empty `PATH` entries are left out: the
/// current directory never decides what is executed.
pub(crate) fn places(input: &Input, exec_path: Option<&Path>) -> Vec<Place> {
    let mut found = exec_dirs(input, exec_path);
    found.extend(extension_places(input));
    found
}

/// The places of extensions only: store and `PATH`.
pub(crate) fn extension_places(input: &Input) -> Vec<Place> {
    let store = input.folder("NOVA_DATA_DIR", "XDG_DATA_HOME", ".local/share");
    let store = store.map(|data| Place {
        kind: Kind::Store,
        dir: data.join("plugins/bin"),
    });
    let mut found: Vec<Place> = store.into_iter().collect();
    let path = input.vars.get("PATH").unwrap_or(OsStr::new(""));
    for dir in std::env::split_paths(path).filter(|dir| dir.is_absolute()) {
        let place = Place {
            kind: Kind::Path,
            dir,
        };
        if !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

/// The folders of first-party tools: `--exec-path`, `NOVA_EXEC_PATH`, where the dispatcher
/// lies, and `../libexec/nova` from there.
pub(crate) fn exec_dirs(input: &Input, exec_path: Option<&Path>) -> Vec<Place> {
    let own = input.exe.parent().filter(|dir| dir.is_absolute());
    let libexec = own
        .and_then(Path::parent)
        .map(|prefix| prefix.join("libexec/nova"));
    let given = exec_path.or_else(|| input.trusted("NOVA_EXEC_PATH"));
    let mut found: Vec<Place> = Vec::new();
    for dir in given
        .into_iter()
        .chain(own)
        .map(Path::to_owned)
        .chain(libexec)
    {
        let place = Place {
            kind: Kind::Exec,
            dir,
        };
        if !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(vars: &[(&str, &str)], exec_path: Option<&str>) -> Vec<String> {
        let vars = vars.iter().copied().collect();
        let input = Input {
            vars,
            exe: "/opt/bin/nova".into(),
            ..Input::default()
        };
        let found = places(&input, exec_path.map(Path::new));
        found
            .into_iter()
            .map(|place| place.dir.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn order_is_option_variable_own_folder_libexec_store_path() {
        let vars = [
            ("PATH", "/a:/b"),
            ("HOME", "/h"),
            ("NOVA_EXEC_PATH", "/var"),
        ];
        let rest = [
            "/opt/bin",
            "/opt/libexec/nova",
            "/h/.local/share/nova/plugins/bin",
            "/a",
            "/b",
        ];
        assert_eq!(dirs(&vars, None), [&["/var"][..], &rest].concat());
        assert_eq!(dirs(&vars, Some("/opt2")), [&["/opt2"][..], &rest].concat());
    }

    #[test]
    fn relative_empty_and_repeated_path_entries_are_skipped() {
        let found = dirs(&[("PATH", ":.:bin:/a::/a:~/bin:")], None);
        assert_eq!(found, ["/opt/bin", "/opt/libexec/nova", "/a"]);
    }
}
