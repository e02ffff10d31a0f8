//! Progress and questions as a person sees them: on a terminal, wide, narrow, dumb or resized.

use std::time::Duration;

use crate::support::{Sandbox, Server, Terminal};

/// A server whose machines take two seconds to be ready.
fn slow() -> (Sandbox, Server) {
    let mut sandbox = Sandbox::new();
    let server = Server::start_with(
        &sandbox,
        r#"--engine sim --sim-options '{"agentDelayMillis":2000,"shutdownMillis":50}'"#,
    );
    sandbox.import_stub_image("stub");
    sandbox.env("TERM", "xterm");
    (sandbox, server)
}

#[test]
fn a_live_line_fits_every_width_and_is_gone_at_the_end() {
    let (sandbox, _server) = slow();
    for (at, columns) in [200_u16, 80, 40, 20].into_iter().enumerate() {
        let line = format!("nova vm create vm{at} --image stub");
        let terminal = Terminal::run(&sandbox, columns, &line);
        terminal.until(": boot");
        let drawn = terminal.seen();
        let ended = terminal.end(usize::from(columns));
        assert_eq!(ended.code, 0, "{ended}");
        assert!(
            ended.stdout.contains(&format!("vm/vm{at} created")),
            "{ended}"
        );
        assert!(!ended.stdout.contains(['⠋', '⠙', '⠹']), "{ended}");
        let frames = drawn
            .split(['\r', '\n'])
            .map(|frame| frame.replace("\x1b[J", ""));
        for frame in frames.filter(|frame| frame.starts_with(['⠋', '⠙', '⠹', '⠸'])) {
            assert!(
                frame.chars().count() <= usize::from(columns) - 3,
                "{columns}: {frame}"
            );
        }
    }
}

#[test]
fn a_terminal_that_becomes_narrow_in_between_is_left_clean() {
    let (sandbox, _server) = slow();
    let terminal = Terminal::run(&sandbox, 80, "nova vm create a --image stub");
    terminal.until(": boot ");
    terminal.resize(30);
    std::thread::sleep(Duration::from_millis(400));
    let after = terminal.seen().len();
    terminal.until("created");
    let late = terminal.seen()[after..].to_owned();
    let ended = terminal.end(80);
    assert_eq!(ended.code, 0, "{ended}");
    assert!(!ended.stdout.contains(['⠋', '⠙', '⠹']), "{ended}");
    let widest = late
        .split(['\r', '\n'])
        .map(|part| part.chars().count())
        .max();
    assert!(widest.is_some_and(|widest| widest < 80), "{late:?}");
}

#[test]
fn ctrl_c_takes_the_live_line_away_and_ends_by_the_signal() {
    let (sandbox, _server) = slow();
    let mut terminal = Terminal::run(&sandbox, 80, "nova vm create a --image stub");
    terminal.until(": boot ");
    terminal.press("\x03");
    let ended = terminal.end(80);
    assert_eq!(ended.code, 130, "{ended}");
    assert!(!ended.stdout.contains(['⠋', '⠙', '⠹', '⠸']), "{ended}");
}

#[test]
fn dumb_terminals_screen_readers_and_other_locales_get_what_they_can_show() {
    let (mut sandbox, _server) = slow();
    sandbox.env("LC_ALL", "C");
    let ended = Terminal::run(&sandbox, 80, "nova vm create ascii --image stub").end(80);
    assert!(ended.stdout.is_ascii(), "{ended}");
    sandbox.env("TERM", "dumb");
    let terminal = Terminal::run(&sandbox, 80, "nova vm create dumb --image stub");
    terminal.until("created");
    assert!(!terminal.seen().contains('\x1b'), "{:?}", terminal.seen());
    assert!(
        terminal.seen().contains("creating vm/dumb: "),
        "{:?}",
        terminal.seen()
    );
    sandbox.env("TERM", "xterm").env("NOVA_SCREEN_READER", "1");
    let terminal = Terminal::run(&sandbox, 80, "nova vm create reader --image stub");
    terminal.until("created");
    let spoken = terminal.seen();
    assert!(spoken.contains("Creating vm/reader: "), "{spoken:?}");
    assert!(
        spoken.lines().any(|line| line.trim_end().ends_with('.')),
        "{spoken:?}"
    );
    assert!(!spoken.contains("\x1b["), "{spoken:?}");
}

#[test]
fn no_color_leaves_no_colour_and_quiet_no_progress() {
    let (mut sandbox, _server) = slow();
    sandbox.env("NO_COLOR", "1");
    let terminal = Terminal::run(&sandbox, 80, "nova vm create a --image stub");
    terminal.until("created");
    assert!(!terminal.seen().contains("\x1b[3"), "{:?}", terminal.seen());
    let ended = Terminal::run(&sandbox, 80, "nova -q vm create b --image stub").end(80);
    assert_eq!(ended.ok(), "vm/b created\n");
    let ended = Terminal::run(
        &sandbox,
        80,
        "nova vm create c --image stub --progress none",
    )
    .end(80);
    assert_eq!(ended.ok(), "vm/c created\n");
}

#[test]
fn progress_as_json_is_one_event_per_line_of_one_schema() {
    let (sandbox, _server) = slow();
    let ran = sandbox.run("nova vm create a --image stub --progress json");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "vm/a created\n"),
        "{ran}"
    );
    let events: Vec<serde_json::Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let fields = [
        "v", "ts", "op", "event", "phase", "step", "status", "current", "total", "unit", "etaMs",
        "rate", "message",
    ];
    for event in &events {
        let object = event.as_object().unwrap();
        assert!(
            fields.iter().all(|field| object.contains_key(*field)),
            "{event}"
        );
        assert_eq!(event["op"], "creating vm/a");
    }
    assert_eq!(events[0]["event"], "phase.start");
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["status"]),
        (&"done".into(), &"completed".into())
    );
    let fd = sandbox.shell("nova vm create b --image stub --progress-fd 3 3>\"$HOME/events\"");
    assert_eq!(fd.ok(), "vm/b created\n");
    let written = std::fs::read_to_string(sandbox.home().join("events")).unwrap();
    assert!(written.contains(r#""event":"done""#), "{written}");
}

/// A context that points at the sandbox's own server, protected or not.
fn contexts(sandbox: &Sandbox, protected: bool) {
    let socket = sandbox.path().join("run/nova/nova.sock");
    let text = format!(
        "version = 1\ncurrent_context = \"prod\"\n[[contexts]]\nname = \"prod\"\ncluster = \"c\"\nprotected = {protected}\n\
[[clusters]]\nname = \"c\"\nserver = \"unix:{}\"\n",
        socket.display()
    );
    sandbox.write(".config/nova/config.toml", &text);
}

fn machines(sandbox: &Sandbox, names: &str) {
    sandbox
        .run(&format!(
            "nova vm create {names} --image stub --no-start --yes"
        ))
        .ok();
}

#[test]
fn deletes_ask_with_names_count_and_context_and_only_yes_is_a_yes() {
    let (sandbox, _server) = slow();
    contexts(&sandbox, false);
    machines(&sandbox, "a b c");
    for answer in ["n\r", "\r", "\x04", "sure\r"] {
        let mut terminal = Terminal::run(&sandbox, 80, "nova vm delete a");
        terminal.until("[y/N] ");
        assert!(
            terminal
                .seen()
                .contains("delete vm/a in namespace default, context prod? [y/N] ")
        );
        terminal.press(answer);
        let ended = terminal.end(80);
        assert_eq!(ended.code, 12, "{ended}");
        assert!(ended.stdout.contains("cancelled"), "{ended}");
    }
    let mut terminal = Terminal::run(&sandbox, 80, "nova vm delete a b");
    terminal.until("delete 2 objects: vm/a, vm/b in namespace default, context prod? [y/N] ");
    terminal.press("\x03");
    let ended = terminal.end(80);
    assert_eq!(ended.code, 130, "{ended}");
    let mut terminal = Terminal::run(&sandbox, 80, "nova vm delete --all");
    terminal.until("  vm/c\r\ndelete these 3 objects in namespace default, context prod? [y/N] ");
    terminal.press("y\r");
    assert!(terminal.end(80).ok().contains("vm/c deleted"));
}

#[test]
fn a_protected_context_wants_its_name_and_no_flag_but_confirm_is_enough() {
    let (sandbox, _server) = slow();
    machines(&sandbox, "a b c");
    contexts(&sandbox, true);
    sandbox
        .run("nova vm delete a --yes")
        .fails(2, &["context \"prod\" is protected", "--confirm prod"]);
    sandbox.run("nova vm delete a --confirm prod").ok();
    let mut terminal = Terminal::run(&sandbox, 80, "nova vm delete b --yes");
    terminal.until("type prod to delete: ");
    terminal.press("y\r");
    assert_eq!(terminal.end(80).code, 12);
    let mut terminal = Terminal::run(&sandbox, 80, "nova vm delete b");
    terminal.until("type prod to delete: ");
    terminal.press("prod\r");
    assert!(terminal.end(80).ok().contains("vm/b deleted"));
}

#[test]
fn without_a_terminal_every_class_names_its_flag() {
    let (mut sandbox, _server) = slow();
    machines(&sandbox, "a b");
    sandbox
        .run("nova vm delete a")
        .fails(2, &["refusing to delete 1 object", "--yes"]);
    sandbox
        .run("nova vm delete --all")
        .fails(2, &["refusing to delete 2 objects", "--yes"]);
    sandbox
        .run("nova vm delete a --config preferences.confirm_destructive=bulk")
        .ok();
    sandbox
        .run("nova vm delete --all --config preferences.confirm_destructive=bulk")
        .fails(2, &["--yes"]);
    sandbox.env("NOVA_ENVIRONMENT", "prod");
    sandbox.write(
        ".config/nova/config.toml",
        "[environments.prod]\nprotect = true\nconfirm = \"type-name\"\ndeny = [\"vm stop\"]\n",
    );
    sandbox.run("nova vm delete b --yes").fails(
        2,
        &["environment \"prod\" is protected", "--confirm prod,b"],
    );
    sandbox.run("nova vm stop b").fails(
        3,
        &[
            "`vm stop` must not run in environment \"prod\"",
            "config.toml:4",
        ],
    );
    sandbox.run("nova vm delete b --confirm prod,b").ok();
}

/// The longest and a short output of a pure reader.
const LONG: &str = "nova config schema";
const SHORT: &str = "nova config get defaults.cpu";

#[test]
fn long_output_of_readers_is_paged_on_terminals_and_only_there() {
    let mut sandbox = Sandbox::new();
    sandbox.env("TERM", "xterm").env("PAGER", "sed s/^/paged:/");
    let paged = |sandbox: &Sandbox, line: &str| {
        let ended = Terminal::run(sandbox, 80, line).end(400);
        assert_eq!(ended.code, 0, "{ended}");
        ended.stdout.contains("paged:")
    };
    assert!(paged(&sandbox, LONG) && paged(&sandbox, "nova vm create --help"));
    assert!(!paged(&sandbox, SHORT) && !paged(&sandbox, &format!("{LONG} --no-pager")));
    assert!(!paged(&sandbox, "nova vm create --help --no-pager"));
    assert!(!sandbox.run(LONG).ok().contains("paged:"));
    // The configuration stands above PAGER, NOVA_PAGER above both; empty and cat mean none.
    sandbox.run("nova config set global.pager ''").ok();
    assert!(!paged(&sandbox, LONG));
    sandbox.env("NOVA_PAGER", "sed 's/^/paged: /'");
    assert!(paged(&sandbox, LONG));
    sandbox.env("NOVA_PAGER", "cat");
    assert!(!paged(&sandbox, LONG));
}

#[test]
fn leaving_the_pager_early_is_no_error_and_a_missing_one_no_reason_to_show_nothing() {
    let mut sandbox = Sandbox::new();
    sandbox.env("TERM", "xterm").env("NOVA_PAGER", "head -n 1");
    let ended = Terminal::run(&sandbox, 80, LONG).end(400);
    assert_eq!(
        (ended.code, ended.stdout.lines().count()),
        (0, 1),
        "{ended}"
    );
    sandbox.env("NOVA_PAGER", "no-such-pager --flag");
    let ended = Terminal::run(&sandbox, 80, LONG).end(400);
    assert!(ended.ok().contains("providers.kubernetes.namespace"));
}
