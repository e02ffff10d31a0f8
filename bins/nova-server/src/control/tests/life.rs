//! From create to delete.

use std::time::Duration;

use serde_json::json;

use super::rig::{Rig, condition, phases};
use crate::control::doc::text;
use crate::control::op::{Asks, Verb};
use crate::engine::sim::{Call, Effect, Fault, SimOptions};

fn fault(call: Call, times: Option<u32>, effect: Effect) -> SimOptions {
    let fault = Fault {
        call,
        machine: None,
        times,
        effect,
    };
    SimOptions {
        faults: vec![fault],
        ..SimOptions::default()
    }
}

#[test]
fn create_runs_is_ready_stops_starts_and_is_deleted() {
    let rig = Rig::new(SimOptions::default());
    let op = rig.create("a", json!({})).unwrap();
    let op = rig.op_end(&op);
    assert_eq!(text(&op, "/status/phase"), "Succeeded", "{op:#}");
    assert!(
        phases(&op).iter().all(|p| p.ends_with("=Succeeded")),
        "{:?}",
        phases(&op)
    );
    let vm = rig.vm("a");
    assert_eq!(text(&vm, "/status/phase"), "Running");
    assert_eq!(condition(&vm, "Ready"), ("True", "AgentAnswers"));
    assert_eq!(condition(&vm, "AgentConnected").0, "True");
    assert_eq!(vm["status"]["observedGeneration"], 1);
    rig.until("the operation is no longer named", || {
        rig.vm("a")["status"]
            .get("currentOperation")
            .is_none()
            .then_some(())
    });

    let stop = rig.done("a", Verb::Stop);
    assert_eq!(stop["status"]["result"]["method"], "agent", "{stop:#}");
    let vm = rig.phase("a", "Stopped");
    assert_eq!(condition(&vm, "Ready").0, "False");
    assert_eq!(vm["status"]["lastExit"]["reason"], "GuestShutdown");

    rig.done("a", Verb::Start);
    assert_eq!(condition(&rig.vm("a"), "Ready").0, "True");
    assert_eq!(vm["status"].get("restartCount"), None);

    let (left, delete) = rig.doom("a", None).unwrap();
    assert_eq!(text(&left, "/status/phase"), "Deleting");
    rig.gone("a");
    let delete = rig.op_end(&delete.unwrap());
    assert_eq!(text(&delete, "/status/phase"), "Succeeded");
    let events = rig.events("a");
    let wanted = [
        "Created",
        "Scheduled",
        "Provisioned",
        "Started",
        "AgentConnected",
        "Ready",
        "StopRequested",
        "Stopped",
        "Deleted",
    ];
    for reason in wanted {
        assert!(
            events.iter().any(|e| e == reason),
            "no {reason} in {events:?}"
        );
    }
    assert_eq!(rig.app.store.list("machinerecords", None).len(), 0);
}

#[test]
fn an_image_without_agent_is_ready_when_it_runs() {
    let rig = Rig::new(SimOptions::default());
    let vm = rig.ready("a", json!({"image": "mute"}));
    assert_eq!(condition(&vm, "Ready"), ("True", "Running"));
    assert_eq!(condition(&vm, "AgentConnected"), ("False", "NoAgent"));
    let stop = rig.done("a", Verb::Stop);
    assert_eq!(stop["status"]["result"]["method"], "acpi");
}

#[test]
fn create_stopped_makes_the_disks_and_start_boots() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({"runState": "Stopped"}));
    rig.phase("a", "Stopped");
    assert_eq!(condition(&rig.vm("a"), "DisksReady").0, "True");
    rig.done("a", Verb::Start);
    let vm = rig.vm("a");
    assert_eq!(
        (text(&vm, "/spec/runState"), text(&vm, "/status/phase")),
        ("Running", "Running")
    );
}

#[test]
fn an_unknown_image_is_refused_and_named() {
    let rig = Rig::new(SimOptions::default());
    let error = rig.create("a", json!({"image": "nope"})).unwrap_err();
    assert_eq!(error.status(), 422);
    assert!(error.message().contains("nope"), "{error}");
    assert!(rig.find("a").is_none());
    assert!(rig.app.store.list("operations", None).is_empty());
}

#[test]
fn every_fault_of_a_spec_is_reported_at_once() {
    let rig = Rig::new(SimOptions::default());
    let spec = json!({"resources": {"cpu": 0, "memory": "1k"}, "machine": {"type": "z80"}});
    let error = rig.create("a", spec).unwrap_err();
    for field in [
        "spec.resources.cpu",
        "spec.resources.memory",
        "spec.machine.type",
    ] {
        assert!(error.message().contains(field), "{error}");
    }
}

#[test]
fn a_guest_that_powers_off_stays_off_and_a_crash_is_tried_again() {
    let rig = Rig::new(SimOptions::default());
    let vm = rig.ready("a", json!({}));
    let uid = text(&vm, "/metadata/uid").to_owned();
    let method = crate::engine::ShutdownMethod::Acpi;
    rig.wait(rig.app.engine.shutdown(&uid, method)).unwrap();
    let vm = rig.phase("a", "Stopped");
    assert_eq!(condition(&vm, "Ready"), ("False", "GuestShutdown"));
    assert_eq!(vm["spec"].get("runState"), None);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(text(&rig.vm("a"), "/status/phase"), "Stopped");

    rig.done("a", Verb::Start);
    rig.wait(rig.app.engine.kill(&uid)).unwrap();
    let vm = rig.phase("a", "Failed");
    assert_eq!(condition(&vm, "Ready").1, "Crashed");
    rig.until("it is about to be restarted", || {
        (rig.controller.busy()? == "a virtual machine is about to be restarted").then_some(())
    });
    // A start does not wait for the back-off.
    rig.done("a", Verb::Start);
}

#[test]
fn a_policy_of_always_also_restarts_what_powered_off() {
    let rig = Rig::new(SimOptions::default());
    let vm = rig.ready("a", json!({"restartPolicy": "Always"}));
    let uid = text(&vm, "/metadata/uid").to_owned();
    let method = crate::engine::ShutdownMethod::Acpi;
    rig.wait(rig.app.engine.shutdown(&uid, method)).unwrap();
    rig.phase("a", "Failed");
    rig.until("it is about to be restarted", || {
        (rig.controller.busy()? == "a virtual machine is about to be restarted").then_some(())
    });
    rig.act("a", Verb::Stop, Asks::default()).unwrap();
    assert_eq!(text(&rig.vm("a"), "/spec/runState"), "Stopped");
    rig.until("nothing is to come", || {
        rig.controller.busy().is_none().then_some(())
    });
}

#[test]
fn a_start_that_fails_fails_its_operation_and_says_why() {
    let rig = Rig::new(fault(Call::Start, Some(1), Effect::Fail));
    let op = rig.create("a", json!({"restartPolicy": "Never"})).unwrap();
    let op = rig.op_end(&op);
    assert_eq!(text(&op, "/status/phase"), "Failed");
    assert_eq!(text(&op, "/status/error/kind"), "Status");
    let vm = rig.phase("a", "Failed");
    assert_eq!(condition(&vm, "Ready"), ("False", "StartFailed"));
    assert!(rig.events("a").contains(&"Failed".to_owned()));
    rig.done("a", Verb::Start);
    assert_eq!(condition(&rig.vm("a"), "Ready").0, "True");
}

#[test]
fn a_machine_that_dies_at_once_does_not_spin() {
    let rig = Rig::new(fault(Call::Start, None, Effect::Crash));
    let op = rig.create("a", json!({})).unwrap();
    assert_eq!(text(&rig.op_end(&op), "/status/phase"), "Failed");
    rig.phase("a", "Failed");
    std::thread::sleep(Duration::from_millis(300));
    let starts = rig.events("a").iter().filter(|e| *e == "Crashed").count();
    assert_eq!(starts, 1, "{:?}", rig.events("a"));
}

#[test]
fn a_time_to_live_ends_in_deletion() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({"ttlSecondsAfterCreation": 1}));
    rig.gone("a");
    assert!(rig.events("a").contains(&"TTLExpired".to_owned()));
}

#[test]
fn a_protected_machine_is_not_deleted() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({"protected": true}));
    let error = rig.delete("a", None).unwrap_err();
    assert_eq!(
        (error.status().as_u16(), error.nova_reason()),
        (403, "Protected")
    );
    rig.patch("a", json!({"protected": false})).unwrap();
    rig.delete("a", Some(0)).unwrap();
    rig.gone("a");
}

#[test]
fn an_update_is_applied_or_waits_for_a_restart() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({"resources": {"cpu": 2, "memory": "512Mi"}}));
    rig.patch("a", json!({"resources": {"cpu": 1, "memory": "256Mi"}}))
        .unwrap();
    let vm = rig.until("the change is looked at", || {
        Some(rig.vm("a")).filter(|vm| vm["status"]["observedGeneration"] == 2)
    });
    let waiting = vm["status"]["pendingChanges"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert!(!waiting.is_empty(), "{vm:#}");
    assert_eq!(condition(&vm, "RestartRequired").0, "True");
    rig.done("a", Verb::Restart);
    let vm = rig.vm("a");
    assert_eq!(vm["status"].get("pendingChanges"), None);
    assert_eq!(condition(&vm, "RestartRequired"), ("", ""));
}

#[test]
fn the_first_namespaces_stay() {
    let rig = Rig::new(SimOptions::default());
    let names: Vec<String> = rig
        .app
        .store
        .list("namespaces", None)
        .iter()
        .map(|o| o.key.name.clone())
        .collect();
    assert_eq!(names, ["default", "public"]);
    let store = std::sync::Arc::clone(&rig.app.store);
    let key = crate::store::Key::new("namespaces", "", "default");
    let refused = rig.wait(store.write(crate::store::Durability::Spec, move |tx| {
        let object = tx.require(&key)?;
        crate::control::on_namespace_delete(tx, &object)
    }));
    assert_eq!(refused.unwrap_err().status(), 403);
}

#[test]
fn cancelling_a_create_removes_what_was_made() {
    let options = SimOptions {
        provision: Duration::from_secs(5),
        ..SimOptions::default()
    };
    let rig = Rig::new(options);
    let disks = json!([{"name": "data", "size": "1Gi"}]);
    let name = rig.create("a", json!({"disks": disks})).unwrap();
    rig.phase("a", "Provisioning");
    let key = crate::store::Key::new("operations", "default", &*name);
    let work = move |tx: &mut crate::store::Tx<'_>| {
        let mut op = tx.require(&key)?.value();
        op["status"]["phase"] = json!("Cancelling");
        tx.put(&key, op)
    };
    rig.wait(rig.app.store.write(crate::store::Durability::Spec, work))
        .unwrap();
    rig.gone("a");
    let op = rig.op(&name);
    assert_eq!(text(&op, "/status/phase"), "Cancelled");
    assert!(text(&op, "/status/message").contains("removed"), "{op:#}");
}

#[test]
fn a_stop_without_escalation_gives_up_and_the_machine_runs_on() {
    let rig = Rig::new(fault(Call::Shutdown, None, Effect::Ignore));
    rig.ready("a", json!({}));
    let asks = Asks {
        grace: Some(1),
        escalate: Some(false),
        ..Asks::default()
    };
    let op = rig.order("a", Verb::Stop, asks);
    let op = rig.op_end(&op);
    assert_eq!(text(&op, "/status/phase"), "Failed", "{op:#}");
    assert!(
        op["status"]["error"]["nova"]["hints"][0]
            .as_str()
            .unwrap()
            .contains("--force")
    );
    let vm = rig.phase("a", "Running");
    assert_eq!(text(&vm, "/spec/runState"), "Running");
    let op = rig.order(
        "a",
        Verb::Stop,
        Asks {
            grace: Some(1),
            ..Asks::default()
        },
    );
    let op = rig.op_end(&op);
    assert_eq!(op["status"]["result"]["method"], "force", "{op:#}");
    rig.phase("a", "Stopped");
}
