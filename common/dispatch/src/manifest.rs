//! What an extension says about itself, read without running it.
//!
//! A sidecar `<program>.toml` comes first; a script may carry `#:nova <toml>` lines instead,
//! in its first four kilobytes.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::files::{Disk, Files};
use crate::launch::PROTOCOL;
use crate::text::one_line;

/// The part of a manifest that a listing shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) summary: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) homepage: Option<String>,
    /// The version of the contract that it asks for, when that is not ours.
    pub(crate) protocol: Option<String>,
    /// Whether it registers hooks, which are reserved.
    pub(crate) hooks: bool,
}

const SIDECAR_LIMIT: u64 = 64 << 10;
const SCRIPT_LIMIT: u64 = 4 << 10;
const SUMMARY_WIDTH: usize = 72;

/// Reads the manifest of `program` for the command `words`; empty when there is none.
///
/// # Errors
/// The file and the reason, when there is a manifest that cannot be read.
pub(crate) fn read(
    files: &dyn Files,
    program: &Path,
    words: &str,
) -> Result<Manifest, (PathBuf, String)> {
    let (path, text) = source(files, program);
    parse(&text, words).map_err(|reason| (path, reason))
}

/// The text of a program's manifest, for who wants more of it than a listing shows.
#[must_use]
pub fn text_of(program: &Path) -> Option<String> {
    let (_, text) = source(&Disk, program);
    (!text.is_empty()).then_some(text)
}

/// The file that has a program's manifest, and the manifest; empty when there is none.
fn source(files: &dyn Files, program: &Path) -> (PathBuf, String) {
    let mut sidecar = program.as_os_str().to_owned();
    sidecar.push(".toml");
    let sidecar = PathBuf::from(sidecar);
    if let Ok(bytes) = files.head(&sidecar, SIDECAR_LIMIT) {
        (sidecar, String::from_utf8_lossy(&bytes).into_owned())
    } else {
        let bytes = files.head(program, SCRIPT_LIMIT).unwrap_or_default();
        (program.to_owned(), script_lines(&bytes))
    }
}

/// The TOML in the `#:nova` lines of a script; nothing for other files.
fn script_lines(bytes: &[u8]) -> String {
    if !bytes.starts_with(b"#!") {
        return String::new();
    }
    let text = String::from_utf8_lossy(bytes);
    let marked = text.lines().filter_map(|line| line.strip_prefix("#:nova"));
    marked.flat_map(|line| [line.trim(), "\n"]).collect()
}

fn parse(text: &str, words: &str) -> Result<Manifest, String> {
    let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    let table = table.get_ref();
    let string = |name: &str| {
        let section = table
            .get("extension")
            .and_then(|section| section.get_ref().get(name));
        // A script may leave the section's name out.
        section
            .or_else(|| table.get(name))
            .and_then(|value| value.get_ref().as_str())
    };
    let line = |name: &str| string(name).map(|text| one_line(text, SUMMARY_WIDTH));
    let summary = command_summary(table, words).or_else(|| string("summary"));
    Ok(Manifest {
        summary: summary.map(|text| one_line(text, SUMMARY_WIDTH)),
        version: line("version"),
        license: line("license"),
        homepage: line("homepage"),
        protocol: foreign_protocol(table),
        hooks: table.contains_key("hook"),
    })
}

/// `requires.protocol`, else `protocol`, when it names another version than ours.
fn foreign_protocol(table: &DeTable<'_>) -> Option<String> {
    let required = table
        .get("requires")
        .and_then(|section| section.get_ref().get("protocol"));
    let wanted = required.or_else(|| table.get("protocol"))?.get_ref();
    let integer = || wanted.as_integer().map(|number| number.as_str().to_owned());
    let wanted = wanted.as_str().map(str::to_owned).or_else(integer)?;
    (wanted != PROTOCOL.to_string()).then(|| one_line(&wanted, SUMMARY_WIDTH))
}

/// The summary of the `[[command]]` whose path is `words`.
fn command_summary<'t>(table: &'t DeTable<'_>, words: &str) -> Option<&'t str> {
    let commands = table.get("command")?.get_ref().as_array()?;
    let command = commands
        .iter()
        .map(toml::Spanned::get_ref)
        .find(|command| {
            let path = command
                .get("path")
                .and_then(|path| path.get_ref().as_array());
            let path = path.into_iter().flat_map(|path| path.iter());
            let path: Vec<&str> = path.filter_map(|word| word.get_ref().as_str()).collect();
            path.join("-") == words
        })?;
    command
        .get("summary")
        .map(toml::Spanned::get_ref)
        .and_then(DeValue::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fake;

    fn manifest(files: &Fake, words: &str) -> Manifest {
        read(files, Path::new("/a/nova-hello"), words).unwrap()
    }

    #[test]
    fn a_sidecar_wins_over_script_lines() {
        let script = "#!/bin/sh\n#:nova summary = 'From the script'\n";
        let files = Fake::default().script("/a/nova-hello", script);
        assert_eq!(
            manifest(&files, "hello").summary.unwrap(),
            "From the script"
        );
        let side = "[extension]\nsummary = 'From the sidecar'\nversion = '1.2.0'\n";
        let found = manifest(&files.file("/a/nova-hello.toml", side), "hello");
        assert_eq!(found.summary.unwrap(), "From the sidecar");
        assert_eq!(found.version.unwrap(), "1.2.0");
    }

    #[test]
    fn script_lines_form_one_document() {
        let script = "#!/bin/sh\n#:nova [extension]\n# other\n#:nova name = 'hello'\n#:nova version = '2.0.0'\n";
        let files = Fake::default().script("/a/nova-hello", script);
        assert_eq!(manifest(&files, "hello").version.unwrap(), "2.0.0");
    }

    #[test]
    fn a_command_of_the_path_has_its_own_summary() {
        let side =
            "extension.summary = 'All'\n[[command]]\npath = ['vm', 'backup']\nsummary = 'One'\n";
        let files = Fake::default()
            .program("/a/nova-hello")
            .file("/a/nova-hello.toml", side);
        assert_eq!(manifest(&files, "vm-backup").summary.unwrap(), "One");
        assert_eq!(manifest(&files, "hello").summary.unwrap(), "All");
    }

    #[test]
    fn binaries_are_not_searched_and_mistakes_are_reported() {
        let files = Fake::default().script("/a/nova-hello", "\x7fELF\n#:nova summary = 'x'\n");
        assert_eq!(manifest(&files, "hello"), Manifest::default());
        let files = Fake::default().script("/a/nova-hello", "#!/bin/sh\n#:nova summary =\n");
        assert!(read(&files, Path::new("/a/nova-hello"), "hello").is_err());
    }

    /// The block of a topic that begins with `first`, without its indentation.
    fn block(topic: &str, first: &str) -> String {
        let lines = topic.lines().skip_while(|line| line.trim_start() != first);
        let block = lines.take_while(|line| line.starts_with("    "));
        block.flat_map(|line| [&line[4..], "\n"]).collect()
    }

    #[test]
    fn the_examples_of_the_manual_page_are_manifests() {
        let page = include_str!("../../../man/topics/extensions.txt");
        let script = block(page, "#!/bin/sh");
        let files = Fake::default().script("/a/nova-hello", &script);
        let found = manifest(&files, "hello");
        assert_eq!(found.summary.unwrap(), "Greet a virtual machine");
        assert_eq!(found.version.unwrap(), "1.0.0");
        let sidecar = block(page, "protocol = 1");
        let files = Fake::default()
            .program("/a/nova-hello")
            .file("/a/nova-hello.toml", &sidecar);
        let found = manifest(&files, "vm-backup");
        assert_eq!(found.summary.unwrap(), "Back up one virtual machine");
        assert_eq!(found.license.unwrap(), "Apache-2.0");
        assert_eq!((found.protocol, found.hooks), (None, false));
    }

    #[test]
    fn another_protocol_and_hooks_are_noticed() {
        let side = "requires.protocol = '2'\n[[hook]]\nevent = 'before'\n";
        let files = Fake::default()
            .program("/a/nova-hello")
            .file("/a/nova-hello.toml", side);
        let found = manifest(&files, "hello");
        assert_eq!(found.protocol.as_deref(), Some("2"));
        assert!(found.hooks);
    }
}
