//! Watches over chunked lines.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::rig::{Rig, VMS, machine};

/// A watch that is open.
struct Lines(Body);

impl Lines {
    async fn open(rig: &Rig, query: &str) -> Self {
        let request = Request::get(format!("{VMS}?watch=true&{query}"));
        Self(rig.open(request, Body::empty()).await.into_body())
    }

    /// The next event: type, name and object; nothing when the watch ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        let frame = tokio::time::timeout(Duration::from_secs(5), self.0.frame());
        let data = frame
            .await
            .expect("an event in time")?
            .unwrap()
            .into_data()
            .unwrap();
        let event: Value = serde_json::from_slice(&data).unwrap();
        Some((
            event["type"].as_str().unwrap().to_owned(),
            event["object"].clone(),
        ))
    }

    /// The next event that is not a status change of the controllers.
    async fn skip_to(&mut self, word: &str) -> Value {
        loop {
            let (kind, object) = self.next().await.unwrap();
            if kind == word {
                return object;
            }
        }
    }
}

#[tokio::test]
async fn state_comes_first_and_changes_follow() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let mut watch = Lines::open(&rig, "").await;
    let (word, object) = watch.next().await.unwrap();
    assert_eq!(
        (word.as_str(), &object["metadata"]["name"]),
        ("ADDED", &json!("a"))
    );
    rig.machine("b", &json!({})).await;
    let added = watch.skip_to("ADDED").await;
    assert_eq!(added["metadata"]["name"], "b");
    rig.delete(&format!("{VMS}/b?gracePeriodSeconds=0")).await;
    let deleted = watch.skip_to("DELETED").await;
    assert_eq!(deleted["metadata"]["name"], "b");
    let rv: u64 = deleted["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        rv > added["metadata"]["resourceVersion"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    );
}

#[tokio::test]
async fn an_object_enters_and_leaves_the_selection() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let rv = rig.app.store.revision();
    let mut watch = Lines::open(&rig, &format!("labelSelector=x=1&resourceVersion={rv}")).await;
    let path = format!("{VMS}/a");
    let merge = "application/merge-patch+json";
    rig.patch(&path, merge, &json!({"metadata": {"labels": {"x": "1"}}}))
        .await;
    assert_eq!(watch.skip_to("ADDED").await["metadata"]["labels"]["x"], "1");
    rig.patch(&path, merge, &json!({"metadata": {"labels": {"x": "2"}}}))
        .await;
    assert_eq!(watch.skip_to("DELETED").await["metadata"]["name"], "a");
}

#[tokio::test]
async fn bookmarks_come_only_when_asked_for() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    let initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let mut watch = Lines::open(&rig, &format!("{initial}&allowWatchBookmarks=true")).await;
    assert_eq!(watch.next().await.unwrap().0, "ADDED");
    let end = watch.skip_to("BOOKMARK").await;
    assert_eq!(
        end["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
    let mut plain = Lines::open(&rig, &format!("{initial}&timeoutSeconds=1")).await;
    while let Some((word, _)) = plain.next().await {
        assert_ne!(word, "BOOKMARK");
    }
    let alone = rig
        .get(&format!("{VMS}?watch=1&sendInitialEvents=true"))
        .await;
    assert_eq!(alone.status, 422);
}

#[tokio::test]
async fn a_position_from_elsewhere_is_an_error_event() {
    let rig = Rig::new().await;
    let mut watch = Lines::open(&rig, "resourceVersion=999999").await;
    let (word, status) = watch.next().await.unwrap();
    assert_eq!((word.as_str(), &status["code"]), ("ERROR", &json!(410)));
    assert_eq!(status["reason"], "Expired");
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_table_watch_defines_its_columns_once() {
    let rig = Rig::new().await;
    rig.machine("a", &json!({})).await;
    rig.post(VMS, &machine("b", &json!({}))).await;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let request = Request::get(format!("{VMS}?watch=true")).header("accept", accept);
    let mut watch = Lines(rig.open(request, Body::empty()).await.into_body());
    let (_, first) = watch.next().await.unwrap();
    let (_, second) = watch.next().await.unwrap();
    assert!(!first["columnDefinitions"].as_array().unwrap().is_empty());
    assert_eq!(second["columnDefinitions"], json!([]));
    assert_eq!(second["rows"][0]["cells"][0], "b");
}

#[tokio::test]
async fn a_watch_ends_with_the_server_and_at_its_timeout() {
    let rig = Rig::new().await;
    let mut short = Lines::open(&rig, "timeoutSeconds=1").await;
    assert!(short.next().await.is_none());
    let mut long = Lines::open(&rig, "").await;
    rig.app.activity.stop();
    assert!(long.next().await.is_none());
}
