//! Help pages and manuals of every tool: present, alike, and as committed.

use std::path::Path;

use crate::support::{Sandbox, TOOLS};

/// Tools that are not dispatchers.
fn leaf_tools() -> impl Iterator<Item = &'static str> {
    TOOLS.into_iter().filter(|name| name.contains('-'))
}

/// The commands of a tool, from its own short page.
fn verbs(sandbox: &Sandbox, tool: &str) -> Vec<String> {
    let page = sandbox.run(&format!("{tool} -h")).ok();
    let lines = page.lines().skip_while(|line| *line != "Commands:").skip(1);
    let rows = lines.take_while(|line| line.starts_with("  "));
    rows.filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn every_verb_has_help_with_a_summary_that_starts_with_a_verb_and_has_no_period() {
    let sandbox = Sandbox::new();
    for tool in leaf_tools() {
        let verbs = verbs(&sandbox, tool);
        assert!(!verbs.is_empty(), "{tool}");
        for verb in verbs.iter().filter(|verb| *verb != "help") {
            let page = sandbox.run(&format!("{tool} {verb} --help")).ok();
            let summary = page.lines().next().unwrap();
            assert!(
                !summary.ends_with('.') && summary.len() <= 72,
                "{tool} {verb}: {summary}"
            );
            assert!(
                summary.starts_with(char::is_uppercase),
                "{tool} {verb}: {summary}"
            );
            assert!(page.contains("Usage: "), "{tool} {verb}");
        }
    }
}

#[test]
fn a_bare_tool_prints_its_short_page_on_stderr_and_exits_2() {
    let sandbox = Sandbox::new();
    for tool in leaf_tools() {
        let output = sandbox.run(tool);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output}");
        assert!(output.stderr.contains("Commands:"), "{output}");
        assert!(
            sandbox
                .run(&format!("{tool} --version"))
                .ok()
                .starts_with(tool)
        );
    }
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
    assert!(written > 40, "{written}");
}
