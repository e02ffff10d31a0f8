//! Create, replace, patch, delete.

use axum::body::Body;
use http::Request;
use serde_json::json;

use super::rig::{JSON, Rig, VMS, machine};

const MERGE: &str = "application/merge-patch+json";

#[tokio::test]
async fn all_faults_come_at_once() {
    let rig = Rig::new().await;
    let mut body = machine("Bad_Name", &json!({"a b": "c"}));
    body["metadata"]["annotations"] = json!({"x".repeat(70): ""});
    let answer = rig.post(VMS, &body).await;
    assert_eq!(answer.status, 422);
    let causes = answer.body["details"]["causes"].as_array().unwrap();
    let fields: Vec<_> = causes
        .iter()
        .map(|c| c["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        ["metadata.name", "metadata.labels", "metadata.annotations"]
    );
    assert_eq!(
        answer.body["nova"]["errors"][0]["pointer"],
        "/metadata/name"
    );
}

#[tokio::test]
async fn unknown_fields_follow_field_validation() {
    let rig = Rig::new().await;
    let mut body = machine("a", &json!({}));
    body["spec"]["cpus"] = json!(2);
    let strict = rig
        .post(&format!("{VMS}?fieldValidation=Strict"), &body)
        .await;
    assert_eq!(strict.status, 400);
    assert_eq!(
        strict.body["message"],
        "VirtualMachine in version \"v1\" cannot be handled as a VirtualMachine: \
         strict decoding error: unknown field \"spec.cpus\""
    );
    let warned = rig.post(VMS, &body).await;
    assert_eq!(warned.status, 201);
    assert_eq!(
        warned.headers["warning"],
        "299 - \"unknown field \\\"spec.cpus\\\"\""
    );
    assert_eq!(warned.body["spec"].get("cpus"), None);
    body["metadata"]["name"] = json!("b");
    let silent = rig
        .post(&format!("{VMS}?fieldValidation=Ignore"), &body)
        .await;
    assert!(!silent.headers.contains_key("warning"));
}

#[tokio::test]
async fn malformed_bodies_are_told_as_kubernetes_tells_them() {
    let rig = Rig::new().await;
    let cases = [
        ("{", 400, json!("BadRequest")),
        ("[]", 400, json!("BadRequest")),
        (
            r#"{"apiVersion":"v2","metadata":{"name":"a"}}"#,
            400,
            json!("BadRequest"),
        ),
        (
            r#"{"metadata":{"name":"a","labels":{"b":1}}}"#,
            400,
            json!("BadRequest"),
        ),
        (
            r#"{"metadata":{"name":"a","namespace":"other"}}"#,
            400,
            json!("BadRequest"),
        ),
        (
            r#"{"kind":"Image","metadata":{"name":"a"}}"#,
            422,
            json!("Invalid"),
        ),
        (
            r#"{"metadata":{"name":"a"},"spec":{"disks":7}}"#,
            422,
            json!("Invalid"),
        ),
        (
            r#"{"metadata":{"name":"a","resourceVersion":"5"}}"#,
            500,
            json!(null),
        ),
    ];
    for (body, status, reason) in cases {
        let request = Request::post(VMS).header("content-type", JSON);
        let answer = rig.send(request, Body::from(body)).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.body);
        assert_eq!(answer.body["reason"], reason, "{body}");
        assert_eq!(answer.body["nova"]["code"], "ValidationError", "{body}");
    }
    let request = Request::post(VMS).header("content-type", "text/plain");
    assert_eq!(rig.send(request, Body::from("x")).await.status, 415);
    let huge = format!(
        r#"{{"metadata":{{"name":"a"}},"x":"{}"}}"#,
        "x".repeat(4 << 20)
    );
    let request = Request::post(VMS).header("content-type", JSON);
    assert_eq!(rig.send(request, Body::from(huge)).await.status, 413);
}

#[tokio::test]
async fn a_dry_run_answers_and_stores_nothing() {
    let rig = Rig::new().await;
    let before = rig.app.store.revision();
    let answer = rig
        .post(&format!("{VMS}?dryRun=All"), &machine("a", &json!({})))
        .await;
    assert_eq!(answer.status, 201);
    assert!(answer.body["metadata"]["uid"].is_string());
    assert!(!answer.headers.contains_key("nova-operation"));
    assert_eq!(rig.get(&format!("{VMS}/a")).await.status, 404);
    assert_eq!(rig.app.store.revision(), before);
    assert_eq!(
        rig.post(&format!("{VMS}?dryRun=some"), &machine("a", &json!({})))
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn a_name_is_made_from_its_prefix() {
    let rig = Rig::new().await;
    let mut body = machine("", &json!({}));
    body["metadata"] = json!({"generateName": "web-"});
    let made = rig.post(VMS, &body).await.body;
    let name = made["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("web-") && name.len() == 9, "{name}");
    assert_eq!(rig.get(&format!("{VMS}/{name}")).await.status, 200);
}

#[tokio::test]
async fn the_namespace_must_exist() {
    let rig = Rig::new().await;
    let path = "/apis/nova.dev/v1/namespaces/nowhere/virtualmachines";
    let answer = rig.post(path, &machine("a", &json!({}))).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body["message"], "namespaces \"nowhere\" not found");
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let rig = Rig::new().await;
    let send = async |name: &str| {
        let request = Request::post(VMS)
            .header("content-type", JSON)
            .header("idempotency-key", "k1");
        rig.send(request, Body::from(machine(name, &json!({})).to_string()))
            .await
    };
    let first = send("a").await;
    let second = send("a").await;
    assert_eq!((second.status.as_u16(), &second.body), (201, &first.body));
    assert_eq!(
        second.headers["nova-operation"],
        first.headers["nova-operation"]
    );
    assert_eq!(
        send("b").await.status,
        422,
        "the same key for something else"
    );
}

#[tokio::test]
async fn a_repeated_action_gets_the_first_answer() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let send = async |verb: &str, body: &'static str| {
        let request = Request::post(format!("{VMS}/a/{verb}"))
            .header("content-type", JSON)
            .header("idempotency-key", "k2");
        rig.send(request, Body::from(body)).await
    };
    let first = send("stop", "{}").await;
    assert!(first.status.is_success(), "{}", first.body);
    assert_eq!(send("stop", "{}").await.body, first.body);
    assert_eq!(send("stop", r#"{"force":true}"#).await.status, 422);
    assert_eq!(send("start", "{}").await.status, 422);
}

#[tokio::test]
async fn an_old_revision_loses() {
    let rig = Rig::new().await;
    let path = "/api/v1/namespaces/default";
    let mut seen = rig.get(path).await.body;
    let tag = seen["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    seen["metadata"]["labels"] = json!({"a": "1"});
    assert_eq!(rig.put(path, &seen).await.status, 200);
    let lost = rig.put(path, &seen).await;
    assert_eq!(
        (lost.status.as_u16(), &lost.body["reason"]),
        (409, &json!("Conflict"))
    );
    assert!(
        lost.body["message"]
            .as_str()
            .unwrap()
            .contains("has been modified")
    );
    assert!(lost.body["nova"]["details"]["currentResourceVersion"].is_string());
    let request = Request::patch(path)
        .header("content-type", MERGE)
        .header("if-match", tag);
    assert_eq!(rig.send(request, Body::from("{}")).await.status, 412);
}

#[tokio::test]
async fn a_replacement_names_its_revision_or_is_forced() {
    let rig = Rig::new().await;
    let path = format!("{VMS}/a");
    rig.machine("a", &json!({})).await;
    let answer = rig.put(&path, &machine("a", &json!({"x": "y"}))).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.body["details"]["causes"][0]["field"],
        "metadata.resourceVersion"
    );
    let forced = rig
        .put(
            &format!("{path}?force=true"),
            &machine("a", &json!({"x": "y"})),
        )
        .await;
    assert_eq!(forced.status, 200, "{}", forced.body);
    assert_eq!(forced.body["metadata"]["labels"]["x"], "y");
    assert!(
        forced.body["status"]["phase"].is_string(),
        "the status is the server's"
    );
    assert_eq!(rig.put(&path, &machine("b", &json!({}))).await.status, 400);
}

#[tokio::test]
async fn patches_of_three_kinds() {
    let rig = Rig::new().await;
    let path = format!("{VMS}/a");
    rig.machine("a", &json!({"app": "web"})).await;
    let merge = json!({"metadata": {"labels": {"app": null, "b": "1"}}});
    let merged = rig.patch(&path, MERGE, &merge).await;
    assert_eq!(merged.body["metadata"]["labels"], json!({"b": "1"}));

    let kind = "application/json-patch+json";
    let add = json!([{"op": "add", "path": "/metadata/labels/c", "value": "2"}]);
    assert_eq!(
        rig.patch(&path, kind, &add).await.body["metadata"]["labels"]["c"],
        "2"
    );
    let test = json!([{"op": "test", "path": "/metadata/labels/c", "value": "9"}]);
    let failed = rig.patch(&path, kind, &test).await;
    assert_eq!(
        (failed.status.as_u16(), &failed.body["reason"]),
        (422, &json!("Invalid"))
    );
    assert_eq!(
        rig.patch(&path, kind, &json!([{"op": "fly"}])).await.status,
        422
    );

    let strategic = "application/strategic-merge-patch+json";
    assert_eq!(rig.patch(&path, strategic, &json!({})).await.status, 415);
    let namespace = "/api/v1/namespaces/default";
    assert_eq!(
        rig.patch(namespace, strategic, &json!({})).await.status,
        200
    );
    let renamed = rig
        .patch(&path, MERGE, &json!({"metadata": {"name": "b"}}))
        .await;
    assert_eq!(
        (renamed.status.as_u16(), &renamed.body["message"]),
        (
            400,
            &json!("the name of the object (b) does not match the name on the URL (a)")
        )
    );
}

#[tokio::test]
async fn an_empty_patch_makes_no_revision() {
    let rig = Rig::new().await;
    let path = "/api/v1/namespaces/default";
    let first = rig.patch(path, MERGE, &json!({})).await;
    let second = rig.patch(path, MERGE, &json!({})).await;
    assert_eq!(
        first.body["metadata"]["resourceVersion"],
        second.body["metadata"]["resourceVersion"]
    );
}

#[tokio::test]
async fn deletions_mind_preconditions_and_finalizers() {
    let rig = Rig::new().await;
    let vm = rig.machine("a", &json!({})).await;
    let path = format!("{VMS}/a");
    let wrong = json!({"preconditions": {"uid": "other"}});
    let request = Request::delete(&path).header("content-type", JSON);
    let refused = rig.send(request, Body::from(wrong.to_string())).await;
    assert_eq!(refused.status, 409);
    let right = json!({"preconditions": {"uid": vm["metadata"]["uid"]}, "gracePeriodSeconds": 0});
    let request = Request::delete(&path).header("content-type", JSON);
    let gone = rig.send(request, Body::from(right.to_string())).await;
    // The machine is off, so the answer comes when it is gone.
    assert_eq!(gone.body["status"], "Success", "{}", gone.body);
    assert_eq!(gone.body["details"]["uid"], vm["metadata"]["uid"]);
    assert!(gone.headers.contains_key("nova-operation"));
    assert_eq!(rig.get(&path).await.status, 404);
    let mut held = machine("held", &json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    rig.post(VMS, &held).await;
    while rig.get(&format!("{VMS}/held")).await.body["status"]["phase"] != "Stopped" {
        tokio::task::yield_now().await;
    }
    let going = rig.delete(&format!("{VMS}/held")).await;
    assert!(going.body["metadata"]["deletionTimestamp"].is_string());
    let holds = json!(["example.com/hold"]);
    assert_eq!(going.body["metadata"]["finalizers"], holds);
    assert_eq!(going.body["metadata"]["deletionGracePeriodSeconds"], 0);
    let image =
        json!({"metadata": {"name": "i"}, "spec": {"files": {"disk": {"sha256": "0".repeat(64)}}}});
    let images = "/apis/nova.dev/v1/namespaces/default/images";
    assert_eq!(rig.post(images, &image).await.status, 201);
    let gone = rig.delete(&format!("{images}/i")).await;
    assert_eq!(gone.body["status"], "Success");
    assert_eq!(gone.body["details"]["kind"], "images");
    assert_eq!(rig.delete(&format!("{images}/i")).await.status, 404);
}

#[tokio::test]
async fn a_collection_goes_by_selector_only() {
    let rig = Rig::new().await;
    let images = "/apis/nova.dev/v1/namespaces/default/images";
    for name in ["a", "b", "c"] {
        let files = json!({"disk": {"sha256": "0".repeat(64)}});
        let labels = json!({"which": if name == "c" { "other" } else { "these" }});
        let image = json!({"metadata": {"name": name, "labels": labels}, "spec": {"files": files}});
        assert_eq!(rig.post(images, &image).await.status, 201);
    }
    assert_eq!(rig.delete(images).await.status, 400);
    let gone = rig
        .delete(&format!("{images}?labelSelector=which=these"))
        .await;
    assert_eq!(super::rig::names(&gone.body), ["a", "b"]);
    assert_eq!(super::rig::names(&rig.get(images).await.body), ["c"]);
}
