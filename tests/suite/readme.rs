//! What the documentation shows is what happens: its console blocks are run and compared.
//!
//! In expected output `[..]` stands for anything within a line, and a line `...` for any lines.
//! README.md shows figures as somebody saw them; there every number counts as every other.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::{Peer, Sandbox, Server, need};

/// A command and what is printed after it.
#[derive(Debug)]
struct Step {
    command: String,
    expected: Vec<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The steps of blocks whose lines are given without their indentation.
fn steps<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Step> {
    let mut found: Vec<Step> = Vec::new();
    for line in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            let (command, expected) = (command.to_owned(), Vec::new());
            found.push(Step { command, expected });
        } else if let Some(step) = found.last_mut() {
            step.expected.push(line.trim_end().to_owned());
        }
    }
    found
}

/// The steps of a topic: indented blocks that begin with `$ `.
fn topic_steps(text: &str) -> Vec<Step> {
    let blocks = text.split("\n\n").map(|block| block.trim_matches('\n'));
    let shown = blocks.filter(|block| block.starts_with("    $ "));
    shown
        .flat_map(|block| steps(block.lines().map(|line| line.get(4..).unwrap_or_default())))
        .collect()
}

/// The steps of README.md: fences marked `console`; scripts of the source tree are for people.
fn readme_steps(text: &str) -> Vec<Step> {
    let blocks = text.split("```console\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let all = blocks.flat_map(|block| steps(block.lines()));
    all.filter(|step| !step.command.starts_with("./")).collect()
}

/// Whether the lines fit, wildcards included.
fn fits(expected: &[String], got: &[&str]) -> bool {
    match (expected.split_first(), got.split_first()) {
        (None, None) => true,
        (Some((line, rest)), _) if line == "..." => {
            (0..=got.len()).any(|skip| fits(rest, &got[skip..]))
        }
        (Some((line, rest)), Some((found, more))) => line_fits(line, found) && fits(rest, more),
        _ => false,
    }
}

fn line_fits(expected: &str, found: &str) -> bool {
    let mut parts = expected.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Every number as `0` and every run of blanks as one.
fn without_figures(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        let c = if c.is_ascii_digit() { '0' } else { c };
        let again = (c == '0' || c == ' ') && out.ends_with(c);
        if !again {
            out.push(c);
        }
    }
    // Times: 193ms, 1.2s and 2m3s are the same to a reader.
    ["0m0s", "0.0s", "0ms"]
        .iter()
        .fold(out, |text, time| text.replace(time, "0s"))
}

/// Runs steps in order and reports every one that differs.
fn run(sandbox: &Sandbox, steps: &[Step], figures: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let host = sandbox.run("uname -n").ok();
    for Step { command, expected } in steps {
        let output = sandbox.shell(&format!("{{ {command}\n}} 2>&1"));
        let plain = |line: &str| {
            let line = line.trim_end();
            if figures {
                return line.to_owned();
            }
            // README.md calls this machine `box`.
            let ours = format!(" {} ", host.trim());
            without_figures(&line.replace(&ours, " box "))
        };
        let got: Vec<String> = output.stdout.lines().map(plain).collect();
        let got: Vec<&str> = got.iter().map(String::as_str).collect();
        let expected: Vec<String> = expected.iter().map(|line| plain(line)).collect();
        if !fits(&expected, &got) {
            let (expected, got) = (expected.join("\n"), output.stdout);
            wrong.push(format!(
                "$ {command}\n--- documented\n{expected}\n--- printed\n{got}"
            ));
        }
    }
    wrong
}

/// The machines of which the topics speak, on the simulator.
fn world() -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "sim");
    sandbox.import_stub_image("tiny");
    let made = "nova vm create web-1 web-2 --image tiny --label app=web";
    sandbox.run(made).ok();
    (sandbox, server)
}

/// The block of a topic that begins with the line `first`.
fn block(text: &str, first: &str) -> String {
    let lines = text.lines().skip_while(|line| line.trim_start() != first);
    let block = lines.take_while(|line| line.starts_with("    "));
    block.flat_map(|line| [&line[4..], "\n"]).collect()
}

#[test]
fn examples_of_the_topics_print_what_they_show() {
    let (mut sandbox, _server) = world();
    let read = |name: &str| std::fs::read_to_string(root().join("man/topics").join(name)).unwrap();
    // The worked examples are installed as the pages say.
    let dir = sandbox.path().join("extensions");
    std::fs::create_dir(&dir).unwrap();
    let hello = dir.join("nova-hello");
    std::fs::write(&hello, block(&read("extensions.txt"), "#!/bin/sh")).unwrap();
    std::fs::set_permissions(&hello, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        sandbox.path().join("bin").display(),
        dir.display()
    );
    sandbox.env("PATH", path);
    let aliases = block(&read("aliases.txt"), "[aliases]");
    let aliases = aliases.lines().filter(|line| !line.starts_with("hello"));
    let aliases: String = aliases.flat_map(|line| [line, "\n"]).collect();
    sandbox.write(".config/nova/config.toml", &aliases);

    let (mut wrong, mut count) = (Vec::new(), 0);
    let mut names: Vec<_> = std::fs::read_dir(root().join("man/topics"))
        .unwrap()
        .flatten()
        .collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    for entry in names {
        let steps = topic_steps(&std::fs::read_to_string(entry.path()).unwrap());
        count += steps.len();
        wrong.extend(run(&sandbox, &steps, true));
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} differ\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(count > 30, "{count}");
}

#[test]
fn the_readme_prints_what_it_shows() {
    if !need(Peer::Qemu, "the_readme_prints_what_it_shows") {
        return;
    }
    let mut sandbox = Sandbox::new();
    // On a terminal progress goes away when its work is done.
    sandbox.env("NOVA_PROGRESS", "none");
    let steps = readme_steps(&std::fs::read_to_string(root().join("README.md")).unwrap());
    assert!(steps.len() > 8, "{}", steps.len());
    let wrong = run(&sandbox, &steps, false);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Lines of help pages that are commands of ours.
fn help_examples() -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/golden/help"))
        .unwrap()
        .flatten()
    {
        if !entry.file_name().to_string_lossy().starts_with("nova-") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for page in text.split("\n$ ") {
            let lines = page.lines().skip_while(|line| *line != "Examples:").skip(1);
            let lines = lines.take_while(|line| line.starts_with("  "));
            found.extend(lines.map(|line| line.trim().to_owned()));
        }
    }
    // An example that is wider than the page goes on in the next line.
    found.retain(|line| line.starts_with("nova ") || line.contains("| nova "));
    found.sort();
    found.dedup();
    found
}

/// Examples that a test cannot run: they never end, take the world away, speak to a person, need a
/// login, or are for another shell.
fn runs_elsewhere(line: &str) -> bool {
    let never = ["nova server run", "nova server stop", "nova image build"];
    let asks = [" edit", "-it ", " -t ", "auth log", "| source", "DIGEST"];
    never.iter().any(|start| line.starts_with(start)) || asks.iter().any(|word| line.contains(word))
}

#[test]
fn examples_of_help_pages_are_commands_that_exist() {
    let (mut sandbox, _server) = world();
    sandbox.env("SHELL", "/bin/bash");
    let more = "nova vm create a b c db web job db-1 web-3 --image tiny --no-start";
    sandbox.run(more).ok();
    let (mut wrong, examples) = (Vec::new(), help_examples());
    for (index, line) in examples
        .iter()
        .enumerate()
        .filter(|(_, line)| !runs_elsewhere(line))
    {
        // What one example configures must not lead the next one astray.
        let config = sandbox.path().join(format!("config{index}"));
        sandbox.env("NOVA_CONFIG_DIR", config);
        let output = sandbox.run(&format!("timeout 5 bash -c {}", shell_words::quote(line)));
        // Not every example finds its objects here, but none may be misspelt. A delete asks, and
        // here is nobody to answer.
        let misspelt = matches!(output.code, 2 | 101 | 126 | 127);
        let asks =
            output.stderr.contains("--yes") || output.stderr.contains("no names on standard");
        if misspelt && !asks {
            wrong.push(output.to_string());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(examples.len() > 60, "{}", examples.len());
}
