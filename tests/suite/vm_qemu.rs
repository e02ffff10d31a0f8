//! Every verb of `nova vm` on a real machine.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Peer, Sandbox, Server, Terminal, need, wait_for};

/// A sandbox with a server on QEMU and the tiny image.
fn qemu(test: &str) -> Option<(Sandbox, Server)> {
    need(Peer::Qemu, test).then(|| {
        let sandbox = Sandbox::new();
        let server = Server::start(&sandbox, "qemu");
        sandbox.run("nova image build tiny").ok();
        (sandbox, server)
    })
}

#[test]
fn a_real_machine_lives_through_every_verb() {
    let Some((mut sandbox, _server)) = qemu("a_real_machine_lives_through_every_verb") else {
        return;
    };
    sandbox
        .run("nova vm create a --image tiny --memory 256Mi --label app=web")
        .ok();
    assert!(
        sandbox
            .run("nova vm exec a -- uname -a")
            .ok()
            .starts_with("Linux ")
    );
    let list = sandbox.run("nova vm list").ok();
    assert!(list.contains("Running") && list.contains("True"), "{list}");
    let wide = sandbox.run("nova vm list -o wide").ok();
    assert!(
        wide.lines().next().unwrap().contains("IMAGE") && wide.contains("tiny"),
        "{wide}"
    );
    let vm = sandbox.run("nova vm get a -o json").json();
    assert_eq!(vm["status"]["engine"], "qemu");
    let described = sandbox.run("nova vm describe a").ok();
    for part in ["Name:", "Conditions:", "Events:", "AgentConnected"] {
        assert!(described.contains(part), "{described}");
    }
    let first = vm["status"]["pid"].as_i64().unwrap();

    sandbox.run("nova vm pause a").ok();
    sandbox
        .run("nova vm exec a -- true")
        .fails(125, &["resume"]);
    sandbox.run("nova vm resume a").ok();
    sandbox.run("nova vm exec a -- true").ok();
    sandbox.run("nova vm update a --label tier=front").ok();
    let waits = sandbox.run("nova vm update a --set resources.cpu=2").ok();
    assert!(waits.contains("restart"), "{waits}");
    sandbox.run("nova vm restart a --cold").ok();
    assert_eq!(sandbox.run("nova vm exec a -- nproc").ok(), "2\n");
    let vm = sandbox.run("nova vm get a -o json").json();
    assert_ne!(vm["status"]["pid"].as_i64().unwrap(), first);
    sandbox.run("nova vm restart a --hard").ok();
    sandbox.run("nova vm exec a -- true").ok();

    reads_and_edits(&mut sandbox);

    let stopped = sandbox.run("nova vm stop a").ok();
    assert!(stopped.starts_with("vm/a stopped (agent"), "{stopped}");
    sandbox.run("nova vm start a").ok();
    sandbox.run("nova vm stop a --force").ok();
    sandbox.run("nova vm delete a -y").ok();
    sandbox.nothing_is_left();
}

/// Edit, logs, events, stats and wait on the running machine `a`.
fn reads_and_edits(sandbox: &mut Sandbox) {
    sandbox.env("NOVA_EDITOR", "sed -i 's/app: web/app: api/'");
    sandbox.run("nova vm edit a").ok();
    assert!(
        sandbox
            .run("nova vm list -l app=api")
            .ok()
            .contains("Running")
    );

    let logs = sandbox.run("nova vm logs a").ok();
    assert!(logs.contains("BusyBox"), "{logs}");
    assert_eq!(
        sandbox.run("nova vm logs a --tail 2").ok().lines().count(),
        2
    );
    // The guest's shell asks the terminal where its cursor is; in a terminal of ours nobody hears that.
    assert!(logs.contains("\x1b[6n"), "{logs:?}");
    let terminal = Terminal::run(sandbox, 80, "nova vm logs a --no-pager");
    terminal.until("BusyBox");
    let seen = terminal.seen();
    assert!(!seen.contains("\x1b[6n"), "{seen:?}");
    terminal.end(80).ok();
    let events = sandbox.run("nova vm events a").ok();
    assert!(events.contains("Started"), "{events}");
    let stats = sandbox.run("nova vm stats a -o json").json();
    assert!(stats.to_string().contains("memoryUsed"), "{stats}");
    let all = sandbox.run("nova vm stats").ok();
    assert!(all.lines().nth(1).unwrap().starts_with("a   "), "{all}");
    sandbox.run("nova vm wait a --for=ready --for=ip").ok();
}

#[test]
fn exec_keeps_streams_apart_and_passes_the_exit_code() {
    let Some((sandbox, _server)) = qemu("exec_keeps_streams_apart") else {
        return;
    };
    sandbox
        .run("nova vm create a --image tiny --memory 256Mi")
        .ok();
    let output = sandbox.run("nova vm exec a -- sh -c 'echo out; echo err >&2; exit 7'");
    assert_eq!(
        (output.code, output.stdout.as_str(), output.stderr.as_str()),
        (7, "out\n", "err\n")
    );
    assert_eq!(
        sandbox.run("nova vm exec a -- sh -c 'kill -9 $$'").code,
        137
    );
    assert_eq!(sandbox.run("nova vm exec a -- no-such-program").code, 127);
    let echoed = sandbox
        .run_with_input("nova vm exec -i a -- cat", b"one\ntwo\n")
        .ok();
    assert_eq!(echoed, "one\ntwo\n");
    let spoken = sandbox
        .run("nova vm exec a --env 'A=b c' --cwd /tmp -- sh -c 'echo $A; pwd'")
        .ok();
    assert_eq!(spoken, "b c\n/tmp\n");
    let quoted = sandbox
        .run("nova vm exec a -- echo \"it's \\\"quoted\\\" \\$HOME; *\"")
        .ok();
    assert_eq!(quoted, "it's \"quoted\" $HOME; *\n");
    sandbox
        .run("nova vm exec nope -- true")
        .fails(125, &["\"nope\" not found"]);
    sandbox
        .run("nova vm exec -t a -- true")
        .fails(125, &["terminal"]);
    let start = Instant::now();
    assert_eq!(
        sandbox.run("nova vm exec a --timeout 2s -- sleep 60").code,
        124
    );
    assert!(start.elapsed() < Duration::from_secs(20));
    sandbox.run("nova vm stop a --force").ok();
    sandbox
        .run("nova vm exec a -- true")
        .fails(125, &["nova vm start"]);
}

#[test]
fn twenty_megabytes_of_output_arrive_whole() {
    let Some((sandbox, _server)) = qemu("twenty_megabytes_of_output_arrive_whole") else {
        return;
    };
    sandbox
        .run("nova vm create a --image tiny --memory 256Mi")
        .ok();
    let here = sandbox
        .shell("nova vm exec a -- sh -c 'yes 0123456789abcdef | head -c 20000000' | sha256sum")
        .ok();
    let want = sandbox
        .shell("(yes 0123456789abcdef || true) | head -c 20000000 | sha256sum")
        .ok();
    assert_eq!(here, want);
}

#[test]
fn an_interrupt_ends_the_remote_command() {
    let Some((sandbox, _server)) = qemu("an_interrupt_ends_the_remote_command") else {
        return;
    };
    sandbox
        .run("nova vm create a --image tiny --memory 256Mi")
        .ok();
    let mut command = sandbox.command("nova-vm exec a -- sleep 4321");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let running = || {
        sandbox
            .run("nova vm exec a -- sh -c 'ps | grep -c \"[s]leep 4321\"'")
            .stdout
            .trim()
            != "0"
    };
    let until = |want: bool| {
        let start = Instant::now();
        while running() != want {
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "sleep 4321 runs: {}",
                !want
            );
        }
    };
    until(true);
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(wait_for("nova-vm exec", child).code, 130);
    until(false);
}
