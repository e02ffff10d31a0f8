//! Asks apt which packages there are; the lists are apt's own, and so is the trust in them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nova_core::exec::Program;

use super::Error;
use super::run::run;

const UPDATE_LIMIT: Duration = Duration::from_mins(3);
const ONLY_DEPENDS: [&str; 7] = [
    "depends",
    "--no-recommends",
    "--no-suggests",
    "--no-conflicts",
    "--no-breaks",
    "--no-replaces",
    "--no-enhances",
];

/// One package file as apt's lists describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) file: String,
    pub(crate) size: u64,
    pub(crate) checksum: Checksum,
}

/// The checksum of a package, of the strongest kind its list has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checksum {
    Sha256(String),
    Sha512(String),
}

/// Names of the packages that `name` depends on directly.
pub(crate) fn depends(name: &str) -> Result<Vec<String>, Error> {
    let graph = graph(&["--recurse=false"], name)?;
    Ok(graph
        .into_iter()
        .find(|(package, _)| package == name)
        .map_or_else(Vec::new, |found| found.1))
}

/// `name` and all the library packages that it needs, sorted.
pub(crate) fn with_libraries(name: &str) -> Result<Vec<String>, Error> {
    let graph = graph(&["--recurse"], name)?;
    Ok(library_closure(&graph, name))
}

fn graph(flags: &[&str], name: &str) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let args = ONLY_DEPENDS.iter().chain(flags).chain([&name]).copied();
    let output = run("apt-cache", |program| program.args(args));
    let output = output.map_err(|error| unknown(error, name))?;
    Ok(parse_depends(&String::from_utf8_lossy(&output)))
}

/// The files apt would download for `names`, sorted by name.
pub(crate) fn locate(names: &[String]) -> Result<Vec<Package>, Error> {
    let args = ["download", "--print-uris"]
        .into_iter()
        .chain(names.iter().map(String::as_str));
    let output = run("apt-get", |program| program.args(args));
    let output = output.map_err(|error| unknown(error, &names.join(" ")))?;
    let text = String::from_utf8_lossy(&output);
    let mut found: Vec<_> = text.lines().filter_map(parse_uri).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    for name in names {
        if !found.iter().any(|package| package.name == *name) {
            return Err(Error::UnknownPackage {
                package: name.clone(),
            });
        }
    }
    Ok(found)
}

/// Fetches the package lists anew; only root may.
pub(crate) fn update() -> Result<(), Error> {
    let setup = |program: Program| program.args(["-q", "update"]).deadline(UPDATE_LIMIT);
    run("apt-get", setup).map(drop).map_err(download_failed)
}

fn unknown(error: Error, names: &str) -> Error {
    match error {
        Error::Program { reason, .. } if reason.contains("No packages found") => {
            Error::UnknownPackage {
                package: names.into(),
            }
        }
        Error::Program { reason, .. } if reason.contains("Unable to locate package") => {
            let package = reason.rsplit(' ').next().unwrap_or(names).to_owned();
            Error::UnknownPackage { package }
        }
        other => other,
    }
}

/// What apt says when it cannot fetch.
pub(crate) fn download_failed(error: Error) -> Error {
    match error {
        Error::Program { reason, .. } => Error::Download { reason },
        other => other,
    }
}

/// Reads `apt-cache depends`: a package per unindented line, its dependencies indented below.
fn parse_depends(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut graph: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if !line.starts_with([' ', '|']) {
            line.trim().clone_into(&mut current);
            graph.entry(current.clone()).or_default();
        } else if let Some((kind, name)) = line.trim_start_matches([' ', '|']).split_once(": ")
            && matches!(kind, "Depends" | "PreDepends")
            && !name.starts_with('<')
        {
            graph
                .entry(current.clone())
                .or_default()
                .push(name.trim().to_owned());
        }
    }
    graph
}

// Only names of libraries are followed: their maintainers' scripts need far more (perl, dpkg), and
// we run none of them.
fn library_closure(graph: &BTreeMap<String, Vec<String>>, name: &str) -> Vec<String> {
    let mut seen = BTreeSet::from([name.to_owned()]);
    let mut todo = vec![name.to_owned()];
    while let Some(package) = todo.pop() {
        let needed = graph.get(&package).into_iter().flatten();
        for library in needed.filter(|needed| needed.starts_with("lib")) {
            if seen.insert(library.clone()) {
                todo.push(library.clone());
            }
        }
    }
    seen.into_iter().collect()
}

/// Reads a line of `apt-get download --print-uris`: `'URI' FILE SIZE KIND:CHECKSUM`.
fn parse_uri(line: &str) -> Option<Package> {
    let mut fields = line.strip_prefix('\'')?.split_once("' ")?.1.split(' ');
    let (file, size, checksum) = (fields.next()?, fields.next()?, fields.next()?);
    let mut parts = file.splitn(3, '_');
    let (name, version) = (parts.next()?, parts.next()?.replace("%3a", ":"));
    let checksum = match checksum.split_once(':')? {
        ("SHA256", value) => Checksum::Sha256(value.to_owned()),
        ("SHA512", value) => Checksum::Sha512(value.to_owned()),
        _ => return None,
    };
    Some(Package {
        name: name.into(),
        version,
        file: file.into(),
        size: size.parse().ok()?,
        checksum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_uri_gives_name_version_size_and_checksum() {
        let line = "'http://example.test/q/qemu-guest-agent_7.2%2bdfsg-7_amd64.deb' \
                    qemu-guest-agent_1%3a7.2+dfsg-7_amd64.deb 346272 SHA256:ffdc";
        let package = parse_uri(line).unwrap();
        assert_eq!(package.name, "qemu-guest-agent");
        assert_eq!(package.version, "1:7.2+dfsg-7");
        assert_eq!(package.size, 346_272);
        assert_eq!(package.checksum, Checksum::Sha256("ffdc".into()));
    }

    #[test]
    fn a_package_without_a_strong_checksum_is_not_taken() {
        assert_eq!(parse_uri("'http://x/a.deb' a_1_all.deb 3 MD5Sum:00"), None);
        assert_eq!(parse_uri("Reading package lists..."), None);
    }

    #[test]
    fn libraries_are_followed_and_scripts_needs_are_not() {
        let text = "agent\n  PreDepends: helpers\n  Depends: libc6\n |Depends: liba\n  Depends: <virtual>\n    libx\n\
                    helpers\n  Depends: libperl\nlibc6\n  Depends: libgcc-s1\n  Depends: libc6\nliba\nlibgcc-s1\nlibperl\n";
        let graph = parse_depends(text);
        assert_eq!(
            library_closure(&graph, "agent"),
            ["agent", "liba", "libc6", "libgcc-s1"]
        );
    }
}
