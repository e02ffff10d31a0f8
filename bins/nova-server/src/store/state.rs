//! The committed state in memory.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::history::Past;
use super::log::{Change, Log};
use super::reply::Replies;
use super::{Key, Object, Reply};

/// Newest objects and the log that leads to them.
#[derive(Debug, Default)]
pub(super) struct State {
    objects: BTreeSet<ByKey>,
    pub(super) log: Log,
    pub(super) replies: Replies,
}

/// An object, found by its key without a second copy of it.
#[derive(Debug)]
struct ByKey(Arc<Object>);

impl Borrow<Key> for ByKey {
    fn borrow(&self) -> &Key {
        &self.0.key
    }
}

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for ByKey {}

impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key.cmp(&other.0.key)
    }
}

impl State {
    /// A state from what the database holds.
    pub(super) fn new(
        objects: impl IntoIterator<Item = Arc<Object>>,
        log: Log,
        replies: Replies,
    ) -> Self {
        Self {
            objects: objects.into_iter().map(ByKey).collect(),
            log,
            replies,
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.objects.get(key).map(|ByKey(object)| object)
    }

    /// Objects of a kind, of one namespace or of all, in order of namespace and name.
    pub(super) fn list<'a>(
        &'a self,
        kind: &'static str,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        self.list_after(kind, namespace, None)
    }

    /// The same, without those up to a key.
    pub(super) fn list_after<'a>(
        &'a self,
        kind: &'static str,
        namespace: Option<&'a str>,
        after: Option<&Key>,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        let first = Key::new(kind, namespace.unwrap_or_default(), "");
        let from = after.map_or(Bound::Included(&first), Bound::Excluded);
        self.objects
            .range::<Key, _>((from, Bound::Unbounded))
            .map(|ByKey(object)| object)
            .take_while(move |object| {
                object.key.kind == kind && namespace.is_none_or(|ns| object.key.namespace == ns)
            })
    }

    /// The same list as it was at `revision`: today's, with every later change undone. `past` is what memory does not hold.
    pub(super) fn list_at(
        &self,
        kind: &'static str,
        namespace: Option<&str>,
        (revision, after): (u64, Option<&Key>),
        past: BTreeMap<Key, Past>,
    ) -> Vec<Arc<Object>> {
        let wanted = |key: &Key| {
            let there = key.kind == kind && namespace.is_none_or(|ns| key.namespace == ns);
            there && after.is_none_or(|after| key > after)
        };
        let later = self.log.since(revision.max(self.log.remembered_after()));
        let mut undone: BTreeMap<Key, Option<Arc<Object>>> = BTreeMap::new();
        for change in later.into_iter().flatten().rev() {
            if wanted(change.key()) {
                undone.insert(change.key().clone(), change.before.clone());
            }
        }
        let past = past.into_iter().filter(|(key, _)| wanted(key));
        undone.extend(past.map(|(key, past)| (key, past.before)));
        let now = self.list_after(kind, namespace, after);
        if undone.is_empty() {
            return now.cloned().collect();
        }
        let same = |object: &&Arc<Object>| !undone.contains_key(&object.key);
        let mut then: Vec<_> = now.filter(same).cloned().collect();
        then.extend(undone.into_values().flatten());
        then.sort_by(|a, b| a.key.cmp(&b.key));
        then
    }

    /// Makes committed changes visible.
    pub(super) fn publish(&mut self, changes: Vec<Change>, replies: Vec<(String, Arc<Reply>)>) {
        for (id, reply) in replies {
            self.replies.insert(id, reply);
        }
        for change in changes {
            match &change.after {
                Some(object) => {
                    self.objects.replace(ByKey(Arc::clone(object)));
                }
                None => {
                    self.objects.remove(change.key());
                }
            }
            self.log.push(change);
        }
    }
}
