//! Tables as a person sees them: watched in place, cut to the terminal, in colour, or read aloud.

use crate::support::{Sandbox, Server, Terminal};

/// A server with stopped machines of these names.
fn machines(names: &[&str]) -> (Sandbox, Server) {
    let mut sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "sim");
    sandbox.env("TERM", "xterm");
    for name in names {
        sandbox.create_stopped(name, "");
    }
    (sandbox, server)
}

/// The first cells of a screen's lines.
fn firsts(screen: &[String]) -> Vec<&str> {
    let first = |line: &String| line.split("   ").next().map(str::len);
    screen
        .iter()
        .map(|line| &line[..first(line).unwrap_or(0)])
        .collect()
}

#[test]
fn a_watched_table_changes_where_it_stands() {
    let (sandbox, _server) = machines(&["alpha", "beta"]);
    let mut terminal = Terminal::run(&sandbox, 80, "nova vm list -w");
    terminal.until_screen(80, |screen| firsts(screen) == ["NAME", "alpha", "beta"]);
    sandbox.run("nova vm delete beta --yes").ok();
    sandbox.create_stopped("gamma", "");
    terminal.until_screen(80, |screen| {
        let gone = screen
            .iter()
            .any(|line| line.starts_with("beta    Deleted"));
        gone && firsts(screen) == ["NAME", "alpha", "beta", "gamma"]
    });
    // Its age goes on, and what is gone goes after a moment.
    terminal.until_screen(80, |screen| {
        let ages = screen.iter().skip(1).all(|line| !line.ends_with(" 0s"));
        ages && firsts(screen) == ["NAME", "alpha", "gamma"]
    });
    terminal.press("\x03");
    let ended = terminal.end(80);
    assert_eq!(ended.code, 130, "{ended}");
    assert_eq!(ended.stdout.matches("NAME").count(), 1, "{ended}");
}

#[test]
fn a_watch_appends_where_that_is_asked_for_and_in_pipes() {
    let (sandbox, _server) = machines(&["alpha"]);
    let mut terminal = Terminal::run(&sandbox, 80, "nova get vm -w --append");
    terminal.until("alpha");
    sandbox.run("nova vm update alpha --label a=b").ok();
    terminal.until_screen(80, |screen| firsts(screen) == ["NAME", "alpha", "alpha"]);
    assert!(!terminal.seen().contains("\x1b[J"), "{:?}", terminal.seen());
    terminal.press("\x03");
    assert_eq!(terminal.end(80).code, 130);
}

#[test]
fn sorted_watches_stay_sorted_and_more_rows_than_the_screen_holds_are_counted() {
    let names: Vec<String> = (0..30).map(|n| format!("vm-{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (sandbox, _server) = machines(&names);
    let mut terminal = Terminal::run(&sandbox, 80, "nova vm list -w --sort-by .metadata.name");
    // The terminal has 24 lines: a header, 21 machines, and a word about the others.
    terminal.until_screen(80, |screen| {
        screen.len() == 23 && screen.last().is_some_and(|line| line == "and 9 more")
    });
    sandbox.create_stopped("aaa", "");
    terminal.until_screen(80, |screen| {
        screen.len() == 23 && firsts(screen)[1] == "aaa"
    });
    terminal.press("\x03");
    assert_eq!(terminal.end(80).code, 130);
}

#[test]
fn a_table_is_cut_to_the_terminal_and_nowhere_else() {
    let (sandbox, _server) = machines(&["alpha"]);
    let long = "a-value-that-is-much-too-long-for-any-screen-of-eighty";
    let label = format!("nova vm update alpha --label owner={long}");
    sandbox.run(&label).ok();
    let shown = |line: &str| Terminal::run(&sandbox, 80, line).end(400).stdout;
    let cut = shown("nova vm list -L owner");
    assert!(cut.contains('…') && !cut.contains(long), "{cut}");
    assert!(cut.lines().all(|line| line.chars().count() <= 80), "{cut}");
    let whole = shown("nova vm list -L owner --no-trunc");
    assert!(whole.contains(long), "{whole}");
    let piped = sandbox.run("nova vm list -L owner").ok();
    assert!(piped.contains(long), "{piped}");
    // The least important columns of a wide table go before anything is cut.
    let wide = shown("nova get namespaces,vm -o wide");
    assert!(!wide.contains('…'), "{wide}");
}

#[test]
fn words_of_state_have_a_colour_unless_nobody_wants_one() {
    let (mut sandbox, _server) = machines(&["alpha"]);
    let seen = |sandbox: &Sandbox| {
        let terminal = Terminal::run(sandbox, 80, "nova vm list");
        terminal.until("alpha");
        terminal.until("\n");
        let seen = terminal.seen();
        terminal.end(80).ok();
        seen
    };
    let colored = seen(&sandbox);
    assert!(colored.contains("\x1b[2mStopped\x1b[0m"), "{colored:?}");
    sandbox.env("NO_COLOR", "1");
    let plain = seen(&sandbox);
    assert!(!plain.contains('\x1b'), "{plain:?}");
}

#[test]
fn a_screen_reader_hears_each_cell_with_its_header() {
    let (mut sandbox, _server) = machines(&["alpha", "beta"]);
    sandbox.env("NOVA_SCREEN_READER", "1");
    let heard = Terminal::run(&sandbox, 80, "nova vm list").end(80).stdout;
    let records: Vec<&str> = heard.split("\n\n").collect();
    assert!(
        records[0].starts_with("Name: alpha\nStatus: Stopped\nReady: False\n"),
        "{heard}"
    );
    assert!(records[1].starts_with("Name: beta\n"), "{heard}");
    let piped = sandbox.run("nova vm list").ok();
    assert!(piped.starts_with("NAME"), "{piped}");
}
