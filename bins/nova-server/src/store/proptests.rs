//! Whatever happens to objects, log, snapshots and database tell the same story.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8),
    Delete(u8),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0u8..6, 0u8..4).prop_map(|(name, cpu)| Step::Put(name, cpu)),
        3 => (0u8..6).prop_map(Step::Delete),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..40)
}

fn key(name: u8) -> Key {
    Key::new(
        "virtualmachines",
        if name.is_multiple_of(2) {
            "even"
        } else {
            "odd"
        },
        name.to_string(),
    )
}

type Shown = Vec<(Key, u64, String)>;

fn shown(objects: Vec<std::sync::Arc<Object>>) -> Shown {
    objects
        .into_iter()
        .map(|o| (o.key.clone(), o.rv, o.json()))
        .collect()
}

async fn apply(store: &Store, step: &Step) {
    match *step {
        Step::Put(name, cpu) => {
            let value = json!({"metadata": {}, "spec": {"cpu": cpu}});
            store
                .write(Durability::Status, move |tx| tx.put(&key(name), value))
                .await
                .unwrap();
        }
        Step::Delete(name) => {
            // Deleting what is not there must change nothing.
            drop(
                store
                    .write(Durability::Spec, move |tx| tx.delete(&key(name)))
                    .await,
            );
        }
        Step::Reopen => {}
    }
}

/// Runs the steps; answers the list after each revision.
async fn history(dir: &std::path::Path, steps: &[Step]) -> BTreeMap<u64, Shown> {
    let mut store = Store::open(dir).unwrap();
    let mut seen = BTreeMap::from([(0, Vec::new())]);
    for step in steps {
        if matches!(step, Step::Reopen) {
            store.close();
            store = Store::open(dir).unwrap();
        }
        apply(&store, step).await;
        seen.insert(store.revision(), shown(store.list("virtualmachines", None)));
    }
    store.close();
    seen
}

/// The list that a watcher would have after following the log from `from`.
async fn replay(store: &Store, from: u64, start: &Shown) -> Shown {
    let mut objects: BTreeMap<Key, (u64, String)> = start
        .iter()
        .cloned()
        .map(|(key, rv, json)| (key, (rv, json)))
        .collect();
    let mut watch = store.watch(&["virtualmachines"], from).unwrap();
    let mut last = from;
    while last < store.revision() {
        let change = watch.next().await.unwrap();
        assert_eq!(change.rv, last + 1);
        last = change.rv;
        let known = objects.get(change.key()).map(|(rv, _)| *rv);
        assert_eq!(change.before.as_ref().map(|b| b.rv), known);
        match &change.after {
            Some(o) => objects.insert(o.key.clone(), (o.rv, o.json())),
            None => objects.remove(change.key()),
        };
    }
    objects
        .into_iter()
        .map(|(key, (rv, json))| (key, rv, json))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn log_snapshots_and_database_agree(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let seen = history(dir.path(), &steps).await;
            let store = Store::open(dir.path()).unwrap();
            let newest = shown(store.list("virtualmachines", None));
            for (revision, list) in &seen {
                let then = store.list_at("virtualmachines", None, (*revision, None)).unwrap();
                prop_assert_eq!(&shown(then), list, "list at {}", revision);
                let odd = store.list_at("virtualmachines", Some("odd"), (*revision, None)).unwrap();
                let expected: Shown =
                    list.iter().filter(|(key, ..)| key.namespace == "odd").cloned().collect();
                prop_assert_eq!(shown(odd), expected);
                prop_assert_eq!(&replay(&store, *revision, list).await, &newest);
            }
            Ok(())
        })?;
    }
}
