//! kill -9 of the server at random moments: nothing is lost, nothing is left, every status is true
//! within ten seconds of the next start, and what was ordered is done.
//!
//! A run prints its seed; `NOVA_CHAOS_SEED` repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Peer, Sandbox, Server, need, wait_for};

/// Time for every status to be true after a start of the server.
const TRUE_WITHIN: Duration = Duration::from_secs(10);
/// Time for what was ordered to be done.
const DONE_WITHIN: Duration = Duration::from_mins(2);
/// Phases that say nothing.
const UNTRUE: &[&str] = &["", "Unknown"];

/// A small generator, so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's own knob, not a tool's")]
        let given = std::env::var("NOVA_CHAOS_SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        println!("NOVA_CHAOS_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What a VM may be after a round: one state when the order was acknowledged, else also the state
/// before it.
type Expected = BTreeMap<String, BTreeSet<&'static str>>;

struct Chaos {
    sandbox: Sandbox,
    server: Option<Server>,
    engine: &'static str,
    dice: Dice,
    /// Longest time between an order and the kill, milliseconds.
    window: u64,
    expected: Expected,
    made: u32,
    round: u32,
}

impl Chaos {
    fn new(engine: &'static str, window: u64) -> Self {
        let mut sandbox = Sandbox::new();
        // An explicit endpoint is never started by a tool: the only servers are ours.
        let socket = sandbox.path().join("run/nova/nova.sock");
        sandbox.env("NOVA_ENDPOINT", format!("unix:{}", socket.display()));
        let server = Server::start(&sandbox, engine);
        if engine == "qemu" {
            sandbox.run("nova image build tiny").ok();
        } else {
            sandbox.import_stub_image("tiny");
        }
        Self {
            sandbox,
            server: Some(server),
            engine,
            dice: Dice::new(),
            window,
            expected: Expected::new(),
            made: 0,
            round: 0,
        }
    }

    /// One order, one kill, one new server, and all that must be true then.
    fn round(&mut self, most: usize) {
        self.round += 1;
        let (line, name, wanted) = self.order(most);
        let acknowledged = if self.dice.below(2) == 0 {
            self.kill_after_answer(&line)
        } else {
            self.kill_before_answer(&line)
        };
        let before = self
            .expected
            .get(&name)
            .cloned()
            .unwrap_or_else(|| ["gone"].into());
        let mut possible: BTreeSet<&'static str> = [wanted].into();
        if !acknowledged {
            possible.extend(before);
        }
        self.expected.insert(name, possible);
        let context = format!(
            "round {} of `{line}` (acknowledged: {acknowledged})",
            self.round
        );
        self.server = Some(Server::start(&self.sandbox, self.engine));
        let started = Instant::now();
        self.becomes_true(started, &context);
        self.is_done(&context);
    }

    /// A random order that means something: its line, its VM, and the state that it leads to.
    fn order(&mut self, most: usize) -> (String, String, &'static str) {
        let known: Vec<String> = self.expected.keys().cloned().collect();
        let room = known.len() < most;
        if known.is_empty() || (room && self.dice.below(2) == 0) {
            self.made += 1;
            let name = format!("vm-{}", self.made);
            let line = format!("nova vm create {name} --image tiny --memory 256Mi --no-wait");
            return (line, name, "Running");
        }
        let pick = usize::try_from(self.dice.below(known.len() as u64)).unwrap();
        let name = known[pick].clone();
        let running = self.expected[&name].contains("Running");
        let force = if self.dice.below(3) == 0 {
            " --force"
        } else {
            ""
        };
        let (line, wanted) = match (running, self.dice.below(4)) {
            (true, 0) => (format!("nova vm delete {name} -y --no-wait{force}"), "gone"),
            (true, 1) => (
                format!("nova vm restart {name} --cold --no-wait"),
                "Running",
            ),
            (true, _) => (format!("nova vm stop {name} --no-wait{force}"), "Stopped"),
            (false, 0) => (format!("nova vm delete {name} -y --no-wait"), "gone"),
            (false, _) => (format!("nova vm start {name} --no-wait"), "Running"),
        };
        (line, name, wanted)
    }

    fn kill_after_answer(&mut self, line: &str) -> bool {
        self.sandbox.run(line).ok();
        std::thread::sleep(Duration::from_millis(self.dice.below(self.window)));
        self.server.take().unwrap().kill();
        true
    }

    /// Kills while the order is on its way. A tool that could not deliver it says so.
    fn kill_before_answer(&mut self, line: &str) -> bool {
        let mut command = self.sandbox.command(line);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(self.dice.below(60)));
        self.server.take().unwrap().kill();
        wait_for(line, child).code == 0
    }

    fn vms(&self) -> Vec<Value> {
        let list = self.sandbox.run("nova vm list -o json").json();
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Within ten seconds every phase is one that says something, and agrees with the processes.
    fn becomes_true(&self, started: Instant, context: &str) {
        loop {
            let lies: Vec<String> = self.vms().iter().filter_map(|vm| self.lie(vm)).collect();
            if lies.is_empty() {
                return;
            }
            let late = started.elapsed() > TRUE_WITHIN;
            assert!(!late, "{context}: {lies:?} seed {}", self.dice.0);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What a VM's status says that is not so.
    fn lie(&self, vm: &Value) -> Option<String> {
        let phase = vm["status"]["phase"].as_str().unwrap_or_default();
        let name = &vm["metadata"]["name"];
        if UNTRUE.contains(&phase) {
            return Some(format!("{name} says {phase:?}"));
        }
        if self.engine != "qemu" {
            return None;
        }
        let pid = vm["status"]["pid"].as_i64();
        let alive =
            pid.is_some_and(|pid| std::path::Path::new(&format!("/proc/{pid}/exe")).exists());
        let wants = matches!(phase, "Running" | "Paused");
        let off = matches!(phase, "Stopped" | "Failed" | "Pending" | "Provisioning");
        match (wants, off, alive) {
            (true, _, false) => Some(format!("{name} says {phase} and has no process {pid:?}")),
            (_, true, true) => Some(format!("{name} says {phase} and has the process {pid:?}")),
            _ => None,
        }
    }

    /// Every operation ends, and every VM is what was ordered.
    fn is_done(&mut self, context: &str) {
        let begun = Instant::now();
        loop {
            let vms = self.vms();
            let open = self.open_operations();
            let wrong = self.deviations(&vms);
            if open.is_empty() && wrong.is_empty() {
                break;
            }
            let late = begun.elapsed() > DONE_WITHIN;
            let (log, seed) = (self.log(), self.dice.0);
            assert!(
                !late,
                "{context}: open {open:?}, wrong {wrong:?}, seed {seed}\n{log}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        // What was uncertain is now known.
        let now: BTreeMap<String, &'static str> = self.vms().iter().map(state_of).collect();
        self.expected = now
            .into_iter()
            .map(|(name, state)| (name, [state].into()))
            .collect();
    }

    fn open_operations(&self) -> Vec<String> {
        let list = self.sandbox.run("nova operation list -o json").json();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let over = ["Succeeded", "Failed", "Cancelled", "TimedOut"];
        items
            .iter()
            .filter(|op| !over.contains(&op["status"]["phase"].as_str().unwrap_or_default()))
            .map(|op| op["metadata"]["name"].to_string())
            .collect()
    }

    fn deviations(&self, vms: &[Value]) -> Vec<String> {
        let now: BTreeMap<String, &'static str> = vms.iter().map(state_of).collect();
        let wrong = self.expected.iter().filter_map(|(name, possible)| {
            let state = now.get(name).copied().unwrap_or("gone");
            (!possible.contains(state)).then(|| format!("{name} is {state}, not {possible:?}"))
        });
        let strangers = now.keys().filter(|name| !self.expected.contains_key(*name));
        wrong
            .chain(strangers.map(|name| format!("{name} is a stranger")))
            .collect()
    }

    fn log(&self) -> String {
        let path = self
            .sandbox
            .home()
            .join(".local/share/nova/server/server.log");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.contains("middleware"))
            .collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Removes every VM; nothing of any may be left.
    fn finish(&self) {
        let names: Vec<&String> = self.expected.keys().collect();
        for name in names {
            self.sandbox
                .run(&format!("nova vm delete {name} -y --force"))
                .ok();
        }
        self.sandbox.nothing_is_left();
        let sim = self.sandbox.home().join(".local/share/nova/server/sim");
        let left: Vec<_> = std::fs::read_dir(sim)
            .map(|d| d.flatten().collect())
            .unwrap_or_default();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A VM's name and the state that orders lead to; `moving` while it is none of them.
fn state_of(vm: &Value) -> (String, &'static str) {
    let name = vm["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let conditions = vm["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let ready = conditions
        .iter()
        .any(|c| c["type"] == "Ready" && c["status"] == "True");
    let state = match vm["status"]["phase"].as_str() {
        Some("Running") if ready => "Running",
        Some("Stopped") => "Stopped",
        _ => "moving",
    };
    (name, state)
}

#[test]
fn fifty_kills_lose_nothing_under_sim() {
    let mut chaos = Chaos::new("sim", 120);
    for _ in 0..50 {
        chaos.round(6);
    }
    chaos.finish();
}

#[test]
fn ten_kills_lose_nothing_under_qemu() {
    if !need(Peer::Qemu, "ten_kills_lose_nothing_under_qemu") {
        return;
    }
    let mut chaos = Chaos::new("qemu", 5000);
    for _ in 0..10 {
        chaos.round(2);
    }
    chaos.finish();
}
