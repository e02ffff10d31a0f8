//! The `[completion]` section of a manifest.

use std::ffi::OsString;
use std::path::Path;

use nova_core::complete::{Bits, Candidate, render};
use serde::Deserialize;

use crate::values::names_of;

/// How a program is asked for candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    /// clap's environment protocol.
    Clap,
    /// `PROGRAM __complete WORD… CURRENT`.
    Cobra,
    /// The executable `nova_complete-NAME` beside it.
    Exec,
    /// The tree in the manifest.
    Static,
    /// Not at all: files.
    #[default]
    None,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Completion {
    pub(super) mode: Mode,
    command: Vec<Node>,
}

/// What may follow some words.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    path: Vec<String>,
    summary: String,
    /// Fixed words that an argument may be.
    values: Vec<String>,
    /// A kind whose names an argument may be, or `file`.
    names: Option<String>,
    flag: Vec<Flag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Flag {
    name: String,
    summary: String,
    values: Vec<String>,
    names: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    completion: Completion,
}

impl Completion {
    /// The section of a program's manifest; none when there is no manifest or it cannot be read.
    pub(super) fn read(program: &Path) -> Option<Self> {
        let text = nova_dispatch::manifest_text(program)?;
        Some(toml::from_str::<Manifest>(&text).ok()?.completion)
    }

    /// The answer of a static tree.
    pub(super) fn answer(&self, words: &[OsString]) -> String {
        let words: Vec<String> = words
            .iter()
            .map(|w| w.to_string_lossy().into_owned())
            .collect();
        let Some((current, before)) = words.split_last() else {
            return render(&[], Bits::NO_FILES);
        };
        let verbs: Vec<&str> = before.iter().map(String::as_str).collect();
        let Some(node) = self.node(&verbs) else {
            return render(&[], Bits::NO_FILES);
        };
        let flag = |name: &str| node.flag.iter().find(|flag| flag.name == name);
        if let Some((name, typed)) = current.split_once('=')
            && let Some(flag) = flag(name)
        {
            return values(
                &flag.values,
                flag.names.as_deref(),
                &format!("{name}="),
                typed,
            );
        }
        if let Some(flag) = before
            .last()
            .and_then(|name| flag(name))
            .filter(|f| f.takes_value())
        {
            return values(&flag.values, flag.names.as_deref(), "", current);
        }
        if current.starts_with('-') {
            return matching(
                node.flag
                    .iter()
                    .map(|f| (f.name.as_str(), f.summary.as_str())),
                current,
            );
        }
        let below = self.below(node);
        if below.is_empty() {
            return values(&node.values, node.names.as_deref(), "", current);
        }
        matching(below.into_iter(), current)
    }

    /// The node with the longest path that the words begin with.
    fn node(&self, words: &[&str]) -> Option<&Node> {
        let fits = |node: &&Node| {
            node.path.len() <= words.len() && node.path.iter().zip(words).all(|(a, b)| a == b)
        };
        self.command
            .iter()
            .filter(fits)
            .max_by_key(|node| node.path.len())
    }

    /// The next words of the nodes below one.
    fn below(&self, node: &Node) -> Vec<(&str, &str)> {
        let length = node.path.len();
        let inner = self.command.iter();
        inner
            .filter(|inner| inner.path.len() == length + 1 && inner.path.starts_with(&node.path))
            .map(|inner| (inner.path[length].as_str(), inner.summary.as_str()))
            .collect()
    }
}

impl Flag {
    fn takes_value(&self) -> bool {
        !self.values.is_empty() || self.names.is_some()
    }
}

fn values(fixed: &[String], names: Option<&str>, head: &str, typed: &str) -> String {
    if names == Some("file") {
        return render(&[], 0);
    }
    let words = fixed.iter().filter(|word| word.starts_with(typed));
    let mut found: Vec<Candidate> = words.map(|word| Candidate::new(word, "")).collect();
    found.extend(names.into_iter().flat_map(|kind| names_of(kind, typed)));
    for word in &mut found {
        word.value.insert_str(0, head);
    }
    render(&found, Bits::NO_FILES)
}

fn matching<'a>(words: impl Iterator<Item = (&'a str, &'a str)>, typed: &str) -> String {
    let fits = words.filter(|(word, _)| word.starts_with(typed));
    let found: Vec<Candidate> = fits
        .map(|(word, about)| Candidate::new(word, about))
        .collect();
    render(&found, Bits::NO_FILES)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = r#"
[completion]
mode = "static"
[[completion.command]]
path = []
[[completion.command.flag]]
name = "--loud"
summary = "Shout"
[[completion.command]]
path = ["greet"]
summary = "Greet somebody"
values = ["world", "moon"]
[[completion.command.flag]]
name = "--tone"
summary = "How to say it"
values = ["warm", "formal"]
[[completion.command]]
path = ["read"]
names = "file"
"#;

    fn ask(words: &[&str]) -> String {
        let manifest: Manifest = toml::from_str(TREE).unwrap();
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        manifest.completion.answer(&words)
    }

    #[test]
    fn a_static_tree_offers_verbs_flags_and_values() {
        assert_eq!(ask(&[""]), "greet\tGreet somebody\nread\n:4\n");
        assert_eq!(ask(&["--"]), "--loud\tShout\n:4\n");
        assert_eq!(ask(&["greet", "w"]), "world\n:4\n");
        assert_eq!(ask(&["greet", "--tone", ""]), "warm\nformal\n:4\n");
        assert_eq!(ask(&["greet", "--tone=f"]), "--tone=formal\n:4\n");
        assert_eq!(ask(&["read", ""]), ":0\n");
    }

    #[test]
    fn a_manifest_without_the_section_means_files() {
        let manifest: Manifest = toml::from_str("[extension]\nname = 'x'\n").unwrap();
        assert_eq!(manifest.completion.mode, Mode::None);
    }
}
