//! The committed state in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::history::Past;
use super::log::{Change, Log};
use super::reply::Replies;
use super::{Key, Object, Reply};

/// Newest objects and the log that leads to them.
#[derive(Debug, Default)]
pub(super) struct State {
    objects: BTreeMap<Key, Arc<Object>>,
    pub(super) log: Log,
    pub(super) replies: Replies,
}

impl State {
    /// A state from what the database holds.
    pub(super) fn new(objects: BTreeMap<Key, Arc<Object>>, log: Log, replies: Replies) -> Self {
        Self {
            objects,
            log,
            replies,
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// Objects of a kind, of one namespace or of all, in order of namespace and name.
    pub(super) fn list<'a>(
        &'a self,
        kind: &'static str,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        let from = Key::new(kind, namespace.unwrap_or_default(), "");
        self.objects
            .range((Bound::Included(from), Bound::Unbounded))
            .map(|(_, object)| object)
            .take_while(move |object| {
                object.key.kind == kind && namespace.is_none_or(|ns| object.key.namespace == ns)
            })
    }

    /// The same list as it was at `revision`: today's, with every later change undone. `past` is what memory does not hold.
    pub(super) fn list_at(
        &self,
        kind: &'static str,
        namespace: Option<&str>,
        revision: u64,
        past: BTreeMap<Key, Past>,
    ) -> Vec<Arc<Object>> {
        let wanted = |key: &Key| key.kind == kind && namespace.is_none_or(|ns| key.namespace == ns);
        let later = self.log.since(revision.max(self.log.remembered_after()));
        let mut undone: BTreeMap<Key, Option<Arc<Object>>> = BTreeMap::new();
        for change in later.into_iter().flatten().rev() {
            if wanted(change.key()) {
                undone.insert(change.key().clone(), change.before.clone());
            }
        }
        let past = past.into_iter().filter(|(key, _)| wanted(key));
        undone.extend(past.map(|(key, past)| (key, past.before)));
        if undone.is_empty() {
            return self.list(kind, namespace).cloned().collect();
        }
        let mut then: BTreeMap<&Key, &Arc<Object>> = self
            .list(kind, namespace)
            .map(|object| (&object.key, object))
            .collect();
        for (key, before) in &undone {
            match before {
                Some(object) => then.insert(key, object),
                None => then.remove(key),
            };
        }
        then.into_values().cloned().collect()
    }

    /// Makes committed changes visible.
    pub(super) fn publish(&mut self, changes: Vec<Change>, replies: Vec<(String, Arc<Reply>)>) {
        for (id, reply) in replies {
            self.replies.insert(id, reply);
        }
        for change in changes {
            match &change.after {
                Some(object) => {
                    self.objects.insert(object.key.clone(), Arc::clone(object));
                }
                None => {
                    self.objects.remove(change.key());
                }
            }
            self.log.push(change);
        }
    }
}
