//! Server-side apply and field ownership, through the routes.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::rig::{Answer, JSON, Rig, VMS, machine};

const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";

fn config(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
        "metadata": {"name": name}, "spec": spec})
}

async fn apply(rig: &Rig, manager: &str, config: &Value) -> Answer {
    let name = config["metadata"]["name"].as_str().unwrap();
    let uri = format!("{VMS}/{name}?fieldManager={manager}");
    rig.patch(&uri, APPLY, config).await
}

/// The fields of one manager, of the object itself.
fn owned<'a>(object: &'a Value, manager: &str) -> &'a Value {
    let all = object["metadata"]["managedFields"].as_array().unwrap();
    let mut of = all.iter().filter(|entry| entry["manager"] == manager);
    of.find(|entry| entry.get("subresource").is_none())
        .map_or(&Value::Null, |entry| &entry["fieldsV1"])
}

#[tokio::test]
async fn an_apply_makes_the_object_and_owns_what_it_says() {
    let rig = Rig::new().await;
    let spec = json!({"runState": "Stopped", "resources": {"cpu": 1, "memory": "128Mi"}});
    let made = apply(&rig, "ana", &config("a", &spec)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        *owned(&made.body, "ana"),
        json!({"f:spec": {"f:resources": {"f:cpu": {}, "f:memory": {}}, "f:runState": {}}})
    );
    let refused = rig
        .patch(&format!("{VMS}/a"), APPLY, &config("a", &spec))
        .await;
    assert_eq!(
        refused.body["message"],
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: \
         is required for apply patch"
    );
    let dry = rig
        .patch(
            &format!("{VMS}/b?fieldManager=ana&dryRun=All"),
            APPLY,
            &config("b", &spec),
        )
        .await;
    assert_eq!(dry.status, 201);
    assert_eq!(rig.get(&format!("{VMS}/b")).await.status, 404);
}

#[tokio::test]
async fn conflicts_name_owner_and_field_and_force_takes_over() {
    let rig = Rig::new().await;
    let spec = |cpu: u32| json!({"runState": "Stopped", "resources": {"cpu": cpu}});
    apply(&rig, "ana", &config("a", &spec(1))).await;
    let other = config("a", &json!({"resources": {"cpu": 2}}));
    let refused = apply(&rig, "ben", &other).await;
    assert_eq!(refused.status, 409);
    assert_eq!(
        refused.body["message"],
        "Apply failed with 1 conflict: conflict with \"ana\": .spec.resources.cpu"
    );
    assert_eq!(
        refused.body["details"]["causes"],
        json!([{"reason": "FieldManagerConflict", "field": ".spec.resources.cpu",
            "message": "conflict with \"ana\""}])
    );
    let uri = format!("{VMS}/a?fieldManager=ben&force=true");
    let taken = rig.patch(&uri, APPLY, &other).await;
    assert_eq!(taken.body["spec"]["resources"]["cpu"], 2);
    assert_eq!(owned(&taken.body, "ana")["f:spec"].get("f:resources"), None);
}

#[tokio::test]
async fn what_cannot_be_applied_is_told_in_kubernetes_words() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let base = config("a", &json!({}));
    let with = |pointer: &str, value: Value| {
        let mut config = base.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        config.pointer_mut(parent).unwrap()[member] = value;
        config
    };
    let cases = [
        (
            with("/kind", json!("Q")),
            "invalid object type: nova.dev/v1, Kind=Q",
        ),
        (
            with("/metadata/managedFields", json!([])),
            "metadata.managedFields must be nil",
        ),
        (
            with("/spec/foo", json!(1)),
            "failed to create typed patch object (/a; nova.dev/v1, Kind=VirtualMachine): \
             .spec.foo: field not declared in schema",
        ),
        (
            with("/spec/runState", json!(5)),
            "failed to create typed patch object (/a; nova.dev/v1, Kind=VirtualMachine): \
             .spec.runState: expected string, got &value.valueUnstructured{Value:5}",
        ),
    ];
    for (config, message) in cases {
        assert_eq!(apply(&rig, "ana", &config).await.body["message"], message);
    }
}

#[tokio::test]
async fn every_verb_keeps_the_owners() {
    let rig = Rig::new().await;
    let path = format!("{VMS}/a");
    let request = Request::post(VMS)
        .header("content-type", JSON)
        .header("user-agent", "kubectl/v1.33 (linux)");
    let body = Body::from(machine("a", &json!({"app": "web"})).to_string());
    rig.send(request, body).await;
    let request = Request::patch(&path)
        .header("content-type", MERGE)
        .header("user-agent", "labeller");
    let change = json!({"metadata": {"labels": {"tier": "front"}}});
    let labelled = rig.send(request, Body::from(change.to_string())).await.body;
    assert_eq!(
        *owned(&labelled, "labeller"),
        json!({"f:metadata": {"f:labels": {"f:tier": {}}}})
    );
    let of_kubectl = &owned(&labelled, "kubectl")["f:metadata"]["f:labels"];
    assert_eq!(*of_kubectl, json!({".": {}, "f:app": {}}));
    let change = json!([{"op": "replace", "path": "/metadata/labels/app", "value": "db"}]);
    let uri = format!("{path}?fieldManager=patcher");
    let patched = rig
        .patch(&uri, "application/json-patch+json", &change)
        .await
        .body;
    assert_eq!(
        *owned(&patched, "patcher"),
        json!({"f:metadata": {"f:labels": {"f:app": {}}}})
    );
    let mut whole = patched.clone();
    whole["metadata"]["labels"] = json!({"app": "db"});
    let uri = format!("{path}?fieldManager=replacer&force=true");
    whole["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    let replaced = rig.put(&uri, &whole).await.body;
    assert_eq!(
        *owned(&replaced, "labeller"),
        Value::Null,
        "its label is gone"
    );
    let reset = json!({"metadata": {"managedFields": [{}]}});
    let forgotten = rig.patch(&path, MERGE, &reset).await.body;
    assert_eq!(*owned_list(&forgotten), json!(null));
}

fn owned_list(object: &Value) -> &Value {
    &object["metadata"]["managedFields"]
}

#[tokio::test]
async fn fifty_writers_of_one_object_lose_no_update() {
    let rig = Arc::new(Rig::new().await);
    rig.machine("a", &json!({})).await;
    let path = format!("{VMS}/a");
    let writers = (0..50).map(|n| {
        let (rig, path) = (Arc::clone(&rig), path.clone());
        async move {
            loop {
                let mut seen = rig.get(&path).await.body;
                let count = seen["metadata"]["annotations"]["count"].as_str();
                let count: u32 = count.map_or(0, |count| count.parse().unwrap());
                seen["metadata"]["annotations"]["count"] = json!((count + 1).to_string());
                seen["metadata"]["annotations"][format!("by-{n}")] = json!("1");
                let answer = rig.put(&path, &seen).await;
                match answer.status.as_u16() {
                    200 => return,
                    409 => {}
                    other => panic!("{other}: {}", answer.body),
                }
            }
        }
    });
    futures_util::future::join_all(writers).await;
    let last = rig.get(&path).await.body;
    let annotations = last["metadata"]["annotations"].as_object().unwrap();
    assert_eq!(annotations["count"], "50");
    assert_eq!(annotations.len(), 51);
}

#[tokio::test]
async fn twenty_appliers_at_once_each_own_their_fields() {
    let rig = Arc::new(Rig::new().await);
    rig.machine("a", &json!({})).await;
    let appliers = (0..20).map(|n| {
        let rig = Arc::clone(&rig);
        async move {
            let mut wanted = config("a", &json!({"networks": [{"name": format!("n{n}")}]}));
            wanted["metadata"]["labels"] = json!({format!("l{n}"): "1", "shared": "yes"});
            let answer = apply(&rig, &format!("m{n}"), &wanted).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    });
    futures_util::future::join_all(appliers).await;
    let last = rig.get(&format!("{VMS}/a")).await.body;
    assert_eq!(last["spec"]["networks"].as_array().unwrap().len(), 20);
    for n in 0..20 {
        let network = format!("k:{{\"name\":\"n{n}\"}}");
        let expected = json!({
            "f:metadata": {"f:labels": {format!("f:l{n}"): {}, "f:shared": {}}},
            "f:spec": {"f:networks": {network: {".": {}, "f:name": {}}}},
        });
        assert_eq!(*owned(&last, &format!("m{n}")), expected);
    }
    // The shared label stays until the last of them lets it go.
    for n in 0..20 {
        let seen = apply(&rig, &format!("m{n}"), &config("a", &json!({})))
            .await
            .body;
        let shared = &seen["metadata"]["labels"]["shared"];
        assert_eq!(shared.is_null(), n == 19, "{n}: {}", seen["metadata"]);
    }
}

#[tokio::test]
async fn finalizers_hold_a_deleted_object_and_no_new_ones_come() {
    let rig = Rig::new().await;
    let mut body = machine("a", &json!({}));
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    rig.post(VMS, &body).await;
    let path = format!("{VMS}/a");
    let going = rig.delete(&path).await.body;
    assert!(
        going["metadata"]["deletionTimestamp"].is_string(),
        "{going}"
    );
    let more = json!({"metadata": {"finalizers": ["example.com/hold", "example.com/new"]}});
    let refused = rig.patch(&path, MERGE, &more).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.body["message"].as_str().unwrap().ends_with(
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is \
             being deleted, found new finalizers []string{\"example.com/new\"}"
        ),
        "{}",
        refused.body
    );
    let again = rig.post(VMS, &machine("a", &json!({}))).await;
    assert_eq!(
        again.body["message"],
        "object is being deleted: virtualmachines.nova.dev \"a\" already exists"
    );
    rig.patch(&path, MERGE, &json!({"metadata": {"finalizers": null}}))
        .await;
    for _ in 0..200 {
        if rig.get(&path).await.status == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it is still there: {}", rig.get(&path).await.body);
}

/// Makes a machine that `owner` owns.
async fn dependent(rig: &Rig, name: &str, owner: &Value, blocks: bool) {
    let mut body = machine(name, &json!({}));
    body["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "nova.dev/v1", "kind": "VirtualMachine", "blockOwnerDeletion": blocks,
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
    }]);
    let made = rig.post(VMS, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

/// Waits until an object is gone.
async fn gone(rig: &Rig, name: &str) {
    for _ in 0..300 {
        if rig.get(&format!("{VMS}/{name}")).await.status == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let left = rig.get(&format!("{VMS}/{name}")).await.body;
    panic!("{name} is still there: {left}");
}

async fn delete_with(rig: &Rig, name: &str, policy: &str) -> Value {
    let uri = format!("{VMS}/{name}?propagationPolicy={policy}");
    let answer = rig.delete(&uri).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn what_a_deleted_object_owned_goes_with_it() {
    let rig = Rig::new().await;
    let owner = rig.machine("owner", &json!({})).await;
    dependent(&rig, "child", &owner, false).await;
    delete_with(&rig, "owner", "Background").await;
    gone(&rig, "owner").await;
    gone(&rig, "child").await;
}

#[tokio::test]
async fn a_foreground_deletion_waits_for_what_blocks_it() {
    let rig = Rig::new().await;
    let owner = rig.machine("owner", &json!({})).await;
    dependent(&rig, "child", &owner, true).await;
    let hold = json!({"metadata": {"finalizers": ["example.com/hold"]}});
    rig.patch(&format!("{VMS}/child"), MERGE, &hold).await;
    let going = delete_with(&rig, "owner", "Foreground").await;
    let finalizers = going["metadata"]["finalizers"].as_array().unwrap();
    assert!(finalizers.contains(&json!("foregroundDeletion")), "{going}");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(rig.get(&format!("{VMS}/owner")).await.status, 200);
    let child = rig.get(&format!("{VMS}/child")).await.body;
    assert!(
        child["metadata"]["deletionTimestamp"].is_string(),
        "{child}"
    );
    let free = json!({"metadata": {"finalizers": null}});
    rig.patch(&format!("{VMS}/child"), MERGE, &free).await;
    gone(&rig, "child").await;
    gone(&rig, "owner").await;
}

#[tokio::test]
async fn orphans_stay_without_an_owner() {
    let rig = Rig::new().await;
    let owner = rig.machine("owner", &json!({})).await;
    dependent(&rig, "child", &owner, true).await;
    delete_with(&rig, "owner", "Orphan").await;
    gone(&rig, "owner").await;
    let child = rig.get(&format!("{VMS}/child")).await.body;
    assert_eq!(child["metadata"].get("ownerReferences"), None);
    assert_eq!(child["metadata"].get("deletionTimestamp"), None);
}

#[tokio::test]
async fn applying_a_bare_namespace_again_changes_nothing() {
    let rig = Rig::new().await;
    let config = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare"}});
    let apply = async || {
        let request = Request::patch("/api/v1/namespaces/bare?fieldManager=m")
            .header("content-type", "application/apply-patch+yaml");
        rig.send(request, Body::from(config.to_string())).await.body
    };
    let (first, second) = (apply().await, apply().await);
    assert_eq!(first["metadata"], second["metadata"]);
}
