//! Servers that are killed at random points.

use std::time::Duration;

use serde_json::{Value, json};

use super::rig::{Rig, condition, engine_dirs};
use crate::control::doc::text;
use crate::control::op::{self, Asks, Verb};
use crate::engine::RebootMode;
use crate::engine::sim::SimOptions;

/// Slow enough that a kill falls into every step.
fn slow() -> SimOptions {
    SimOptions {
        provision: Duration::from_millis(20),
        boot: Duration::from_millis(20),
        agent_delay: Duration::from_millis(20),
        shutdown: Duration::from_millis(20),
        ..SimOptions::default()
    }
}

/// A small generator, so that a failing run can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[test]
fn a_machine_runs_on_and_is_adopted_unchanged() {
    let rig = Rig::new(SimOptions::default());
    let before = rig.ready("a", json!({}));
    let rig = rig.kill_and_restart(SimOptions::default());
    std::thread::sleep(Duration::from_millis(200));
    let after = rig.vm("a");
    assert_eq!(before["status"]["startedAt"], after["status"]["startedAt"]);
    assert_eq!(after["status"].get("restartCount"), None);
    assert_eq!(condition(&after, "Ready").0, "True");
    assert!(rig.events("a").contains(&"Adopted".to_owned()));
    assert_eq!(
        rig.events("a").iter().filter(|e| *e == "Started").count(),
        1
    );
    rig.done("a", Verb::Stop);
}

#[test]
fn a_guest_that_powered_off_while_no_server_was_there_stays_off() {
    let rig = Rig::new(slow());
    rig.ready("a", json!({}));
    rig.done("a", Verb::Stop);
    let rig = rig.kill_and_restart(slow());
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(text(&rig.vm("a"), "/status/phase"), "Stopped");
}

#[test]
fn every_verb_is_completed_after_a_kill_at_a_random_moment() {
    let seed = 20_260_101;
    let mut dice = Dice(seed);
    let mut rig = Rig::new(slow());
    for round in 0..40 {
        let name = format!("vm-{round}");
        let verb = dice.below(7);
        let (wanted, op) = begin(&rig, &name, verb);
        std::thread::sleep(Duration::from_millis(dice.below(90)));
        rig = rig.kill_and_restart(slow());
        let ended = rig.op_end(&op);
        let context = format!("seed {seed} round {round} verb {verb}: {ended:#}");
        assert_eq!(text(&ended, "/status/phase"), "Succeeded", "{context}");
        match wanted {
            "gone" => rig.gone(&name),
            phase => {
                let vm = rig.phase(&name, phase);
                let ready = if phase == "Running" { "True" } else { "False" };
                assert_eq!(condition(&vm, "Ready").0, ready, "{context}");
                assert_eq!(vm["status"].get("restartCount"), None, "{context}");
            }
        }
    }
    no_operation_is_left(&rig);
}

fn begin(rig: &Rig, name: &str, verb: u64) -> (&'static str, String) {
    match verb {
        0 => ("Running", rig.create(name, json!({})).unwrap()),
        1 => {
            rig.ready(name, json!({"runState": "Stopped"}));
            ("Running", rig.order(name, Verb::Start, Asks::default()))
        }
        2 => {
            rig.ready(name, json!({}));
            ("Stopped", rig.order(name, Verb::Stop, Asks::default()))
        }
        3 => {
            rig.ready(name, json!({}));
            ("Running", rig.order(name, Verb::Restart, Asks::default()))
        }
        4 | 5 => {
            rig.ready(name, json!({}));
            let reboot = Some(if verb == 4 {
                RebootMode::Soft
            } else {
                RebootMode::Hard
            });
            let asks = Asks {
                reboot,
                ..Asks::default()
            };
            ("Running", rig.order(name, Verb::Restart, asks))
        }
        _ => {
            rig.ready(name, json!({}));
            ("gone", rig.delete(name, None).unwrap().unwrap())
        }
    }
}

fn no_operation_is_left(rig: &Rig) {
    let left: Vec<Value> = rig
        .app
        .store
        .list(op::KIND, None)
        .iter()
        .map(|object| object.value())
        .filter(op::is_active)
        .collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn a_time_to_live_is_kept_over_a_restart() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({"ttlSecondsAfterCreation": 1}));
    let rig = rig.kill_and_restart(SimOptions::default());
    rig.gone("a");
}

#[test]
fn after_a_reboot_of_the_host_what_ran_is_started_again() {
    let rig = Rig::new(SimOptions::default());
    let vm = rig.ready("a", json!({"restartPolicy": "Never"}));
    rig.ready("b", json!({}));
    rig.done("b", Verb::Stop);
    let uid = text(&vm, "/metadata/uid").to_owned();
    let key = crate::store::Key::new("nodes", "", crate::control::node::host_name());
    let work = move |tx: &mut crate::store::Tx<'_>| {
        let mut node = tx.require(&key)?.value();
        node["metadata"]["annotations"]["nova.dev/boot-id"] = json!("another boot");
        tx.put(&key, node)
    };
    rig.wait(rig.app.store.write(crate::store::Durability::Spec, work))
        .unwrap();
    let rig = rig.kill_and_restart_after(SimOptions::default(), |dir| power_cut(dir, &uid));
    rig.until("a runs again", || {
        Some(rig.vm("a")).filter(|vm| condition(vm, "Ready").0 == "True")
    });
    assert_eq!(text(&rig.vm("b"), "/status/phase"), "Stopped");
}

/// Ends a machine while nobody watches.
fn power_cut(dir: &std::path::Path, uid: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let engine = crate::engine::sim::open(&engine_dirs(dir), SimOptions::default());
        let uid = uid.to_owned();
        engine.recover([uid.clone()].into()).await.unwrap();
        engine.kill(&uid).await.unwrap();
    });
}
