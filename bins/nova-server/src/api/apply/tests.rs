//! Ownership and merging, case by case.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::own::{Author, Scope};
use super::*;

fn author(manager: &str) -> Author {
    Author {
        manager: manager.to_owned(),
        api_version: "nova.dev/v1".to_owned(),
        scope: Scope::Main,
        time: "2026-01-01T00:00:00Z".to_owned(),
    }
}

/// A stored object and its owners.
struct World {
    live: Value,
    managers: Managers,
}

impl World {
    fn created(by: &str, spec: &Value) -> Self {
        let live = json!({"apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
            "metadata": {"name": "a", "uid": "u"}, "spec": spec});
        let managers = updated(None, &live, Managers::default(), &author(by));
        Self { live, managers }
    }

    fn apply(&mut self, by: &str, config: &Value, force: bool) -> Result<(), Conflicts> {
        let applied = apply(&self.live, config, &self.managers, &author(by), force)?;
        if let Some(value) = applied.value {
            self.live = value;
        }
        self.managers = applied.managers;
        Ok(())
    }

    fn fields_of(&self, manager: &str) -> Vec<String> {
        let entries = self.managers.0.iter();
        let entries = entries.filter(|entry| entry.manager == manager);
        entries.flat_map(|entry| entry.fields.paths()).collect()
    }
}

fn spec(spec: &Value) -> Value {
    json!({"apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
        "metadata": {"name": "a"}, "spec": spec})
}

#[test]
fn a_create_owns_what_it_says() {
    let world = World::created(
        "tester",
        &json!({"runState": "Stopped", "resources": {"cpu": 1}}),
    );
    assert_eq!(
        world.managers.write().unwrap()[0]["fieldsV1"],
        json!({"f:spec": {".": {}, "f:resources": {".": {}, "f:cpu": {}}, "f:runState": {}}})
    );
}

#[test]
fn an_update_takes_only_what_it_changes() {
    let mut world = World::created(
        "a",
        &json!({"runState": "Stopped", "resources": {"cpu": 1}}),
    );
    let mut after = world.live.clone();
    after["spec"]["resources"]["cpu"] = json!(2);
    after["metadata"]["labels"] = json!({"x": "y"});
    world.managers = updated(Some(&world.live), &after, world.managers, &author("b"));
    let of_b = [
        ".metadata.labels",
        ".metadata.labels.x",
        ".spec.resources.cpu",
    ];
    assert_eq!(world.fields_of("b"), of_b);
    assert_eq!(
        world.fields_of("a"),
        [".spec", ".spec.resources", ".spec.runState"]
    );
}

#[test]
fn conflicts_are_told_in_kubernetes_words() {
    let mut world = World::created(
        "tester",
        &json!({"runState": "Stopped", "resources": {"cpu": 1}}),
    );
    let one = spec(&json!({"resources": {"cpu": 2}}));
    let conflict = world.apply("k1", &one, false).unwrap_err();
    assert_eq!(
        conflict.message(),
        "Apply failed with 1 conflict: conflict with \"tester\" using nova.dev/v1: \
         .spec.resources.cpu"
    );
    let two = spec(&json!({"runState": "Paused", "resources": {"cpu": 2}}));
    let conflict = world.apply("k1", &two, false).unwrap_err();
    assert_eq!(
        conflict.message(),
        "Apply failed with 2 conflicts: conflicts with \"tester\" using nova.dev/v1:\n\
         - .spec.runState\n- .spec.resources.cpu"
    );
    assert_eq!(
        conflict.causes()[0].0,
        "conflict with \"tester\" using nova.dev/v1"
    );
    world.apply("k1", &two, true).unwrap();
    assert_eq!(world.fields_of("tester"), [".spec", ".spec.resources"]);
    let three = spec(&json!({"runState": "Running"}));
    let conflict = world.apply("k2", &three, false).unwrap_err();
    let message = "Apply failed with 1 conflict: conflict with \"k1\": .spec.runState";
    assert_eq!(conflict.message(), message);
}

#[test]
fn what_is_no_longer_applied_goes_unless_others_own_it() {
    let mut world = World::created("nobody", &json!({}));
    let both = spec(&json!({"image": "tiny", "resources": {"cpu": 1, "memory": "1Gi"}}));
    world.apply("a", &both, false).unwrap();
    world
        .apply("b", &spec(&json!({"resources": {"cpu": 1}})), false)
        .unwrap();
    world
        .apply("a", &spec(&json!({"image": "tiny"})), false)
        .unwrap();
    assert_eq!(
        world.live["spec"],
        json!({"image": "tiny", "resources": {"cpu": 1}})
    );
    world.apply("b", &spec(&json!({})), false).unwrap();
    assert_eq!(world.live["spec"]["resources"].get("cpu"), None);
    assert_eq!(world.fields_of("a"), [".spec.image"]);
}

#[test]
fn lists_with_names_merge_by_name() {
    let mut world = World::created("n", &json!({}));
    let disks = |disks: Value| spec(&json!({ "disks": disks }));
    let a = disks(json!([{"name": "root", "size": "1Gi"}, {"name": "data", "size": "2Gi"}]));
    world.apply("a", &a, false).unwrap();
    let b = disks(json!([{"name": "data", "bus": "scsi"}, {"name": "logs", "size": "3Gi"}]));
    world.apply("b", &b, false).unwrap();
    let all = json!([{"name": "root", "size": "1Gi"},
        {"name": "data", "size": "2Gi", "bus": "scsi"}, {"name": "logs", "size": "3Gi"}]);
    assert_eq!(world.live["spec"]["disks"], all);
    assert!(
        world
            .fields_of("b")
            .contains(&".spec.disks[name=\"logs\"].size".to_owned())
    );
    world
        .apply("a", &disks(json!([{"name": "root", "size": "1Gi"}])), false)
        .unwrap();
    let left = json!([{"name": "root", "size": "1Gi"}, {"name": "data", "bus": "scsi"},
        {"name": "logs", "size": "3Gi"}]);
    assert_eq!(
        world.live["spec"]["disks"], left,
        "the name of data is b's, too"
    );
}

#[test]
fn finalizers_are_a_set() {
    let mut world = World::created("n", &json!({}));
    let with = |finalizers: Value| {
        let mut config = spec(&json!({}));
        config["metadata"]["finalizers"] = finalizers;
        config
    };
    world.apply("a", &with(json!(["x/a"])), false).unwrap();
    world
        .apply("b", &with(json!(["x/b", "x/a"])), false)
        .unwrap();
    world.apply("a", &with(json!([])), false).unwrap();
    assert_eq!(world.live["metadata"]["finalizers"], json!(["x/b", "x/a"]));
    world.apply("b", &with(json!(["x/b"])), false).unwrap();
    assert_eq!(world.live["metadata"]["finalizers"], json!(["x/b"]));
}

#[test]
fn an_apply_that_changes_nothing_says_so() {
    let mut world = World::created("n", &json!({"image": "tiny"}));
    let config = spec(&json!({"image": "tiny"}));
    let applied = apply(&world.live, &config, &world.managers, &author("a"), false).unwrap();
    assert_eq!(applied.value, None);
    world.managers = applied.managers;
    assert_eq!(world.fields_of("a"), world.fields_of("n")[1..]);
    let again = apply(&world.live, &config, &world.managers, &author("a"), false).unwrap();
    assert!(!again.managers.differs(&world.managers));
}

#[test]
fn what_was_there_before_the_first_apply_is_owned_by_nobody_in_particular() {
    let mut world = World::created("n", &json!({"image": "tiny"}));
    world.managers = Managers::default();
    let conflict = world
        .apply("a", &spec(&json!({"image": "big"})), false)
        .unwrap_err();
    assert!(
        conflict
            .message()
            .contains("\"before-first-apply\" using nova.dev/v1: .spec.image")
    );
}

#[test]
fn that_the_server_owns_its_status_is_put_down_when_somebody_else_writes_there() {
    let now = "2026-01-01T00:00:05Z";
    let mut value = json!({"apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
        "metadata": {"name": "a"}, "spec": {"image": "tiny"}, "status": {"phase": "Pending"}});
    by_server("virtualmachines", None, &mut value, "2026-01-01T00:00:00Z");
    let before = value.to_string();
    value["status"]["phase"] = json!("Running");
    by_server("virtualmachines", Some(&before), &mut value, now);
    let owners = &value["metadata"]["managedFields"];
    assert_eq!(owners.as_array().unwrap().len(), 1);
    assert_eq!(owners[0]["subresource"], json!(null));
    let mut managers = Managers::stored(owners);
    share_status(&mut managers, &value);
    assert_eq!(managers.0[1].subresource, "status");
    let status = Author {
        scope: Scope::Status,
        ..author("other")
    };
    let mut after = value.clone();
    after["status"]["node"] = json!("n1");
    managers = updated(Some(&value), &after, managers, &status);
    put(&mut after, managers.write());
    let before = after.to_string();
    after["status"]["phase"] = json!("Stopped");
    by_server("virtualmachines", Some(&before), &mut after, now);
    let world = World {
        managers: Managers::stored(&take(&mut after)),
        live: after,
    };
    assert_eq!(world.fields_of("other"), [".status.node"]);
    assert!(
        world
            .fields_of("nova-server")
            .contains(&".status.phase".to_owned())
    );
}

#[test]
fn kubectls_own_apply_does_not_conflict_with_its_server_side_one() {
    let mut world = World::created("kubectl-client-side-apply", &json!({"image": "tiny"}));
    let last = spec(&json!({"image": "tiny"})).to_string();
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    world.live["metadata"]["annotations"] = json!({annotation: last});
    world
        .apply("kubectl", &spec(&json!({"image": "big"})), false)
        .unwrap();
    assert_eq!(world.live["spec"]["image"], "big");
    let kept = world.live["metadata"]["annotations"][annotation]
        .as_str()
        .unwrap();
    assert!(kept.contains("big"), "{kept}");
    assert!(!kept.contains("null"), "{kept}");
    world
        .apply("c", &spec(&json!({"image": "small"})), true)
        .unwrap();
    assert!(
        world
            .apply("kubectl", &spec(&json!({"image": "big"})), false)
            .is_err()
    );
}

fn any_spec() -> impl Strategy<Value = Value> {
    let disk = ("[ab]", 0..3u8).prop_map(|(name, size)| json!({"name": name, "size": size}));
    let scalar = prop_oneof![
        Just(json!(null)),
        Just(json!({})),
        Just(json!([])),
        (0..3u8).prop_map(|n| json!(n))
    ];
    (
        proptest::collection::vec(disk, 0..3),
        scalar.clone(),
        scalar,
    )
        .prop_map(|(disks, a, b)| json!({"disks": disks, "image": a, "resources": {"cpu": b}}))
}

proptest! {
    #[test]
    fn an_applier_gets_what_it_wants_and_only_once(first in any_spec(), second in any_spec(), third in any_spec()) {
        let mut world = World::created("n", &first);
        for config in [&second, &third] {
            // A list that lost its last element comes back empty, as in Kubernetes.
            world.apply("a", &spec(config), true).unwrap();
            world.apply("a", &spec(config), true).unwrap();
            let before = world.live.clone();
            world.apply("a", &spec(config), false).unwrap();
            prop_assert_eq!(&world.live, &before, "an apply repeats");
        }
        let read = Managers::read(&world.managers.write().unwrap_or_default()).unwrap();
        prop_assert!(!read.differs(&world.managers));
    }
}

/// Any value, made of names that shapes know.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        (0..3u8).prop_map(|n| json!(n)),
        "[ab]".prop_map(|text| json!(text)),
    ];
    let names = prop_oneof![
        Just("name"),
        Just("uid"),
        Just("type"),
        Just("spec"),
        Just("metadata"),
        Just("disks"),
        Just("finalizers"),
        Just("labels"),
        Just("ownerReferences"),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let members = proptest::collection::btree_map(names.clone(), inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..3).prop_map(Value::Array),
            members.prop_map(|members| {
                let members = members.into_iter();
                Value::Object(members.map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_applied_settles(
        live in any_value(),
        first in any_value(),
        second in any_value(),
    ) {
        let object = |part: &Value, extra: &Value| {
            let mut object = spec(&json!({"disks": part, "image": part}));
            object["metadata"]["finalizers"] = extra.clone();
            object["metadata"]["labels"] = extra["labels"].clone();
            object
        };
        let live = object(&live, &first);
        let once = crate::fuzzing::apply(&live, &object(&first, &second), "a");
        let mut now = crate::fuzzing::apply(&once, &object(&second, &live), "b");
        let wanted = object(&second, &first);
        for _ in 0..3 {
            now = crate::fuzzing::apply(&now, &wanted, "a");
        }
        let mut again = crate::fuzzing::apply(&now, &wanted, "a");
        take(&mut again);
        take(&mut now);
        prop_assert_eq!(again, now);
    }
}
