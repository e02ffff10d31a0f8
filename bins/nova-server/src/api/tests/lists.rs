//! Lists, items, discovery and who may see them.

use axum::body::Body;
use http::Request;
use serde_json::json;

use super::rig::{Rig, VMS, names};
use crate::auth::Role;

#[tokio::test]
async fn discovery_names_every_kind_with_its_columns() {
    let rig = Rig::new().await;
    let list = rig.get("/apis/nova.dev/v1").await.body;
    let resources = list["resources"].as_array().unwrap();
    let vm = resources
        .iter()
        .find(|r| r["name"] == "virtualmachines")
        .unwrap();
    assert_eq!(vm["shortNames"], json!(["vm", "vms"]));
    assert_eq!(vm["columns"][1]["jsonPath"], ".status.phase");
    assert!(
        resources
            .iter()
            .any(|r| r["name"] == "virtualmachines/exec")
    );
    let core = rig.get("/api/v1").await.body;
    assert!(
        core["resources"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["kind"] == "Event")
    );
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let request = Request::get("/apis").header("accept", accept);
    let all = rig.send(request, Body::empty()).await;
    assert_eq!(all.headers["content-type"], accept);
    assert_eq!(all.body["items"][0]["metadata"]["name"], "nova.dev");
}

#[tokio::test]
async fn pages_show_one_snapshot() {
    let rig = Rig::new().await;
    for name in ["a", "b", "c", "d"] {
        rig.machine(name, &json!({})).await;
    }
    let first = rig.get(&format!("{VMS}?limit=2")).await.body;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 2);
    let token = first["metadata"]["continue"].as_str().unwrap();

    rig.machine("bb", &json!({})).await;
    rig.delete(&format!("{VMS}/d?gracePeriodSeconds=0")).await;
    let second = rig
        .get(&format!("{VMS}?limit=2&continue={token}"))
        .await
        .body;
    assert_eq!(names(&second), ["c", "d"], "what came later is not shown");
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(second["metadata"].get("continue"), None);

    let other = rig
        .get(&format!("{VMS}?labelSelector=x&continue={token}"))
        .await;
    assert_eq!(other.status, 400);
    let broken = rig.get(&format!("{VMS}?continue=AAAA")).await;
    assert_eq!(broken.body["message"], "continue key is not valid");
}

#[tokio::test]
async fn selectors_choose_and_bad_ones_say_why() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({"app": "web", "tier": "front"}))
        .await;
    rig.machine("b", &json!({"app": "db"})).await;
    let web = rig
        .get(&format!("{VMS}?labelSelector=app+in+(web,x),!gone"))
        .await
        .body;
    assert_eq!(names(&web), ["a"]);
    let by_field = rig
        .get(&format!("{VMS}?fieldSelector=metadata.name!%3Da"))
        .await
        .body;
    assert_eq!(names(&by_field), ["b"]);
    let off = rig
        .get(&format!("{VMS}?fieldSelector=spec.runState=Stopped"))
        .await
        .body;
    assert_eq!(names(&off), ["a", "b"]);
    let bad = rig.get(&format!("{VMS}?fieldSelector=spec.nope=1")).await;
    assert_eq!(
        (bad.status.as_u16(), &bad.body["nova"]["reason"]),
        (400, &json!("BadSelector"))
    );
    assert_eq!(bad.body["message"], "field label not supported: spec.nope");
    let hint = bad.body["nova"]["hints"][0].as_str().unwrap();
    assert!(hint.contains("status.phase"), "{hint}");
    let bad = rig.get(&format!("{VMS}?labelSelector=a+b")).await;
    let words = "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt";
    assert_eq!(bad.body["message"], words);
}

#[tokio::test]
async fn a_table_has_the_columns_of_the_kind() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let request = Request::get(format!("{VMS}?includeObject=Object")).header("accept", accept);
    let table = rig.send(request, Body::empty()).await.body;
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["columnDefinitions"][0]["format"], "name");
    assert_eq!(table["rows"][0]["cells"][0], "a");
    assert_eq!(table["rows"][0]["object"]["spec"]["runState"], "Stopped");
    let request = Request::get(format!("{VMS}/a")).header("accept", accept);
    let one = rig.send(request, Body::empty()).await.body;
    assert_eq!(one["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}

#[tokio::test]
async fn an_unchanged_item_is_304() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let first = rig.get("/api/v1/namespaces/default").await;
    let tag = first.headers["etag"].clone();
    let request = Request::get("/api/v1/namespaces/default").header("if-none-match", tag);
    let again = rig.send(request, Body::empty()).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn revisions_out_of_reach_are_told() {
    let rig = Rig::new().await;
    let future = rig
        .get(&format!(
            "{VMS}?resourceVersion=99999&resourceVersionMatch=Exact"
        ))
        .await;
    assert_eq!(
        (future.status.as_u16(), &future.body["reason"]),
        (504, &json!("Timeout"))
    );
    let lone = rig.get(&format!("{VMS}?resourceVersionMatch=Exact")).await;
    assert_eq!(lone.status, 422);
    let word = rig.get(&format!("{VMS}?resourceVersion=abc")).await;
    assert_eq!(word.status, 400);
    let then = rig
        .get(&format!(
            "{VMS}?resourceVersion=1&resourceVersionMatch=Exact"
        ))
        .await;
    assert_eq!(then.status, 200);
}

#[tokio::test]
async fn strangers_get_401_and_viewers_may_only_look() {
    let mut rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    rig.role = None;
    let answer = rig.get(VMS).await;
    assert_eq!(answer.status, 401);
    assert!(answer.headers.contains_key("www-authenticate"));
    assert_eq!(rig.get("/version").await.status, 200);
    rig.role = Some(Role::Viewer);
    assert_eq!(rig.get(VMS).await.status, 200);
    let refused = rig.delete(&format!("{VMS}/a")).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["reason"]),
        (403, &json!("Forbidden"))
    );
}

#[tokio::test]
async fn what_does_not_exist_is_a_status() {
    let rig = Rig::new().await;
    let missing = rig.get(&format!("{VMS}/nope")).await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.body["message"],
        "virtualmachines.nova.dev \"nope\" not found"
    );
    assert_eq!(missing.body["details"]["kind"], "virtualmachines");
    let id = missing.headers["x-request-id"].to_str().unwrap();
    assert_eq!(missing.body["nova"]["requestId"], id);
    assert_eq!(
        rig.get("/nowhere").await.body["nova"]["reason"],
        "NoSuchPath"
    );
    assert_eq!(rig.post("/version", &json!({})).await.status, 405);
    assert_eq!(
        rig.post("/apis/nova.dev/v1/nodes", &json!({})).await.status,
        405
    );
}

#[tokio::test]
async fn options_that_do_not_go_together_are_named() {
    let rig = Rig::new().await;
    let vm = rig.machine("a", &json!({})).await;
    for (query, field) in [
        ("sendInitialEvents=true", "sendInitialEvents"),
        (
            "continue=x&resourceVersion=1&resourceVersionMatch=Exact",
            "resourceVersionMatch",
        ),
    ] {
        let refused = rig.get(&format!("{VMS}?{query}")).await;
        let details = &refused.body["details"];
        assert_eq!(refused.status, 422, "{query}");
        assert_eq!(details["causes"][0]["field"], field);
        assert_eq!(
            (&details["group"], &details["kind"]),
            (&json!("meta.k8s.io"), &json!("ListOptions"))
        );
    }
    let rv = vm["metadata"]["resourceVersion"].as_str().unwrap();
    let fresh = rig.get(&format!("{VMS}/a?resourceVersion={rv}")).await;
    assert_eq!(fresh.status, 200);
    let ahead = rig.get(&format!("{VMS}/a?resourceVersion=99999")).await;
    assert_eq!(ahead.status, 504);
    let cause =
        json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
    assert_eq!(ahead.body["details"]["causes"], json!([cause]));
    let word = rig.get(&format!("{VMS}/a?resourceVersion=abc")).await;
    assert_eq!(word.status, 500);
    assert_eq!(
        word.body["message"],
        "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax"
    );
}

#[tokio::test]
async fn a_part_that_a_kind_does_not_have_is_told_as_kubernetes_does() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let scale = rig.get(&format!("{VMS}/a/scale")).await;
    assert_eq!(
        scale.body["message"],
        "virtualmachines.nova.dev \"a\" not found"
    );
    assert_eq!(scale.body["nova"]["reason"], "NoSuchPath");
    let nowhere = rig
        .get("/apis/nova.dev/v1/namespaces/default/nothing/a/scale")
        .await;
    assert_eq!(
        nowhere.body["message"],
        "the server could not find the requested resource"
    );
}
