//! What a slow reader gets: the newest state of each object, and every deletion.

use std::collections::HashMap;

use crate::store::{Change, ChangeKind, Key};

/// Folds changes of the same object into one, as long as it lives: the state before the first and
/// after the last. Order by revision is kept, deletions stay what they are.
pub(super) fn coalesce(changes: Vec<Change>) -> Vec<Change> {
    let mut out: Vec<Option<Change>> = Vec::with_capacity(changes.len());
    let mut open: HashMap<Key, usize> = HashMap::new();
    for mut change in changes {
        let earlier = open.get(change.key()).and_then(|at| out[*at].take());
        if let Some(earlier) = earlier {
            if change.kind == ChangeKind::Deleted {
                let at = open[change.key()];
                out[at] = Some(earlier);
            } else {
                change.kind = earlier.kind;
                change.before = earlier.before;
            }
        }
        if change.kind == ChangeKind::Deleted {
            open.remove(change.key());
        } else {
            open.insert(change.key().clone(), out.len());
        }
        out.push(Some(change));
    }
    out.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::{Durability, Store};

    #[tokio::test]
    async fn states_fold_and_deletions_stay() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = |name: &str| Key::new("virtualmachines", "d", name);
        for cpu in 1..=3 {
            for name in ["a", "b"] {
                let value = json!({"spec": {"cpu": cpu}});
                store
                    .write(Durability::Status, move |tx| tx.put(&key(name), value))
                    .await
                    .unwrap();
            }
        }
        store
            .write(Durability::Status, move |tx| tx.delete(&key("a")))
            .await
            .unwrap();
        let value = json!({"spec": {"cpu": 9}});
        store
            .write(Durability::Status, move |tx| tx.put(&key("a"), value))
            .await
            .unwrap();

        let all = store.watch(&[], 0).unwrap().take(100).unwrap();
        assert_eq!(all.len(), 8);
        let folded: Vec<_> = coalesce(all)
            .into_iter()
            .map(|c| (c.rv, c.kind, c.key().name.clone()))
            .collect();
        assert_eq!(
            folded,
            [
                (5, ChangeKind::Added, "a".to_owned()),
                (6, ChangeKind::Added, "b".to_owned()),
                (7, ChangeKind::Deleted, "a".to_owned()),
                (8, ChangeKind::Added, "a".to_owned()),
            ]
        );
    }
}
