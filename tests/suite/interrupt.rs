//! Ctrl-C: what a tool still says and does, and that it ends by the signal.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Output, Sandbox, Server, wait_for};

/// Longer than any test waits for it.
const SLOW: &str =
    r#"--engine sim --sim-options '{"agentDelayMillis":60000,"shutdownMillis":2000}'"#;

fn slow() -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let server = Server::start_with(&sandbox, SLOW);
    sandbox.import_stub_image("stub");
    (sandbox, server)
}

fn spawn(sandbox: &Sandbox, line: &str) -> Child {
    let mut command = sandbox.command(line);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn send(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Starts `line`, interrupts it once the VMs' list holds `sign`, and waits for its end.
fn interrupted(sandbox: &Sandbox, line: &str, sign: &str) -> Output {
    let child = spawn(sandbox, line);
    until(sandbox, |list| list.contains(sign));
    // The tool hears of what it asked for a moment later than others see it.
    std::thread::sleep(Duration::from_millis(500));
    send(&child, rustix::process::Signal::INT);
    wait_for(line, child)
}

fn until(sandbox: &Sandbox, reached: impl Fn(&str) -> bool) {
    let start = Instant::now();
    loop {
        let list = sandbox.run("nova vm list").ok();
        if reached(&list) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{list}");
    }
}

#[test]
fn an_interrupted_create_is_cancelled_and_leaves_nothing() {
    let (sandbox, _server) = slow();
    let ended = interrupted(&sandbox, "nova-vm create a --image stub", "Running");
    ended.fails(
        130,
        &["creating vm/a: cancelled; what was made is removed\n"],
    );
    until(&sandbox, str::is_empty);
    sandbox.nothing_is_left();
}

#[test]
fn what_cannot_be_cancelled_goes_on_and_is_followed_by_the_hint() {
    let (sandbox, _server) = slow();
    sandbox.run("nova vm create a --image stub --no-wait").ok();
    sandbox.run("nova vm wait a --for phase=Running").ok();
    let ended = interrupted(&sandbox, "nova-vm delete a --yes", "Deleting");
    let ended = ended.fails(130, &["deleting vm/a goes on"]);
    let (_, hint) = ended.stderr.split_once("follow it with: ").unwrap();
    assert!(sandbox.run(hint.trim()).ok().contains("succeeded"));
    assert_eq!(sandbox.run("nova vm list").ok(), "");
}

#[test]
fn an_interrupted_wait_changes_nothing() {
    let (sandbox, _server) = slow();
    sandbox.run("nova vm create a --image stub --no-wait").ok();
    let ended = interrupted(&sandbox, "nova-vm wait a --for ready", "Running");
    assert_eq!((ended.code, ended.stdout.as_str()), (130, ""), "{ended}");
    assert!(sandbox.run("nova vm list").ok().contains("Running"));
}
