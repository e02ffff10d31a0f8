//! Help pages and manuals of every tool: present, alike, and as committed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::support::{Sandbox, TOOLS};

/// Tools that are not dispatchers.
fn leaf_tools() -> impl Iterator<Item = &'static str> {
    TOOLS.into_iter().filter(|name| name.contains('-'))
}

/// The verbs on a page.
fn verbs(page: &str) -> Vec<String> {
    let lines = page.lines().skip_while(|line| *line != "Commands:").skip(1);
    let rows = lines.take_while(|line| line.starts_with("  "));
    // Deeper rows go on with a summary that did not fit.
    let rows = rows.filter(|line| !line.starts_with("   "));
    rows.filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|verb| verb != "help")
        .collect()
}

/// Every command of a tool, itself first, with its page in full.
fn pages(sandbox: &Sandbox, command: &str) -> Vec<(String, String)> {
    let page = sandbox.run(&format!("{command} --help")).ok();
    let inner: Vec<String> = verbs(&page);
    let mut all = vec![(command.to_owned(), page)];
    for verb in inner {
        all.extend(pages(sandbox, &format!("{command} {verb}")));
    }
    all
}

/// A sandbox as wide as the narrowest usual terminal.
fn narrow() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("COLUMNS", "80");
    sandbox
}

/// Compares with a file below `tests/golden/help`; `NOVA_BLESS=1` writes it instead.
fn golden(name: &str, text: &str) {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/help/{name}.txt"));
    if std::env::var_os("NOVA_BLESS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(text.lines()).find(|(old, new)| old != new);
    assert!(
        kept == text,
        "{name}: help differs from tests/golden/help/{name}.txt, first in {differs:?}; \
         when that is meant: NOVA_BLESS=1 ./tests/run.sh golden"
    );
}

#[test]
fn help_of_every_command_is_as_the_golden_file_says() {
    let sandbox = narrow();
    for tool in leaf_tools() {
        let mut text = String::new();
        for (command, page) in pages(&sandbox, tool) {
            writeln!(text, "$ {command} --help\n{page}").unwrap();
        }
        golden(tool, &text);
    }
}

#[test]
fn help_of_the_dispatchers_is_as_the_golden_file_says() {
    let sandbox = narrow();
    for line in [
        "nova",
        "nova --help",
        "nova help topics",
        "ghost",
        "gonuget",
    ] {
        golden(&line.replace([' ', '-'], "_"), &sandbox.run(line).ok());
    }
}

#[test]
fn every_page_has_a_verb_first_summary_without_a_period_and_fits_80_columns() {
    let sandbox = narrow();
    let mut leaves = 0;
    for tool in leaf_tools() {
        for (command, page) in pages(&sandbox, tool) {
            let summary = page.lines().next().unwrap();
            assert!(
                !summary.ends_with('.') && summary.chars().count() <= 72,
                "{command}: {summary}"
            );
            assert!(
                summary.starts_with(char::is_uppercase),
                "{command}: {summary}"
            );
            assert!(page.contains("Usage: "), "{command}");
            let leaf = verbs(&page).is_empty();
            leaves += usize::from(leaf);
            assert!(
                !leaf || page.contains("Examples:"),
                "{command} has no example"
            );
            for line in page.lines() {
                assert!(line.chars().count() <= 80, "{command}: {line}");
            }
        }
    }
    assert!(leaves > 50, "{leaves}");
}

#[test]
fn a_bare_tool_prints_its_short_page_on_stderr_and_exits_2() {
    let sandbox = Sandbox::new();
    for tool in leaf_tools().filter(|tool| *tool != "nova-completion") {
        let output = sandbox.run(tool);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output}");
        assert!(output.stderr.contains("Commands:"), "{output}");
        let version = sandbox.run(&format!("{tool} --version")).ok();
        assert!(version.starts_with(tool));
    }
}

#[test]
fn every_way_to_ask_for_help_gives_the_same_page() {
    let sandbox = Sandbox::new();
    let page = sandbox.run("nova vm create --help").ok();
    for line in [
        "nova help vm create",
        "nova vm help create",
        "nova --help vm create",
    ] {
        assert_eq!(sandbox.run(line).ok(), page, "{line}");
    }
    assert!(page.starts_with("Create VMs\n") && page.contains("Usage: nova vm create"));
    let short = sandbox.run("nova vm create -h").ok();
    assert!(short.len() < page.len() && !short.contains("--log-file"));
    assert!(sandbox.run("nova vm create --lable x").code == 2);
}

#[test]
fn topics_are_read_by_nova_help_and_are_manual_pages() {
    let sandbox = Sandbox::new();
    let list = sandbox.run("nova help topics").ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut count = 0;
    for entry in std::fs::read_dir(root.join("topics")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(sandbox.run(&format!("nova help {name}")).ok(), text);
        assert!(
            list.contains(&format!("\n  {name} ")),
            "{name} is not listed"
        );
        assert!(
            root.join(format!("nova-{name}.7")).exists(),
            "{name} has no manual page"
        );
        count += 1;
    }
    assert!(count >= 8, "{count}");
    assert!(
        sandbox
            .run("nova help format")
            .ok()
            .starts_with("formats - ")
    );
    sandbox
        .run("nova help no-such-topic")
        .fails(2, &["no-such-topic"]);
}

#[test]
fn manual_pages_are_as_committed() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path().join("man");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_nova-box"))
        .args(["--man", dir.to_str().unwrap()])
        .status()
        .unwrap();
    assert!(status.success());
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut written = 0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        let old = std::fs::read_to_string(committed.join(name)).unwrap_or_default();
        let new = std::fs::read_to_string(&path).unwrap();
        assert!(
            old == new,
            "{} is old: run `cargo box --man man`",
            name.display()
        );
        written += 1;
    }
    assert!(written > 60, "{written}");
}

#[test]
fn no_manual_page_outlives_its_command() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path().join("man");
    let line = format!("{} --man {}", env!("CARGO_BIN_EXE_nova-box"), dir.display());
    sandbox.run(&line).ok();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    for entry in std::fs::read_dir(committed).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let written = name == "nova.1" || path.is_dir() || dir.join(name).exists();
        assert!(written, "man/{name} belongs to no command; delete it");
    }
}
