//! Many writers of one object at once, each a connection of its own.

use serde_json::{Value, json};

use crate::support::raw::{Raw, free_port};
use crate::support::{Sandbox, Server};

const VM: &str = "/apis/nova.dev/v1/namespaces/default/virtualmachines/a";

/// A server with a stopped machine `a`, and how to reach it.
fn rig() -> (Sandbox, Server, Raw) {
    let sandbox = Sandbox::new();
    let port = free_port();
    let flags = format!("--engine sim --insecure-http 127.0.0.1:{port}");
    let server = Server::start_with(&sandbox, &flags);
    sandbox.import_stub_image("tiny");
    sandbox.create_stopped("a", "");
    let token = sandbox.run("nova auth token create w --role admin").ok();
    (sandbox, server, Raw::new(port).with(token.trim()))
}

/// Runs `work` with the numbers below `times`, all at once.
fn at_once(times: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for number in 0..times {
            let work = &work;
            scope.spawn(move || work(number));
        }
    });
}

/// Reads, adds one, and replaces, until nobody came in between; answers how often somebody did.
fn count_up(raw: &Raw, writer: usize) -> u32 {
    for conflicts in 0..1000 {
        let mut seen = raw.get(VM).json();
        let notes = &mut seen["metadata"]["annotations"];
        let count: u32 = notes["count"]
            .as_str()
            .map_or(0, |count| count.parse().unwrap());
        notes["count"] = json!((count + 1).to_string());
        notes[format!("by-{writer}")] = json!("1");
        let answer = raw.send("PUT", VM, &seen.to_string());
        match answer.status {
            200 => return conflicts,
            409 => {}
            _ => panic!("{answer:?}"),
        }
    }
    panic!("writer {writer} never got through");
}

#[test]
fn fifty_writers_that_replace_one_object_lose_no_update() {
    let (_sandbox, _server, raw) = rig();
    let conflicts = std::sync::atomic::AtomicU32::new(0);
    at_once(50, |writer| {
        let met = count_up(&raw, writer);
        conflicts.fetch_add(met, std::sync::atomic::Ordering::Relaxed);
    });
    let notes = raw.get(VM).json()["metadata"]["annotations"].clone();
    assert_eq!(notes["count"], "50");
    let writers = notes
        .as_object()
        .unwrap()
        .keys()
        .filter(|key| key.starts_with("by-"));
    assert_eq!(writers.count(), 50);
    // Otherwise they went one after the other and nothing was shown.
    assert!(conflicts.into_inner() > 0);
}

#[test]
fn fifty_tools_that_change_one_object_lose_no_update() {
    let (sandbox, _server, raw) = rig();
    at_once(50, |writer| {
        let line = format!("nova vm update a --label w{writer}=1");
        sandbox.run(&line).ok();
    });
    let labels = raw.get(VM).json()["metadata"]["labels"].clone();
    let missing: Vec<usize> = (0..50).filter(|n| labels[format!("w{n}")] != "1").collect();
    assert!(missing.is_empty(), "{missing:?} are missing in {labels}");
}

/// The fields of `manager` in an object.
fn owned(object: &Value, manager: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    let mut of_manager = entries.iter().filter(|entry| entry["manager"] == manager);
    of_manager
        .next()
        .map_or(Value::Null, |entry| entry["fieldsV1"].clone())
}

#[test]
fn twenty_appliers_at_once_each_own_their_fields() {
    let (sandbox, _server, raw) = rig();
    let apply = |applier: usize, meta: Value| {
        let manifest =
            json!({"apiVersion": "nova.dev/v1", "kind": "VirtualMachine", "metadata": meta});
        let line = format!("nova apply -f - --field-manager m{applier}");
        sandbox
            .run_with_input(&line, manifest.to_string().as_bytes())
            .ok();
    };
    at_once(20, |applier| {
        let own = format!("l{applier}");
        apply(
            applier,
            json!({"name": "a", "labels": {own: "1", "shared": "yes"}}),
        );
    });
    let seen = raw.get(VM).json();
    for applier in 0..20 {
        let own = format!("f:l{applier}");
        let expected = json!({"f:metadata": {"f:labels": {own: {}, "f:shared": {}}}});
        assert_eq!(owned(&seen, &format!("m{applier}")), expected);
    }
    // What several own stays until the last of them lets it go; what one owns goes with it.
    at_once(19, |applier| apply(applier, json!({"name": "a"})));
    let labels = raw.get(VM).json()["metadata"]["labels"].clone();
    assert_eq!(labels, json!({"l19": "1", "shared": "yes"}));
    apply(19, json!({"name": "a"}));
    let seen = raw.get(VM).json();
    assert!(
        seen["metadata"].get("labels").is_none(),
        "{}",
        seen["metadata"]
    );
}
