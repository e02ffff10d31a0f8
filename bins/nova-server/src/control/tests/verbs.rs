//! The table of states and verbs on real objects, and what supersedes what.

use std::time::Duration;

use serde_json::json;

use super::rig::{Rig, condition, phases};
use crate::control::doc::text;
use crate::control::intent::Answer;
use crate::control::op::{Asks, Verb};
use crate::engine::RebootMode;
use crate::engine::sim::SimOptions;

fn slow_guest() -> SimOptions {
    SimOptions {
        shutdown: Duration::from_millis(600),
        ..SimOptions::default()
    }
}

#[test]
fn stopped_row() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({"runState": "Stopped"}));
    rig.phase("a", "Stopped");
    assert_eq!(
        rig.act("a", Verb::Stop, Asks::default()).unwrap(),
        Answer::Unchanged
    );
    for verb in [Verb::Restart, Verb::Resume, Verb::Pause] {
        let error = rig.act("a", verb, Asks::default()).unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.nova_reason()),
            (409, "InvalidState")
        );
        let body = error.body(None);
        assert!(
            body["nova"]["hints"][0]
                .as_str()
                .unwrap()
                .starts_with("nova vm start a")
        );
        assert_eq!(body["nova"]["details"]["phase"], "Stopped");
        assert_eq!(body["nova"]["details"]["allowed"][0], "start");
    }
}

#[test]
fn running_and_paused_rows() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({}));
    for verb in [Verb::Start, Verb::Resume] {
        assert_eq!(
            rig.act("a", verb, Asks::default()).unwrap(),
            Answer::Unchanged
        );
    }
    rig.done("a", Verb::Pause);
    let vm = rig.phase("a", "Paused");
    assert_eq!(text(&vm, "/spec/runState"), "Paused");
    assert_eq!(condition(&vm, "Ready").0, "False");
    assert_eq!(
        rig.act("a", Verb::Pause, Asks::default()).unwrap(),
        Answer::Unchanged
    );
    rig.done("a", Verb::Start);
    rig.phase("a", "Running");
    rig.done("a", Verb::Pause);
    rig.done("a", Verb::Resume);
    let vm = rig.phase("a", "Running");
    assert_eq!(text(&vm, "/spec/runState"), "Running");
    rig.done("a", Verb::Pause);
    let stop = rig.done("a", Verb::Stop);
    assert_ne!(stop["status"]["result"]["method"], "force", "{stop:#}");
    rig.phase("a", "Stopped");
}

#[test]
fn stopping_row_joins_restarts_and_refuses() {
    let rig = Rig::new(slow_guest());
    rig.ready("a", json!({}));
    let stop = rig.order("a", Verb::Stop, Asks::default());
    rig.phase("a", "Stopping");
    let again = rig.order("a", Verb::Stop, Asks::default());
    assert_eq!(stop, again);
    for verb in [Verb::Pause, Verb::Resume] {
        assert_eq!(
            rig.act("a", verb, Asks::default()).unwrap_err().status(),
            409
        );
    }
    let start = rig.order("a", Verb::Start, Asks::default());
    let old = rig.op_end(&stop);
    assert_eq!(text(&old, "/status/phase"), "Cancelled");
    assert_eq!(text(&old, "/status/reason"), "Superseded");
    let new = rig.op_end(&start);
    assert_eq!(text(&new, "/status/phase"), "Succeeded", "{new:#}");
    assert!(
        phases(&new).contains(&"agent-shutdown=Succeeded".to_owned()),
        "{:?}",
        phases(&new)
    );
    assert_eq!(condition(&rig.phase("a", "Running"), "Ready").0, "True");
}

#[test]
fn deleting_row_refuses_everything_but_delete() {
    let rig = Rig::new(slow_guest());
    rig.ready("a", json!({}));
    let delete = rig.delete("a", None).unwrap().unwrap();
    for verb in [
        Verb::Start,
        Verb::Stop,
        Verb::Restart,
        Verb::Pause,
        Verb::Resume,
    ] {
        let error = rig.act("a", verb, Asks::default()).unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.nova_reason()),
            (409, "InvalidState")
        );
    }
    assert_eq!(
        rig.patch("a", json!({"protected": true}))
            .unwrap_err()
            .status(),
        409
    );
    assert_eq!(rig.delete("a", None).unwrap(), Some(delete));
    rig.gone("a");
}

#[test]
fn delete_joins_a_stop_and_force_does_not_wait() {
    let rig = Rig::new(SimOptions {
        shutdown: Duration::from_secs(30),
        ..SimOptions::default()
    });
    rig.ready("a", json!({}));
    let stop = rig.order("a", Verb::Stop, Asks::default());
    rig.phase("a", "Stopping");
    rig.delete("a", None).unwrap();
    assert_eq!(text(&rig.op_end(&stop), "/status/reason"), "Superseded");
    std::thread::sleep(Duration::from_millis(100));
    assert!(rig.find("a").is_some(), "the grace is respected");
    rig.delete("a", Some(0)).unwrap();
    rig.gone("a");
}

#[test]
fn a_forced_stop_takes_over_a_graceful_one() {
    let rig = Rig::new(SimOptions {
        shutdown: Duration::from_secs(30),
        ..SimOptions::default()
    });
    rig.ready("a", json!({}));
    rig.order("a", Verb::Stop, Asks::default());
    rig.phase("a", "Stopping");
    let force = rig.order(
        "a",
        Verb::Stop,
        Asks {
            force: true,
            ..Asks::default()
        },
    );
    let op = rig.op_end(&force);
    assert_eq!(op["status"]["result"]["method"], "force", "{op:#}");
    rig.phase("a", "Stopped");
}

#[test]
fn restart_is_a_stop_and_a_start() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({}));
    let op = rig.done("a", Verb::Restart);
    assert!(
        phases(&op).contains(&"start-process=Succeeded".to_owned()),
        "{:?}",
        phases(&op)
    );
    assert_eq!(op["status"]["result"]["method"], "agent");
    assert_eq!(condition(&rig.vm("a"), "Ready").0, "True");
}

#[test]
fn soft_and_hard_restarts_keep_the_process() {
    let rig = Rig::new(SimOptions::default());
    let before = rig.ready("a", json!({}));
    for mode in [RebootMode::Soft, RebootMode::Hard] {
        let op = rig.order(
            "a",
            Verb::Restart,
            Asks {
                reboot: Some(mode),
                ..Asks::default()
            },
        );
        let op = rig.op_end(&op);
        assert_eq!(text(&op, "/status/phase"), "Succeeded", "{op:#}");
        assert!(
            phases(&op).contains(&"reboot=Succeeded".to_owned()),
            "{:?}",
            phases(&op)
        );
    }
    assert_eq!(
        before["status"]["startedAt"],
        rig.vm("a")["status"]["startedAt"]
    );
}

#[test]
fn a_soft_restart_without_an_agent_becomes_a_cold_one() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({"image": "mute"}));
    let asks = Asks {
        reboot: Some(RebootMode::Soft),
        ..Asks::default()
    };
    let op = rig.order("a", Verb::Restart, asks);
    let op = rig.op_end(&op);
    assert_eq!(text(&op, "/status/phase"), "Succeeded", "{op:#}");
    assert_eq!(op["status"]["result"]["method"], "acpi", "{op:#}");
}

#[test]
fn a_stop_takes_over_a_create() {
    let options = SimOptions {
        agent_delay: Duration::from_mins(1),
        ..SimOptions::default()
    };
    let rig = Rig::new(options);
    let create = rig.create("a", json!({})).unwrap();
    rig.phase("a", "Running");
    let stop = rig.order("a", Verb::Stop, Asks::default());
    assert_eq!(text(&rig.op_end(&create), "/status/reason"), "Superseded");
    assert_eq!(text(&rig.op_end(&stop), "/status/phase"), "Succeeded");
    rig.phase("a", "Stopped");
}

#[test]
fn a_patched_run_state_is_a_verb() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({}));
    let op = rig
        .patch("a", json!({"runState": "Stopped"}))
        .unwrap()
        .unwrap();
    assert_eq!(text(&rig.op_end(&op), "/spec/verb"), "stop");
    rig.phase("a", "Stopped");
    let op = rig
        .patch("a", json!({"runState": "Paused"}))
        .unwrap()
        .unwrap();
    assert_eq!(text(&rig.op_end(&op), "/spec/verb"), "start");
    rig.phase("a", "Paused");
    let op = rig
        .patch("a", json!({"runState": "Running"}))
        .unwrap()
        .unwrap();
    assert_eq!(text(&rig.op_end(&op), "/status/phase"), "Succeeded");
    assert_eq!(condition(&rig.phase("a", "Running"), "Ready").0, "True");
    assert_eq!(
        rig.patch("a", json!({"runState": "Suspended"}))
            .unwrap_err()
            .status(),
        422
    );
}
