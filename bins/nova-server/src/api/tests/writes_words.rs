//! Writes that are refused or read in a particular way, as kube-apiserver does for a custom resource.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::rig::{Answer, Rig, VMS, machine};

const MERGE: &str = "application/merge-patch+json";
const PATCH: &str = "application/json-patch+json";

async fn merge(rig: &Rig, patch: &Value) -> Answer {
    rig.patch(&format!("{VMS}/a"), MERGE, patch).await
}

fn message(answer: &Answer) -> &str {
    answer.body["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_list_in_the_place_of_an_object_is_refused() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    for (patch, field) in [
        (json!({"spec": []}), "spec"),
        (json!({"spec": {"resources": []}}), "spec.resources"),
        (
            json!({"spec": {"disks": [{"name": "a", "size": "1Gi"}, []]}}),
            "spec.disks[1]",
        ),
    ] {
        let refused = merge(&rig, &patch).await;
        assert_eq!(refused.status, 422, "{patch}");
        let words = format!("{field} in body must be of type object: \"array\"");
        assert!(message(&refused).ends_with(&words), "{}", message(&refused));
    }
    let config = json!({"apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
        "metadata": {"name": "a"}, "spec": {"runState": "Stopped", "resources": []}});
    let request = Request::patch(format!("{VMS}/a?fieldManager=m"))
        .header("content-type", "application/apply-patch+yaml");
    let refused = rig.send(request, Body::from(config.to_string())).await;
    let words = ".spec.resources: expected map, got &{[]}";
    assert!(message(&refused).ends_with(words), "{}", message(&refused));
}

#[tokio::test]
async fn only_a_deletion_sets_when_an_object_goes() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    for metadata in [
        json!({"deletionTimestamp": "2020-01-01T00:00:00Z"}),
        json!({"deletionGracePeriodSeconds": 5}),
    ] {
        let refused = merge(&rig, &json!({"metadata": metadata})).await;
        assert_eq!(refused.status, 422);
        assert!(message(&refused).ends_with(": field is immutable"));
    }
    let unset = merge(&rig, &json!({"metadata": {"deletionTimestamp": null}})).await;
    assert_eq!(unset.status, 200);
}

#[tokio::test]
async fn a_revision_of_zero_is_none() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let refused = merge(&rig, &json!({"metadata": {"resourceVersion": "0"}})).await;
    assert_eq!(refused.status, 422);
    let words = "metadata.resourceVersion: Invalid value: 0: must be specified for an update";
    assert!(message(&refused).ends_with(words), "{}", message(&refused));
}

#[tokio::test]
async fn metadata_is_stored_as_far_as_it_says_something() {
    let rig = Rig::new().await;
    let mut body = machine("a", &json!({}));
    body["metadata"]["finalizers"] = json!([]);
    body["metadata"]["annotations"] = json!(null);
    body["metadata"]["selfLink"] = json!("/a");
    let made = rig.post(VMS, &body).await;
    assert!(!made.headers.contains_key("warning"));
    for member in ["labels", "annotations", "finalizers", "selfLink"] {
        assert_eq!(made.body["metadata"].get(member), None, "{member}");
    }
    let silent = json!({"op": "add", "path": "/spec/resources/cpu", "value": null});
    let patched = rig
        .patch(&format!("{VMS}/a"), PATCH, &json!([silent]))
        .await;
    let memory_alone = json!({"memory": "128Mi"});
    assert_eq!(patched.body["spec"]["resources"], memory_alone);
    let finalizer = json!({"op": "add", "path": "/metadata/finalizers", "value": [null]});
    let refused = rig
        .patch(&format!("{VMS}/a"), PATCH, &json!([finalizer]))
        .await;
    assert!(message(&refused).contains("name part must be non-empty"));
    let named = merge(&rig, &json!({"metadata": {"generateName": "a-"}})).await;
    assert_eq!(named.body["metadata"]["generateName"], "a-");
    let nothing = merge(&rig, &json!({"metadata": null})).await;
    assert_eq!(nothing.status, 400);
    assert!(message(&nothing).ends_with("was undeterminable: name must be provided"));
}

#[tokio::test]
async fn what_cannot_be_decoded_is_told_in_kubernetes_words() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let send = async |kind: &'static str, body: &'static str| {
        let request = Request::patch(format!("{VMS}/a")).header("content-type", kind);
        rig.send(request, Body::from(body)).await
    };
    for (kind, body, status, words) in [
        (
            MERGE,
            "{not",
            400,
            "error decoding patch: invalid character 'n' looking for beginning of object key string",
        ),
        (MERGE, "null", 400, "Invalid JSON Patch"),
        (
            PATCH,
            r#"[{"op":5}]"#,
            400,
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
        ),
        (
            PATCH,
            "[null]",
            422,
            "the server rejected our request due to an error in our request",
        ),
        (PATCH, "null", 200, ""),
        (
            MERGE,
            r#"{"apiVersion":null}"#,
            500,
            "Internal error occurred: Object 'apiVersion' is missing in 'object has no apiVersion field'",
        ),
    ] {
        let answer = send(kind, body).await;
        assert_eq!(
            (answer.status.as_u16(), message(&answer)),
            (status, words),
            "{body}"
        );
    }
    let labels = merge(&rig, &json!({"metadata": {"labels": {"a": 5}}})).await;
    let words =
        "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string";
    assert_eq!(labels.status, 422);
    assert!(message(&labels).ends_with(words), "{}", message(&labels));
    let request =
        Request::patch(format!("{VMS}/nope")).header("content-type", "application/json-patch+json");
    let missing = rig.send(request, Body::from("{")).await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn the_options_of_a_deletion_are_checked() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let delete = async |media: &'static str, body: &'static str| {
        let request = Request::delete(format!("{VMS}/a")).header("content-type", media);
        rig.send(request, Body::from(body)).await.status.as_u16()
    };
    let json = "application/json";
    assert_eq!(delete("text/plain", "{}").await, 415);
    assert_eq!(delete(json, "[]").await, 400);
    assert_eq!(delete(json, r#"{"gracePeriodSeconds":"x"}"#).await, 400);
    assert_eq!(delete(json, r#"{"dryRun":["Some"]}"#).await, 422);
    let rehearsed = delete(json, r#"{"dryRun":["All"]}"#).await;
    assert_eq!(rehearsed, 200);
    assert_eq!(rig.get(&format!("{VMS}/a")).await.status, 200);
}

#[tokio::test]
async fn a_status_keeps_what_the_server_does_not_know() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let status = format!("{VMS}/a/status");
    let patch = json!({"status": {"mine": "x"}});
    let patched = rig.patch(&status, MERGE, &patch).await;
    assert_eq!(patched.body["status"]["mine"], "x");
    assert!(!patched.headers.contains_key("warning"));
}
