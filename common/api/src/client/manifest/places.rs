//! What a `-f` argument stands for.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nova_core::args::{glob_matches, is_glob};
use nova_core::{Context, Failure, Kind, Result};

/// No source may be larger.
pub(super) const LIMIT: usize = 64 * 1024 * 1024;
/// What a directory is searched for.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];
/// Directories inside each other; more is a loop of links.
const DEEPEST: usize = 64;

/// One thing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Stdin,
    File(PathBuf),
    Web(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
            Self::Web(address) => f.write_str(address),
        }
    }
}

impl Place {
    /// The text of a place on this machine.
    pub(super) fn read(&self) -> Result<String> {
        match self {
            Self::File(path) => {
                let open = File::open(path);
                let file = open.context(Kind::Config, || format!("cannot read {self}"))?;
                self.limited(file)
            }
            _ => self.limited(std::io::stdin().lock()),
        }
    }

    fn limited(&self, reader: impl Read) -> Result<String> {
        let mut bytes = Vec::new();
        reader
            .take(LIMIT as u64 + 1)
            .read_to_end(&mut bytes)
            .context(Kind::Config, || format!("cannot read {self}"))?;
        text(bytes, &self.to_string())
    }
}

/// The bytes as text, unless they are too many or none.
pub(super) fn text(bytes: Vec<u8>, source: &str) -> Result<String> {
    if bytes.len() > LIMIT {
        let message = format!("{source} is larger than 64 MiB");
        return Err(Failure::new(Kind::Config, message));
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::new(Kind::Config, format!("{source} is not UTF-8 text")))
}

/// Everything that `argument` names, sorted by name where it names several.
pub(super) fn of(argument: &str, recursive: bool) -> Result<Vec<Place>> {
    if argument == "-" {
        return Ok(vec![Place::Stdin]);
    }
    if ["http://", "https://"]
        .iter()
        .any(|scheme| argument.starts_with(scheme))
    {
        return Ok(vec![Place::Web(argument.to_owned())]);
    }
    let path = Path::new(argument);
    // A file whose name holds a bracket is that file.
    if is_glob(argument) && !path.exists() {
        let mut places = Vec::new();
        for path in expanded(path)? {
            places.extend(of_path(&path, recursive)?);
        }
        return Ok(places);
    }
    of_path(path, recursive)
}

fn of_path(path: &Path, recursive: bool) -> Result<Vec<Place>> {
    if !path.is_dir() {
        return Ok(vec![Place::File(path.to_owned())]);
    }
    let mut files = Vec::new();
    search(path, if recursive { DEEPEST } else { 0 }, &mut files)?;
    if files.is_empty() {
        let message = format!("{} holds no .json, .yaml or .yml files", path.display());
        let failure = Failure::new(Kind::Config, message);
        return Err(if recursive {
            failure
        } else {
            failure.with_hint("look below it too with: -R")
        });
    }
    Ok(files.into_iter().map(Place::File).collect())
}

/// The files of a directory that may hold objects, in the order of their names.
fn search(dir: &Path, deeper: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    for path in entries(dir)? {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            if deeper > 0 {
                search(&path, deeper - 1, files)?;
            }
        } else if extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            files.push(path);
        }
    }
    Ok(())
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let doing = || format!("cannot read {}", dir.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).context(Kind::Config, doing)? {
        paths.push(entry.context(Kind::Config, doing)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The existing paths that a pattern matches, part by part.
fn expanded(pattern: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy();
        if !is_glob(&text) {
            for path in &mut found {
                path.push(part);
            }
            found.retain(|path| path.exists());
            continue;
        }
        let mut matching = Vec::new();
        for dir in &found {
            let here = if dir.as_os_str().is_empty() {
                Path::new(".")
            } else {
                dir
            };
            let names = entries(here).unwrap_or_default();
            let names = names.iter().filter_map(|path| path.file_name());
            let fits = names.filter(|name| fits(&text, &name.to_string_lossy()));
            matching.extend(fits.map(|name| dir.join(name)));
        }
        found = matching;
    }
    if found.is_empty() {
        let message = format!("no file matches `{}`", pattern.display());
        return Err(Failure::new(Kind::Config, message));
    }
    Ok(found)
}

/// As in a shell, a pattern finds hidden files only when it says so.
fn fits(pattern: &str, name: &str) -> bool {
    glob_matches(pattern, name) && (!name.starts_with('.') || pattern.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in ["b.yaml", "a.json", "notes.txt", "sub/c.yml", ".hidden.yaml"] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            nova_core::fs::write_atomic(&path, b"a: 1\n", nova_core::fs::PUBLIC).unwrap();
        }
        dir
    }

    fn names(argument: &str, recursive: bool) -> Vec<String> {
        let places = of(argument, recursive).unwrap();
        let name = |place: &Place| place.to_string().rsplit('/').next().unwrap().to_owned();
        places.iter().map(name).collect()
    }

    #[test]
    fn directories_give_their_manifests_and_with_r_those_below() {
        let dir = tree();
        let path = dir.path().to_str().unwrap();
        assert_eq!(names(path, false), [".hidden.yaml", "a.json", "b.yaml"]);
        assert_eq!(
            names(path, true),
            [".hidden.yaml", "a.json", "b.yaml", "c.yml"]
        );
        let text = dir.path().join("sub/only");
        std::fs::create_dir(&text).unwrap();
        let failure = of(text.to_str().unwrap(), false).unwrap_err();
        assert!(
            failure
                .message()
                .ends_with("holds no .json, .yaml or .yml files")
        );
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        let dir = tree();
        let path = dir.path().to_str().unwrap();
        assert_eq!(names(&format!("{path}/*.yaml"), false), ["b.yaml"]);
        assert_eq!(names(&format!("{path}/s*/?.yml"), false), ["c.yml"]);
        let failure = of(&format!("{path}/*.toml"), false).unwrap_err();
        assert!(failure.message().starts_with("no file matches"));
    }
}
