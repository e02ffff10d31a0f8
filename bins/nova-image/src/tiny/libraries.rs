//! Finds the shared libraries that a program needs, and those that they need.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::elf::Elf;

/// What a dynamic program needs to start.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Absolute path of the dynamic loader in the guest; absent for static programs.
    pub(crate) loader: Option<String>,
    /// Libraries by the name they are looked up with.
    pub(crate) libraries: BTreeMap<String, PathBuf>,
}

/// Resolves `program`, a file below `tree`, against the libraries below `tree`.
pub(crate) fn resolve(tree: &Path, program: &Path) -> Result<Needs, Error> {
    let dirs = library_dirs(tree)?;
    let mut needs = Needs::default();
    let mut todo = vec![program.to_owned()];
    while let Some(file) = todo.pop() {
        let (loader, wanted) = read(&file)?;
        needs.loader = needs.loader.or(loader);
        for soname in wanted {
            if needs.libraries.contains_key(&soname) {
                continue;
            }
            let Some(found) = find(&dirs, &soname) else {
                let wanted_by = file
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                return Err(Error::LibraryMissing { soname, wanted_by });
            };
            needs.libraries.insert(soname, found.clone());
            todo.push(found);
        }
    }
    Ok(needs)
}

fn read(file: &Path) -> Result<(Option<String>, Vec<String>), Error> {
    let bytes = fs::read(file).map_err(Error::io("read", file))?;
    let malformed = || Error::Malformed {
        path: file.to_owned(),
    };
    let elf = Elf::parse(&bytes).ok_or_else(malformed)?;
    let needed = elf.needed().ok_or_else(malformed)?;
    let needed = needed.into_iter().map(str::to_owned).collect();
    Ok((elf.interpreter().map(str::to_owned), needed))
}

/// The multiarch library directories of `tree`, and the plain ones after them.
fn library_dirs(tree: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut dirs = Vec::new();
    for base in ["lib", "usr/lib"].map(|base| tree.join(base)) {
        let Ok(entries) = fs::read_dir(&base) else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(Error::io("read", &base))?;
            if entry.file_name().to_string_lossy().contains("-linux-gnu") {
                dirs.push(entry.path());
            }
        }
        dirs.push(base);
    }
    dirs.sort_by_key(|dir| std::cmp::Reverse(dir.components().count()));
    Ok(dirs)
}

/// The file behind `soname`. Links in packages are relative, so they stay within the tree.
fn find(dirs: &[PathBuf], soname: &str) -> Option<PathBuf> {
    let candidates = dirs.iter().map(|dir| dir.join(soname));
    candidates
        .filter_map(|path| path.canonicalize().ok())
        .find(|path| path.is_file())
}
