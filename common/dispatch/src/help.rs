//! Help: the dispatcher's own page, and the way to the help of everything else.

use std::ffi::OsString;
use std::fmt::Write;

use crate::answer::{Answer, Call, Dispatcher};
use crate::family::{Family, Voice};
use crate::listing::OWN_WORDS;
use crate::options::{self, Ask, Form, Options};
use crate::problem::Problem;
use crate::text::{columns, plain};
use crate::{topics, words};

const TOOLKIT_OPTIONS: &[(&str, &str)] = &[
    (
        "-n, --namespace NS",
        "namespace to work in [NOVA_NAMESPACE]",
    ),
    (
        "    --context NAME",
        "context of the configuration [NOVA_CONTEXT]",
    ),
    (
        "    --endpoint URL",
        "server: unix:PATH or https://HOST [NOVA_ENDPOINT]",
    ),
    (
        "    --timeout DUR",
        "limit of everything that waits [NOVA_TIMEOUT]",
    ),
    (
        "-o, --output FORMAT",
        "table, wide, json, yaml, name and more [NOVA_OUTPUT]",
    ),
    ("    --color WHEN", "auto, always or never [NOVA_COLOR]"),
    ("-q, --quiet", "print results and errors only"),
    ("-v, --verbose", "print more; up to three times"),
    ("-P, --no-pager", "never page output"),
    ("-y, --yes", "answer yes to every question"),
    ("    --no-input", "never ask; a missing answer is an error"),
    ("    --json-errors", "print errors as JSON"),
];

const DOTNET_OPTIONS: &[(&str, &str)] = &[
    ("    --configfile FILE", "NuGet configuration file to use"),
    (
        "    --verbosity LEVEL",
        "quiet, minimal, normal, detailed or diagnostic",
    ),
    ("    --non-interactive", "never ask"),
];

const OWN_OPTIONS: &[(&str, &str)] = &[
    ("-C DIR", "change to DIR first; can be repeated"),
    (
        "    --exec-path[=DIR]",
        "folder of first-party tools; alone, print it",
    ),
    (
        "    --list[=names|json]",
        "list every command with its source",
    ),
    ("-h, --help", "print this page"),
    ("-V, --version", "print the version"),
];

/// The dispatcher's own page. In short, it leaves most options to the full one.
pub(crate) fn page(dispatcher: &Dispatcher<'_>, options: &Options, full: bool) -> String {
    let family = &dispatcher.family;
    let name = &family.name;
    let dotnet = family.voice == Voice::Dotnet;
    let usage = if dotnet {
        "[options] [command]"
    } else {
        "[OPTIONS] COMMAND [ARGS]..."
    };
    let mut out = format!("{}\n\nUsage: {name} {usage}\n", family.about);
    section(&mut out, "Examples", family.examples.iter().copied());
    let commands = commands(dispatcher, options);
    let nothing = commands.is_empty() && !family.tools.is_empty();
    section(&mut out, "Commands", commands.into_iter());
    section(&mut out, "Options", rows(dotnet, full).copied());
    if nothing {
        writeln!(out, "\nNo {name} tool is installed beside this program.").unwrap_or_default();
    }
    out.push_str(&more(family, full));
    out
}

/// The options of a page.
fn rows(dotnet: bool, full: bool) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    const SHORT: [&str; 4] = ["-n,", "-o,", "-h,", "-V,"];
    let globals = if dotnet {
        DOTNET_OPTIONS
    } else {
        TOOLKIT_OPTIONS
    };
    let wanted = move |row: &&(&str, &str)| full || dotnet || SHORT.contains(&&row.0[..3]);
    globals.iter().chain(OWN_OPTIONS).filter(wanted)
}

/// Where to go from here.
fn more(family: &Family, full: bool) -> String {
    let name = &family.name;
    if family.voice == Voice::Dotnet {
        return format!(
            "\nUse \"{name} [command] --help\" for more information about a command.\n"
        );
    }
    let mut rows = vec![[
        format!("{name} help COMMAND"),
        "explain a command".to_owned(),
    ]];
    if name == "nova" {
        rows.push([
            format!("{name} help topics"),
            "formats, selectors, exit codes and more".to_owned(),
        ]);
        rows.push([
            format!("{name} completion"),
            "the line that teaches your shell to complete".to_owned(),
        ]);
    }
    rows.push([
        format!("{name} help -a"),
        "every command, with extensions and aliases".to_owned(),
    ]);
    if !full {
        rows.push([format!("{name} --help"), "all options".to_owned()]);
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    format!("\nMore:\n{}", columns(&rows))
}

/// The first-party tools that are there, in the family's order.
fn commands(dispatcher: &Dispatcher<'_>, options: &Options) -> Vec<(&'static str, &'static str)> {
    let tools = dispatcher.family.tools.iter();
    let there = tools.filter(|tool| dispatcher.installed(tool, options).is_ok());
    there.map(|tool| (tool.name, tool.summary)).collect()
}

fn section<'a>(out: &mut String, title: &str, rows: impl Iterator<Item = (&'a str, &'a str)>) {
    let rows: Vec<Vec<String>> = rows
        .map(|(left, right)| vec![left.to_owned(), right.to_owned()])
        .collect();
    if !rows.is_empty() {
        write!(out, "\n{title}:\n{}", columns(&rows)).unwrap_or_default();
    }
}

/// `nova help …`.
pub(crate) fn word(dispatcher: &Dispatcher<'_>, call: &Call) -> Result<Answer, Problem> {
    let mut rest: Vec<OsString> = call.line[1..].to_vec();
    let all = rest.iter().position(|arg| arg == "-a" || arg == "--all");
    if let Some(at) = all {
        rest.remove(at);
    }
    let (after, line) = options::parse(&dispatcher.family, rest)?;
    let options = call.options.clone().before(after);
    match (all, line.is_empty()) {
        (Some(_), _) => Ok(dispatcher.own(Ask::List(Form::Table), &options)),
        (None, true) => Ok(dispatcher.own(Ask::Help, &options)),
        (None, false) => about(
            dispatcher,
            Call {
                options,
                line,
                chain: Vec::new(),
            },
        ),
    }
}

/// Help on the command that `call` names: its own `--help`.
pub(crate) fn about(dispatcher: &Dispatcher<'_>, call: Call) -> Result<Answer, Problem> {
    let leading = words::leading(&call.line);
    let first = leading.first().copied().unwrap_or_default();
    if dispatcher.family.name == "nova"
        && leading.len() == 1
        && dispatcher
            .family
            .tool(first)
            .is_none_or(|tool| tool.name != first)
        && dispatcher.family.rewrite(first).is_none()
        && let Some(text) = topic(dispatcher, &call, first)
    {
        return Ok(Answer::Text(text));
    }
    if OWN_WORDS.contains(&first) && dispatcher.family.tool(first).is_none() {
        return Ok(Answer::Text(own_word(&dispatcher.family, first)));
    }
    if !dispatcher.family.reserves(first)
        && let Some(text) = alias(dispatcher, &call, &leading)
    {
        return Ok(Answer::Text(text));
    }
    let mut call = call;
    call.line.push("--help".into());
    dispatcher.resolve(call)
}

/// The page of a topic, unless a program of that name is there; `topics` lists them all.
fn topic(dispatcher: &Dispatcher<'_>, call: &Call, word: &str) -> Option<String> {
    let places = crate::places::places(dispatcher.input, call.options.exec_path.as_deref());
    if dispatcher.search(&places, &[word]).hit.is_some() {
        return None;
    }
    if word != "topics" {
        return topics::text(word).map(str::to_owned);
    }
    let mut out = "Pages that belong to no command; each is also a manual page.\n".to_owned();
    section(&mut out, "Topics", topics::all());
    out.push_str("\nRead one: nova help formats, or man nova-formats\n");
    Some(out)
}

/// What the words of the dispatcher do.
pub(crate) fn own_summary(word: &str) -> &'static str {
    match word {
        "help" => "Explain a command or a topic",
        "version" => "Show the version",
        _ => "List every command with its source",
    }
}

/// What the verbs do that need no noun.
pub(crate) fn verb_summary(word: &str) -> &'static str {
    match word {
        "get" => "Show objects of any kind",
        "apply" => "Create or change objects to match files",
        "diff" => "Show what apply would change",
        "delete" => "Delete objects of any kind",
        "explain" => "Explain a kind, a field or an error code",
        "api-resources" => "List the kinds that the server knows",
        "api-versions" => "List the groups and versions that the server knows",
        _ => "",
    }
}

/// The dispatcher's own options, for completion.
pub(crate) fn options(family: &Family) -> Vec<(String, String)> {
    let globals = if family.voice == Voice::Dotnet {
        DOTNET_OPTIONS
    } else {
        TOOLKIT_OPTIONS
    };
    let long = |(left, about): &(&str, &str)| {
        let name = left
            .split(['[', ' ', ','])
            .find(|part| part.starts_with("--"))?;
        Some((name.to_owned(), (*about).to_owned()))
    };
    let mut all: Vec<_> = globals.iter().chain(OWN_OPTIONS).filter_map(long).collect();
    all.sort();
    all
}

fn own_word(family: &Family, word: &str) -> String {
    let name = &family.name;
    let (usage, about) = match word {
        "help" => (
            "[-a] [COMMAND...|TOPIC]",
            "Explain a command or a topic, or list all commands with -a",
        ),
        "version" => ("[-o json]", "Show the version"),
        _ => ("[-o json]", "List every command with its source"),
    };
    format!("{about}\n\nUsage: {name} {word} {usage}\n")
}

/// What an alias stands for, when the word is one and nothing else.
fn alias(dispatcher: &Dispatcher<'_>, call: &Call, leading: &[&str]) -> Option<String> {
    let first = leading.first()?;
    let places = crate::places::places(dispatcher.input, call.options.exec_path.as_deref());
    let hit = dispatcher.search(&places, leading).hit;
    let alias = dispatcher.config().ok()?.aliases.get(*first)?;
    let wins = hit.is_none() || alias.overrides;
    let wins = wins && dispatcher.family.voice == Voice::Toolkit;
    wins.then(|| {
        format!(
            "\"{first}\" is an alias for: {}\n",
            plain(&alias.expansion.to_string())
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fake, becomes, problem, text};

    fn files() -> Fake {
        Fake::default()
            .program("/opt/bin/nova-vm")
            .program("/a/nova-hello")
    }

    #[test]
    fn help_of_a_command_is_its_own_help() {
        assert_eq!(becomes(&files(), "nova help vm"), "/opt/bin/nova-vm --help");
        assert_eq!(
            becomes(&files(), "nova help vm create"),
            "/opt/bin/nova-vm create --help"
        );
        assert_eq!(
            becomes(&files(), "nova help vms create"),
            "/opt/bin/nova-vm create --help"
        );
        assert_eq!(
            becomes(&files(), "nova --help vm"),
            "/opt/bin/nova-vm --help"
        );
        assert_eq!(
            becomes(&files(), "nova help hello world"),
            "/a/nova-hello world --help"
        );
        assert_eq!(problem(&files(), "nova help nothing").code(), 2);
    }

    #[test]
    fn the_page_teaches_and_lists_only_what_is_installed() {
        let page = text(&files(), "nova");
        let full = text(&files(), "nova --help");
        assert_eq!(full, text(&files(), "nova help"));
        assert!(full.contains("--json-errors") && !page.contains("--json-errors"));
        for line in full.lines().chain(page.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(page.contains("  nova vm create web --image tiny"));
        assert!(page.contains("\n  vm   Manage virtual machines\n") && !page.contains("  pool "));
        assert!(page.contains("nova help -a"));
    }

    #[test]
    fn gonugets_page_has_dotnets_form() {
        let page = text(
            &Fake::default().program("/opt/bin/gonuget-package"),
            "gonuget",
        );
        assert!(page.contains("Usage: gonuget [options] [command]\n"));
        assert!(
            page.ends_with(
                "Use \"gonuget [command] --help\" for more information about a command.\n"
            )
        );
    }

    #[test]
    fn help_works_with_a_broken_configuration() {
        let files = files().config("= broken");
        assert!(text(&files, "nova help").contains("Usage:"));
        assert!(text(&files, "nova help -a").contains("First-party"));
        assert_eq!(becomes(&files, "nova help vm"), "/opt/bin/nova-vm --help");
        assert_eq!(becomes(&files, "nova help hello"), "/a/nova-hello --help");
    }

    #[test]
    fn own_words_and_aliases_explain_themselves() {
        let files = files().config("aliases.ls = 'vm list'");
        assert!(text(&files, "nova help version").contains("Usage: nova version"));
        assert_eq!(
            text(&files, "nova help ls"),
            "\"ls\" is an alias for: vm list\n"
        );
    }
}
