//! The store's promises, one test each.

use serde_json::{Value, json};

use super::db::MIGRATIONS;
use super::*;

fn vm(name: &str) -> Key {
    Key::new("virtualmachines", "default", name)
}

fn body(cpu: u32) -> Value {
    json!({"apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
           "metadata": {"labels": {"app": "web"}}, "spec": {"cpu": cpu}})
}

async fn put(store: &Store, key: Key, value: Value) -> std::sync::Arc<Object> {
    store
        .write(Durability::Spec, move |tx| tx.put(&key, value))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_write_is_stamped_and_survives_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let made = put(&store, vm("a"), body(1)).await;
    let value = made.value();
    assert_eq!(value["metadata"]["generation"], 1);
    assert_eq!(value["metadata"]["resourceVersion"], "1");
    assert_eq!(made.label("app"), Some("web"));
    store.close();

    let again = Store::open(dir.path()).unwrap();
    assert_eq!(again.get(&vm("a")), Some(made));
    assert_eq!(again.revision(), 1);
}

#[tokio::test]
async fn generation_follows_the_spec_and_uid_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let first = put(&store, vm("a"), body(1)).await;
    let same = put(&store, vm("a"), body(1)).await;
    assert_eq!(first, same, "an unchanged body makes no revision");
    let mut relabelled = body(1);
    relabelled["metadata"]["labels"]["app"] = json!("db");
    let second = put(&store, vm("a"), relabelled).await;
    assert_eq!(
        (second.rv, &second.value()["metadata"]["generation"]),
        (2, &json!(1))
    );
    let third = put(&store, vm("a"), body(2)).await;
    assert_eq!(third.value()["metadata"]["generation"], 2);
    assert_eq!(third.uid(), first.uid());
}

#[tokio::test]
async fn a_failing_closure_undoes_only_its_own_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let good = store.write(Durability::Spec, |tx| tx.put(&vm("good"), body(1)));
    let bad = store.write(Durability::Spec, |tx| {
        tx.put(&vm("bad"), body(1))?;
        Err::<(), _>(crate::api::error::ApiError::bad_request("no"))
    });
    let (good, bad) = tokio::join!(good, bad);
    assert_eq!(bad.unwrap_err().status(), 400);
    assert_eq!(store.list("virtualmachines", None), vec![good.unwrap()]);
}

#[tokio::test]
async fn a_panicking_closure_fails_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let result = store
        .write(Durability::Spec, |_| -> Result<(), _> { panic!("bug") })
        .await;
    assert_eq!(result.unwrap_err().status(), 500);
    put(&store, vm("a"), body(1)).await;
}

#[tokio::test]
async fn a_full_disk_is_one_clear_error_and_the_store_lives_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    put(&store, vm("a"), body(1)).await;
    store.limit_pages();
    let mut big = body(1);
    // Nothing in it repeats, so that it takes its room compressed too.
    let note: String = (0..3000)
        .map(|_| uuid::Uuid::new_v4().to_string())
        .collect();
    big["metadata"]["annotations"] = json!({"note": note});
    let result = store
        .write(Durability::Spec, move |tx| tx.put(&vm("b"), big))
        .await
        .unwrap_err();
    assert_eq!(result.status(), 507);
    assert_eq!(result.nova_reason(), "InsufficientResources");
    assert_eq!(store.get(&vm("b")), None);
    assert_eq!(store.revision(), 1);
    let small = store
        .write(Durability::Spec, |tx| tx.delete(&vm("a")))
        .await;
    small.unwrap();
    assert_eq!(store.revision(), 2, "revisions go on without a hole");
}

#[tokio::test]
async fn a_watch_sees_each_change_once_and_resumes_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    put(&store, vm("a"), body(1)).await;
    put(&store, Key::new("images", "default", "i"), body(1)).await;
    put(&store, vm("a"), body(2)).await;
    store
        .write(Durability::Spec, |tx| tx.delete(&vm("a")))
        .await
        .unwrap();
    store.close();

    let store = Store::open(dir.path()).unwrap();
    let mut watch = store.watch(&["virtualmachines"], 1).unwrap();
    let change = watch.next().await.unwrap();
    assert_eq!((change.rv, change.kind), (3, ChangeKind::Modified));
    assert_eq!(change.before.unwrap().value()["spec"]["cpu"], 1);
    assert_eq!(change.after.unwrap().value()["spec"]["cpu"], 2);
    let change = watch.next().await.unwrap();
    assert_eq!((change.rv, change.kind), (4, ChangeKind::Deleted));
    let next = async {
        put(&store, vm("b"), body(1)).await;
    };
    let (change, ()) = tokio::join!(watch.next(), next);
    assert_eq!(change.unwrap().kind, ChangeKind::Added);
    assert!(
        store.watch(&[], 99).is_err(),
        "a position from the future is refused"
    );
}

#[tokio::test]
async fn the_last_finalizer_takes_the_object_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let mut held = body(1);
    held["metadata"]["finalizers"] = json!(["nova.dev/engine"]);
    held["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00.000Z");
    put(&store, vm("a"), body(1)).await;
    let mut value = put(&store, vm("a"), held).await.value();
    assert!(store.get(&vm("a")).is_some());
    value["metadata"]["finalizers"] = json!([]);
    put(&store, vm("a"), value).await;
    assert_eq!(store.get(&vm("a")), None);
}

#[test]
fn a_database_of_a_newer_server_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let file = rusqlite::Connection::open(dir.path().join("nova.db")).unwrap();
    file.pragma_update(None, "user_version", 9999).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 9999, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn what_memory_let_go_of_is_read_from_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let made = put(&store, vm("old"), body(1)).await;
    put(&store, vm("gone"), body(1)).await;
    let anew = put(&store, vm("anew"), body(1)).await;
    let start = store.revision();
    put(&store, vm("old"), body(2)).await;
    put(&store, vm("short"), body(1)).await;
    let remove = |name: &'static str| store.write(Durability::Spec, move |tx| tx.delete(&vm(name)));
    for name in ["gone", "anew", "short"] {
        remove(name).await.unwrap();
    }
    let came = put(&store, vm("anew"), body(3)).await;
    for round in 0..20_u32 {
        let flood = move |tx: &mut Tx<'_>| {
            (0..1000).try_for_each(|n| {
                let key = Key::new("events", "default", format!("{round}.{n}"));
                tx.put(&key, json!({"metadata": {}, "count": 1})).map(drop)
            })
        };
        store.write(Durability::Status, flood).await.unwrap();
    }
    let names = |list: Vec<std::sync::Arc<Object>>| -> Vec<(String, u64)> {
        list.iter().map(|o| (o.key.name.clone(), o.rv)).collect()
    };
    let then = names(
        store
            .list_at("virtualmachines", None, (start, None))
            .unwrap(),
    );
    assert_eq!(then.len(), 3, "{then:?}");
    assert!(then.contains(&("old".to_owned(), made.rv)), "{then:?}");

    let mut watch = store.watch(&["virtualmachines"], start).unwrap();
    let mut seen = Vec::new();
    while watch.backlog() > 0 {
        let change = watch.next().await.unwrap();
        seen.push((change.kind, change.key().name.clone(), change.rv));
    }
    assert_eq!(
        seen,
        [
            (ChangeKind::Modified, "old".to_owned(), start + 1),
            (ChangeKind::Deleted, "gone".to_owned(), start + 3),
            (ChangeKind::Deleted, "anew".to_owned(), start + 4),
            (ChangeKind::Added, "anew".to_owned(), came.rv),
        ]
    );
    assert_ne!(anew.uid(), came.uid());
}

/// A database of the first layouts, whose objects are plain text.
fn plain_database(path: &std::path::Path) {
    let old = rusqlite::Connection::open(path).unwrap();
    for step in &MIGRATIONS[..2] {
        old.execute_batch(step).unwrap();
    }
    let body =
        |rv: u64| format!(r#"{{"metadata":{{"name":"a","resourceVersion":"{rv}","uid":"u"}}}}"#);
    let rows = format!(
        "PRAGMA user_version = 2;
         INSERT INTO objects VALUES ('virtualmachines', 'default', 'a', 2, '{}');
         INSERT INTO changes VALUES (1, 0, 'virtualmachines', 'default', 'a', NULL, NULL);
         INSERT INTO changes VALUES (2, 0, 'virtualmachines', 'default', 'a', 1, '{}');",
        body(2),
        body(1),
    );
    old.execute_batch(&rows).unwrap();
}

#[tokio::test]
async fn a_database_of_plain_objects_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    plain_database(&dir.path().join("nova.db"));
    let store = Store::open(dir.path()).unwrap();
    let key = Key::new("virtualmachines", "default", "a");
    let object = store.get(&key).unwrap();
    assert_eq!((object.rv, object.uid()), (2, "u"));
    let then = store.list_at("virtualmachines", None, (1, None)).unwrap();
    assert_eq!(then[0].rv, 1);
    put(
        &store,
        key.clone(),
        json!({"metadata": {}, "spec": {"n": 1}}),
    )
    .await;
    store.close();
    let again = Store::open(dir.path()).unwrap();
    assert_eq!(again.get(&key).unwrap().field("spec.n"), "1");
    let before = again.list_at("virtualmachines", None, (2, None)).unwrap();
    assert_eq!(before[0].json(), object.json());
}
