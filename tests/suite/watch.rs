//! Watches go on when the server was killed, and say nothing twice.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::support::{Sandbox, Server};

/// Longer than a client waits between two attempts.
const LIMIT: Duration = Duration::from_secs(30);

/// A watch whose lines are read as they come. Ended when dropped.
struct Watch {
    line: String,
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Watch {
    fn start(sandbox: &Sandbox, line: &str) -> Self {
        let mut command = sandbox.command(line);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        Self {
            line: line.to_owned(),
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits until a line holds `text`.
    #[track_caller]
    fn expect(&mut self, text: &str) {
        let start = Instant::now();
        while !self.seen.iter().any(|line| line.contains(text)) {
            let line = self.lines.recv_timeout(Duration::from_millis(200));
            self.seen.extend(line);
            assert!(
                start.elapsed() < LIMIT,
                "`{}` never said `{text}`:\n{}",
                self.line,
                self.seen.join("\n")
            );
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Ended already is what we want.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Every format of a watch, and what a line about the object must hold.
const FORMATS: [(&str, &str); 12] = [
    ("", "NAME   "),
    ("-o wide --output-watch-events", "ADDED      NAME   "),
    ("-o name", "virtualmachine.nova.dev/NAME"),
    ("-o json", "\"name\":\"NAME\""),
    ("-o json --output-watch-events", "\"name\":\"NAME\""),
    ("-o jsonl", "\"name\":\"NAME\""),
    ("-o yaml", "  name: NAME"),
    ("-o 'jsonpath={.metadata.name}{\"!\\n\"}'", "NAME!"),
    ("-o 'go-template={{.metadata.name}}!{{\"\\n\"}}'", "NAME!"),
    (
        "-o custom-columns=N:.metadata.name,P:.status.phase",
        "NAME   ",
    ),
    ("-o csv --columns name,status", "NAME,"),
    ("-o tsv --output-watch-events", "ADDED\tNAME\t"),
];

#[test]
fn watches_in_every_format_survive_a_killed_server() {
    let mut sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "sim");
    // Named explicitly, so that no client starts a server of its own in between.
    let socket = sandbox.path().join("run/nova/nova.sock");
    sandbox.env("NOVA_ENDPOINT", format!("unix:{}", socket.display()));
    sandbox.import_stub_image("tiny");
    let create = |name: &str| {
        sandbox
            .run(&format!(
                "nova-vm create {name} --image tiny --no-start --no-wait"
            ))
            .ok();
    };
    create("alpha");
    let start = |(flags, text): (&str, &'static str)| {
        (
            Watch::start(&sandbox, &format!("nova-vm list -w {flags}")),
            text,
        )
    };
    let mut watches: Vec<(Watch, &str)> = FORMATS.into_iter().map(start).collect();
    for (watch, text) in &mut watches {
        watch.expect(&text.replace("NAME", "alpha"));
    }
    server.kill();
    std::thread::sleep(Duration::from_millis(300));
    let _again = Server::start(&sandbox, "sim");
    create("beta");
    for (watch, text) in &mut watches {
        watch.expect(&text.replace("NAME", "beta"));
        // What was shown before the crash is not shown again unless it changed.
        let added = watch
            .seen
            .iter()
            .filter(|line| line.starts_with("ADDED") && line.contains("alpha"));
        assert!(
            added.count() <= 1,
            "{}:\n{}",
            watch.line,
            watch.seen.join("\n")
        );
    }
}

#[test]
fn watch_only_leaves_out_what_is_there_and_names_narrow_it() {
    let sandbox = Sandbox::new();
    let _server = Server::start(&sandbox, "sim");
    sandbox.import_stub_image("tiny");
    let create = |name: &str| {
        sandbox
            .run(&format!("nova-vm create {name} --image tiny --no-start"))
            .ok();
    };
    create("old");
    create("other");
    let mut all = Watch::start(&sandbox, "nova-vm list --watch-only -o name");
    let mut one = Watch::start(&sandbox, "nova-vm get other -w -o name");
    one.expect("virtualmachine.nova.dev/other");
    // Until the first change there is nothing to wait for.
    std::thread::sleep(Duration::from_millis(500));
    create("new");
    all.expect("virtualmachine.nova.dev/new");
    sandbox.run("nova-vm delete other --yes --no-wait").ok();
    all.expect("virtualmachine.nova.dev/other");
    assert!(
        all.seen.iter().all(|line| !line.ends_with("/old")),
        "{:?}",
        all.seen
    );
    assert!(
        one.seen.iter().all(|line| line.ends_with("/other")),
        "{:?}",
        one.seen
    );
}

#[test]
fn several_kinds_are_watched_over_one_connection_which_may_break() {
    let mut sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "sim");
    let socket = sandbox.path().join("run/nova/nova.sock");
    sandbox.env("NOVA_ENDPOINT", format!("unix:{}", socket.display()));
    sandbox.import_stub_image("tiny");
    sandbox.run("nova-namespace create prod").ok();
    sandbox
        .run("nova-vm create alpha --image tiny --no-start")
        .ok();
    let mut names = Watch::start(&sandbox, "nova get vm,ns -w -o name");
    let mut table = Watch::start(&sandbox, "nova get vm,ns -w --output-watch-events");
    let mut lines = Watch::start(&sandbox, "nova get vm/alpha vm/beta ns/late -w -o json");
    names.expect("virtualmachine.nova.dev/alpha");
    names.expect("namespace/prod");
    table.expect("virtualmachine.nova.dev/alpha   Stopped");
    table.expect("namespace/prod                  Active");
    lines.expect("\"name\":\"alpha\"");
    server.kill();
    std::thread::sleep(Duration::from_millis(300));
    let _again = Server::start(&sandbox, "sim");
    sandbox
        .run("nova-vm create beta gamma --image tiny --no-start")
        .ok();
    sandbox.run("nova-namespace create late").ok();
    for watch in [&mut names, &mut table] {
        watch.expect("virtualmachine.nova.dev/gamma");
        watch.expect("namespace/late");
    }
    lines.expect("\"name\":\"beta\"");
    lines.expect("\"name\":\"late\"");
    let seen = lines.seen.join("\n");
    assert!(!seen.contains("\"name\":\"gamma\""), "{seen}");
    assert!(!seen.contains("managedFields"), "{seen}");
    let told = |word: &str| {
        names
            .seen
            .iter()
            .filter(|line| line.ends_with(word))
            .count()
    };
    assert_eq!((told("/prod"), told("/alpha")), (1, 1), "{:?}", names.seen);
}
