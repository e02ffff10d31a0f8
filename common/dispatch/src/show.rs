//! The listing on paper: a table for people, names for completion, JSON for programs.

use std::fmt::Write;

use crate::family::Family;
use crate::json::Json;
use crate::listing::{Entry, OWN_WORDS, Section};
use crate::options::Form;
use crate::text::{columns, plain, plain_os};

const SECTIONS: [(Section, &str, &str); 4] = [
    (Section::FirstParty, "First-party", "first-party"),
    (Section::Installed, "Installed", "installed"),
    (Section::OnPath, "On PATH", "path"),
    (Section::Alias, "Aliases", "alias"),
];

/// Prints a listing; `struck` strikes shadowed lines out, as terminals can.
pub(crate) fn listing(family: &Family, entries: &[Entry], form: Form, struck: bool) -> String {
    match form {
        Form::Table => table(family, entries, struck),
        Form::Names => names(family, entries),
        Form::Json => format!("{}\n", json(family, entries)),
    }
}

fn table(family: &Family, entries: &[Entry], struck: bool) -> String {
    let mut out = String::new();
    for (section, title, _) in SECTIONS {
        let entries: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.section == section)
            .collect();
        if entries.is_empty() {
            continue;
        }
        let gap = if out.is_empty() { "" } else { "\n" };
        writeln!(out, "{gap}{title}").unwrap_or_default();
        let rows: Vec<Vec<String>> = entries.iter().map(|entry| row(family, entry)).collect();
        for (line, entry) in columns(&rows).lines().zip(entries) {
            let shadowed = struck && entry.shadowed_by.is_some();
            let (on, off) = if shadowed {
                ("\x1b[9m", "\x1b[29m")
            } else {
                ("", "")
            };
            writeln!(out, "{on}{line}{off}").unwrap_or_default();
        }
    }
    out
}

fn row(family: &Family, entry: &Entry) -> Vec<String> {
    let typed = entry
        .invocation
        .strip_prefix(family.name.as_ref())
        .unwrap_or(&entry.invocation);
    let about = &entry.about;
    let summary = entry
        .expansion
        .as_deref()
        .map(plain)
        .or_else(|| about.summary.clone());
    let source = match (&entry.path, entry.section) {
        (Some(path), _) => plain_os(path),
        (None, Section::Alias) => String::new(),
        (None, _) => "not installed".to_owned(),
    };
    let source = match &entry.shadowed_by {
        Some(winner) => format!("{source} (shadowed by {winner})")
            .trim_start()
            .to_owned(),
        None => source,
    };
    let name = plain(typed.trim_start());
    vec![
        name,
        summary.unwrap_or_default(),
        about.version.clone().unwrap_or_default(),
        source,
    ]
}

/// Every first word that runs something, sorted.
fn names(family: &Family, entries: &[Entry]) -> String {
    let runs = |entry: &&Entry| {
        entry.shadowed_by.is_none() && (entry.path.is_some() || entry.expansion.is_some())
    };
    let mut names: Vec<&str> = entries
        .iter()
        .filter(runs)
        .map(|entry| entry.name.as_str())
        .collect();
    names.extend(OWN_WORDS);
    let rewritten = family.rewrites.iter();
    let installed: Vec<&str> = rewritten
        .filter(|(_, tool)| names.contains(tool))
        .map(|(word, _)| *word)
        .collect();
    names.extend(installed);
    names.sort_unstable();
    names.dedup();
    names.iter().flat_map(|name| [*name, "\n"]).collect()
}

fn json(family: &Family, entries: &[Entry]) -> Json {
    let items = entries.iter().map(|entry| {
        let section = SECTIONS
            .iter()
            .find(|(section, ..)| *section == entry.section);
        let installed = entry.path.is_some() || entry.expansion.is_some();
        Json::Object(vec![
            ("name", Json::text(&entry.name)),
            ("invocation", Json::text(&entry.invocation)),
            ("section", Json::maybe(section.map(|(_, _, name)| *name))),
            ("summary", Json::maybe(entry.about.summary.as_deref())),
            ("version", Json::maybe(entry.about.version.as_deref())),
            ("license", Json::maybe(entry.about.license.as_deref())),
            ("homepage", Json::maybe(entry.about.homepage.as_deref())),
            ("installed", Json::Bool(installed)),
            (
                "path",
                Json::maybe(entry.path.as_ref().map(|path| path.to_string_lossy())),
            ),
            ("expansion", Json::maybe(entry.expansion.as_deref())),
            ("shadowedBy", Json::maybe(entry.shadowed_by.as_deref())),
        ])
    });
    Json::Object(vec![
        ("apiVersion", Json::text("nova.dev/v1")),
        ("kind", Json::text("CommandList")),
        ("family", Json::text(family.name.as_ref())),
        ("items", Json::List(items.collect())),
    ])
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fake, text};

    fn files() -> Fake {
        Fake::default()
            .program("/opt/bin/nova-vm")
            .program("/opt/bin/nova-object")
            .script(
                "/a/nova-hello",
                "#!/bin/sh\n#:nova extension.summary = 'Say \"hello\"'\n",
            )
            .program("/b/nova-hello")
            .config("[aliases]\nlsw = 'vm list -o wide'\n")
    }

    #[test]
    fn the_table_has_sections_and_names_the_winner() {
        let table = text(&files(), "nova --list");
        assert!(table.starts_with("First-party\n"), "{table}");
        let line = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap();
        assert!(line("  vm ").ends_with("/opt/bin/nova-vm"));
        assert!(line("  pool ").ends_with("not installed"));
        assert!(line("  hello ").contains("Say \"hello\""));
        assert!(table.contains("/b/nova-hello (shadowed by /a/nova-hello)\n"));
        assert!(
            table.contains("\nAliases\n  lsw   vm list -o wide\n"),
            "{table}"
        );
        assert!(!table.contains('\x1b'));
        assert_eq!(table, text(&files(), "nova help -a"));
        assert_eq!(table, text(&files(), "nova commands"));
    }

    #[test]
    fn shadowed_lines_are_struck_out_where_colour_is_allowed() {
        let struck = |line: &str, extra: &[(&str, &str)]| {
            let (files, mut input) = (files().on_terminal(), crate::testing::input(line));
            let vars = [("PATH", "/opt/bin:/a:/b"), ("HOME", "/h")];
            input.vars = vars.iter().chain(extra).copied().collect();
            let family = crate::Family::named("nova");
            match crate::Dispatcher::new(&input, &files, family).answer() {
                Ok(crate::Answer::Text(text)) => text.matches("\x1b[9m  hello").count(),
                other => panic!("{line}: {other:?}"),
            }
        };
        let xterm = ("TERM", "xterm");
        assert_eq!(struck("nova --list", &[xterm]), 1);
        assert_eq!(struck("nova --list", &[]), 0);
        assert_eq!(struck("nova --list", &[xterm, ("NO_COLOR", "1")]), 0);
        assert_eq!(struck("nova --list", &[xterm, ("CLICOLOR", "0")]), 0);
        assert_eq!(
            struck(
                "nova --list",
                &[("NO_COLOR", "1"), ("NOVA_COLOR", "always")]
            ),
            1
        );
        assert_eq!(struck("nova --color never --list", &[xterm]), 0);
        assert_eq!(struck("nova --list", &[("FORCE_COLOR", "1")]), 1);
    }

    #[test]
    fn names_are_the_words_that_run_something() {
        let names = text(&files(), "nova --list=names");
        let names: Vec<&str> = names.lines().collect();
        assert_eq!(
            names,
            [
                "api-resources",
                "api-versions",
                "apply",
                "commands",
                "delete",
                "diff",
                "explain",
                "get",
                "hello",
                "help",
                "lsw",
                "object",
                "version",
                "vm"
            ]
        );
    }

    #[test]
    fn json_escapes_and_keeps_every_field() {
        let json = text(&files(), "nova --list=json");
        assert!(
            json.starts_with(
                r#"{"apiVersion":"nova.dev/v1","kind":"CommandList","family":"nova","#
            )
        );
        assert!(json.contains(
            r#"{"name":"hello","invocation":"nova hello","section":"path","summary":"Say \"hello\"","version":null,"license":null,"homepage":null,"installed":true,"path":"/a/nova-hello","expansion":null,"shadowedBy":null}"#
        ));
        assert_eq!(json, text(&files(), "nova -o json --list"));
        assert_eq!(json, text(&files(), "nova commands -o json"));
    }
}
