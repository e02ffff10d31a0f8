//! What keeps the store in order: namespaces that go, retention, folding of events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::rig::Rig;
use crate::control::admit::admit_change;
use crate::control::clock::{after, now};
use crate::control::events::Note;
use crate::control::op::{Caller, Verb};
use crate::control::subject::vm_key;
use crate::control::{admit_namespace, house, on_namespace_delete};
use crate::engine::sim::SimOptions;
use crate::store::{Durability, Key, Tx};

#[test]
fn a_deleted_namespace_takes_everything_in_it_along() {
    let rig = Rig::new(SimOptions::default());
    let app = Arc::clone(&rig.app);
    let space = Key::new("namespaces", "", "team");
    let key = space.clone();
    let make = move |tx: &mut Tx<'_>| {
        let mut namespace = json!({"metadata": {}, "spec": {}});
        admit_namespace(&mut namespace);
        tx.put(&key, namespace)?;
        tx.put(
            &Key::new("images", "team", "own"),
            json!({"metadata": {}, "spec": {}}),
        )?;
        let mut vm =
            json!({"metadata": {"name": "a", "namespace": "team"}, "spec": {"image": "tiny"}});
        admit_change(&app, tx, None, &mut vm, &Caller::system())?;
        tx.put(&vm_key("team", "a"), vm)
    };
    rig.wait(rig.app.store.write(Durability::Spec, make))
        .unwrap();
    rig.until("the machine runs", || {
        let vm = rig.app.store.get(&vm_key("team", "a"))?.value();
        (vm["status"]["phase"] == "Running").then_some(())
    });
    let key = space.clone();
    let drop_it = move |tx: &mut Tx<'_>| {
        let object = tx.require(&key)?;
        on_namespace_delete(tx, &object)
    };
    let marked = rig
        .wait(rig.app.store.write(Durability::Spec, drop_it))
        .unwrap();
    assert_eq!(marked["status"]["phase"], "Terminating");
    rig.until("the namespace is gone", || {
        rig.app.store.get(&space).is_none().then_some(())
    });
    for kind in [
        "virtualmachines",
        "images",
        "operations",
        "events",
        "machinerecords",
    ] {
        assert!(rig.app.store.list(kind, Some("team")).is_empty(), "{kind}");
    }
}

#[test]
fn old_operations_and_events_go_after_a_week() {
    let rig = Rig::new(SimOptions::default());
    rig.ready("a", json!({}));
    rig.done("a", Verb::Stop);
    let count = |kind| rig.app.store.list(kind, None).len();
    let day = Duration::from_hours(24);
    rig.wait(house::sweep_once(&rig.app, after(now(), 6 * day)))
        .unwrap();
    assert_eq!(count("operations"), 2);
    assert!(count("events") > 5);
    rig.wait(house::sweep_once(&rig.app, after(now(), 8 * day)))
        .unwrap();
    assert_eq!((count("operations"), count("events")), (0, 0));
}

#[test]
fn the_same_news_is_one_event_with_a_count() {
    let rig = Rig::new(SimOptions::default());
    let recorder = crate::control::events::Recorder::default();
    let work = move |tx: &mut Tx<'_>| {
        let vm = json!({"kind": "VirtualMachine",
            "metadata": {"name": "a", "namespace": "default", "uid": "u"}});
        for note in [
            Note::warning("Failed", "no"),
            Note::warning("Failed", "no"),
            Note::warning("Failed", "other"),
        ] {
            recorder.record(tx, &vm, &note, "")?;
        }
        Ok(())
    };
    rig.wait(rig.app.store.write(Durability::Status, work))
        .unwrap();
    let mut counts: Vec<_> = rig
        .app
        .store
        .list("events", Some("default"))
        .iter()
        .map(|object| object.value()["count"].as_u64().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2]);
}
