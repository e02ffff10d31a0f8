//! What a writing closure sees and changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::encode::Encoded;
use super::log::Change;
use super::memory::Memory;
use super::stamp::{is_finalized, stamp};
use super::state::State;
use super::{Key, Object, Reply};
use crate::api::apply;
use crate::api::error::ApiError;

/// Changes of one batch that are not yet committed, over the committed state.
pub(super) struct Batch<'a> {
    memory: &'a Memory,
    objects: BTreeMap<Key, Option<Arc<Object>>>,
    pub(super) changes: Vec<Change>,
    pub(super) replies: Vec<(String, Arc<Reply>)>,
    revision: u64,
    pub(super) now: jiff::Timestamp,
}

impl<'a> Batch<'a> {
    pub(super) fn new(memory: &'a Memory, revision: u64) -> Self {
        let now = jiff::Timestamp::now();
        Self {
            memory,
            objects: BTreeMap::new(),
            changes: Vec::new(),
            replies: Vec::new(),
            revision,
            now,
        }
    }

    /// Runs one closure; what it changed stays only when it succeeds and `keep` is set.
    pub(super) fn run<T>(
        &mut self,
        keep: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut tx = Tx {
            base: self,
            objects: BTreeMap::new(),
            changes: Vec::new(),
            replies: Vec::new(),
        };
        let result = work(&mut tx)?;
        let Tx {
            objects,
            changes,
            replies,
            ..
        } = tx;
        if !keep {
            return Ok(result);
        }
        self.revision += changes.len() as u64;
        self.objects.extend(objects);
        self.changes.extend(changes);
        self.replies.extend(replies);
        Ok(result)
    }

    fn committed<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.memory.read())
    }

    fn get(&self, key: &Key) -> Option<Arc<Object>> {
        match self.objects.get(key) {
            Some(staged) => staged.clone(),
            None => self.committed(|state| state.get(key).cloned()),
        }
    }
}

/// One closure's view: the newest state with its own changes on top.
pub(crate) struct Tx<'a> {
    base: &'a Batch<'a>,
    objects: BTreeMap<Key, Option<Arc<Object>>>,
    changes: Vec<Change>,
    replies: Vec<(String, Arc<Reply>)>,
}

impl Tx<'_> {
    /// The newest revision of an object.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Object>> {
        match self.objects.get(key) {
            Some(staged) => staged.clone(),
            None => self.base.get(key),
        }
    }

    /// The same, or `NotFound`.
    pub(crate) fn require(&self, key: &Key) -> Result<Arc<Object>, ApiError> {
        self.get(key).ok_or_else(|| ApiError::not_found(key))
    }

    /// Objects of a kind, of one namespace or of all, ordered by namespace and name.
    pub(crate) fn list(&self, kind: &'static str, namespace: Option<&str>) -> Vec<Arc<Object>> {
        let mut all: BTreeMap<Key, Arc<Object>> = self.base.committed(|state| {
            state
                .list(kind, namespace)
                .map(|o| (o.key.clone(), Arc::clone(o)))
                .collect()
        });
        let staged = self.base.objects.iter().chain(&self.objects);
        for (key, object) in staged
            .filter(|(key, _)| key.kind == kind && namespace.is_none_or(|ns| key.namespace == ns))
        {
            match object {
                Some(object) => all.insert(key.clone(), Arc::clone(object)),
                None => all.remove(key),
            };
        }
        all.into_values().collect()
    }

    /// The time of this batch.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.base.now
    }

    /// The same in whole seconds, the form of times in `managedFields`.
    pub(crate) fn second(&self) -> String {
        format!("{:.0}", self.base.now)
    }

    /// Creates or replaces an object in the name of the server: what it changes of fields that
    /// others own becomes its own. Otherwise as [`Tx::put_owned`].
    pub(crate) fn put(&mut self, key: &Key, mut value: Value) -> Result<Arc<Object>, ApiError> {
        let before = self.get(key);
        let before = before.as_ref().map(|before| before.json());
        apply::by_server(key.kind, before.as_deref(), &mut value, &self.second());
        self.put_owned(key, value)
    }

    /// Creates or replaces an object; `metadata.managedFields` are as they are to be.
    ///
    /// Stamps name, namespace, uid, creationTimestamp, generation (grows when `spec` differs) and
    /// resourceVersion, whatever the body says of them. An unchanged body makes no revision. A body
    /// with a deletionTimestamp and without finalizers removes the object; its last state is
    /// answered.
    pub(crate) fn put_owned(&mut self, key: &Key, value: Value) -> Result<Arc<Object>, ApiError> {
        let before = self.get(key);
        let now = format_time(self.base.now);
        let value = stamp(key, before.as_deref(), value, &now)?;
        let mut encoded = Encoded::new(&value)
            .map_err(|e| ApiError::internal(format!("{key} cannot be encoded: {e}")))?;
        if let Some(before) = before
            .as_ref()
            .filter(|old| old.with_json(|old| old == encoded.text))
        {
            return Ok(Arc::clone(before));
        }
        let rv = self.next_revision();
        encoded.set_revision(rv);
        let object = Object::encoded(key.clone(), rv, &encoded, &value)
            .ok_or_else(|| ApiError::bad_request(format!("{key} has labels that are no texts")))?;
        let object = Arc::new(object);
        let after = (!is_finalized(&value)).then(|| Arc::clone(&object));
        if before.is_some() || after.is_some() {
            self.stage(key, rv, before, after);
        }
        Ok(object)
    }

    /// Removes an object at once, finalizers or not; answers its last state.
    pub(crate) fn delete(&mut self, key: &Key) -> Result<Arc<Object>, ApiError> {
        let before = self.require(key)?;
        let rv = self.next_revision();
        self.stage(key, rv, Some(Arc::clone(&before)), None);
        Ok(before)
    }

    /// The answer that a request with this id got before.
    pub(crate) fn recall(&self, id: &str) -> Option<Arc<Reply>> {
        let staged = self.base.replies.iter().chain(&self.replies);
        let staged = staged
            .rev()
            .find(|(known, _)| known == id)
            .map(|(_, reply)| reply);
        let now = self.base.now.as_millisecond();
        staged.cloned().or_else(|| {
            self.base
                .committed(|state| state.replies.get(id, now).cloned())
        })
    }

    /// Keeps the answer of this request with what it changed: both are stored, or none.
    pub(crate) fn remember(&mut self, id: String, reply: Reply) {
        let at = self.base.now.as_millisecond();
        self.replies.push((id, Arc::new(Reply { at, ..reply })));
    }

    fn next_revision(&self) -> u64 {
        self.base.revision + self.changes.len() as u64 + 1
    }

    fn stage(
        &mut self,
        key: &Key,
        rv: u64,
        before: Option<Arc<Object>>,
        after: Option<Arc<Object>>,
    ) {
        self.objects.insert(key.clone(), after.clone());
        self.changes.push(Change::new(
            rv,
            before,
            after,
            self.base.now.as_millisecond(),
        ));
    }
}

/// RFC 3339 UTC with milliseconds, the form of every time in the API.
pub(crate) fn format_time(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}
