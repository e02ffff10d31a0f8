//! The garbage collector: what becomes of objects whose owners go.
//!
//! ```text
//! owner is gone                      its dependents go, unless another owner is there
//! owner holds `foregroundDeletion`   its dependents go, those that block before it
//! owner holds `orphan`               its dependents lose the reference, then it goes
//! ```

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::delete::{Asked, FOREGROUND, ORPHAN, remove};
use super::meta::texts;
use crate::api::error::ApiError;
use crate::api::kinds::{ALL, Context, Kind};
use crate::app::App;
use crate::control::Caller;
use crate::store::{Change, Durability, Expired, Key, Object, Tx};

/// Starts the task; it ends with the runtime.
pub(crate) fn start(app: &Arc<App>) {
    let app = Arc::clone(app);
    drop(tokio::spawn(async move {
        loop {
            // Behind the log, everything is looked at anew.
            if let Err(error) = follow(&app).await {
                tracing::debug!(%error, "the collector starts again");
            }
        }
    }));
}

async fn follow(app: &Arc<App>) -> Result<(), Expired> {
    let revision = app.store.revision();
    let mut collector = Collector {
        app: Arc::clone(app),
        owned: HashMap::new(),
        owners: HashMap::new(),
    };
    for kind in ALL {
        for object in app.store.list(kind.info.plural, None) {
            collector.learn(&object.key, Some(&object));
            collector.look_at(&object).await;
        }
    }
    let plurals: Vec<&'static str> = ALL.iter().map(|kind| kind.info.plural).collect();
    let mut watch = app.store.watch(&plurals, revision)?;
    loop {
        let change = watch.next().await?;
        collector.changed(&change).await;
    }
}

/// A reference from an object to an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    uid: String,
    /// Where it lives; nothing for a kind that this server does not have.
    key: Option<Key>,
    /// Whether the owner waits for the object in a foreground deletion.
    blocks: bool,
}

struct Collector {
    app: Arc<App>,
    /// Objects by the uids of their owners.
    owned: HashMap<String, BTreeSet<Key>>,
    owners: HashMap<Key, Vec<Owner>>,
}

impl Collector {
    /// Keeps track of who owns the object.
    fn learn(&mut self, key: &Key, object: Option<&Object>) {
        for owner in self.owners.remove(key).unwrap_or_default() {
            if let Some(keys) = self.owned.get_mut(&owner.uid) {
                keys.remove(key);
                if keys.is_empty() {
                    self.owned.remove(&owner.uid);
                }
            }
        }
        let owners = object.map(owners_of).unwrap_or_default();
        if owners.is_empty() {
            return;
        }
        for owner in &owners {
            let keys = self.owned.entry(owner.uid.clone()).or_default();
            keys.insert(key.clone());
        }
        self.owners.insert(key.clone(), owners);
    }

    fn owned_by(&self, uid: &str) -> Vec<Key> {
        let keys = self.owned.get(uid).into_iter().flatten();
        keys.cloned().collect()
    }

    async fn changed(&mut self, change: &Change) {
        let key = change.key();
        let before = self.owners.get(key).cloned().unwrap_or_default();
        self.learn(key, change.after.as_deref());
        if let Some(object) = &change.after {
            return self.look_at(object).await;
        }
        for dependent in self.owned_by(change.object().uid()) {
            self.run(move |tx, context| collect(tx, context, &dependent))
                .await;
        }
        // Those that waited for it in a foreground deletion may go now.
        for key in before.into_iter().filter_map(|owner| owner.key) {
            if let Some(owner) = self.app.store.get(&key) {
                self.look_at(&owner).await;
            }
        }
    }

    /// Does what the object itself asks for: its owners may be gone, or it may be one that goes.
    async fn look_at(&self, object: &Arc<Object>) {
        let key = object.key.clone();
        if self.owners.contains_key(&key) {
            let key = key.clone();
            self.run(move |tx, context| collect(tx, context, &key))
                .await;
        }
        if holds(object, ORPHAN) {
            let (key, owned) = (key.clone(), self.owned_by(object.uid()));
            self.run(move |tx, _| orphan(tx, &key, &owned)).await;
        }
        if holds(object, FOREGROUND) {
            let owned = self.owned_by(object.uid());
            self.run(move |tx, context| foreground(tx, context, &key, &owned))
                .await;
        }
    }

    async fn run(
        &self,
        work: impl FnOnce(&mut Tx<'_>, &Context) -> Result<(), ApiError> + Send + 'static,
    ) {
        let context = Context {
            app: Arc::clone(&self.app),
            caller: Caller::system(),
        };
        let work = move |tx: &mut Tx<'_>| work(tx, &context);
        if let Err(error) = self.app.store.write(Durability::Spec, work).await {
            tracing::warn!(%error, "an object without an owner could not be collected");
        }
    }
}

/// Whether the object goes and waits for this.
fn holds(object: &Object, finalizer: &str) -> bool {
    // Nearly no object does, and its text says so at once.
    let says = |json: &str| json.contains("\"deletionTimestamp\"") && json.contains(finalizer);
    object.with_json(says) && {
        let value = object.value();
        value["metadata"]["deletionTimestamp"].is_string()
            && texts(&value["metadata"]["finalizers"]).contains(&finalizer)
    }
}

fn owners_of(object: &Object) -> Vec<Owner> {
    if !object.with_json(|json| json.contains("\"ownerReferences\"")) {
        return Vec::new();
    }
    let value = object.value();
    let references = value["metadata"]["ownerReferences"].as_array();
    let references = references.into_iter().flatten();
    references
        .map(|owner| owner_of(owner, &object.key.namespace))
        .collect()
}

fn owner_of(reference: &Value, namespace: &str) -> Owner {
    let text = |name: &str| reference[name].as_str().unwrap_or_default();
    let kind = ALL.iter().find(|kind| {
        kind.info.kind == text("kind") && kind.info.api_version() == text("apiVersion")
    });
    let key = kind.map(|kind| {
        let namespace = if kind.namespaced() { namespace } else { "" };
        Key::new(kind.info.plural, namespace, text("name"))
    });
    Owner {
        uid: text("uid").to_owned(),
        key,
        blocks: reference["blockOwnerDeletion"] == true,
    }
}

fn kind_of(key: &Key) -> Option<&'static Kind> {
    ALL.iter()
        .find(|kind| kind.info.plural == key.kind)
        .copied()
}

/// Deletes the object when none of its owners is left, or none but those that wait for it; takes out
/// references to owners that are gone otherwise.
fn collect(tx: &mut Tx<'_>, context: &Context, key: &Key) -> Result<(), ApiError> {
    let Some(object) = tx.get(key) else {
        return Ok(());
    };
    let mut value = object.value();
    let owners = owners_of(&object);
    // Of a kind that this server does not have nobody can say that it is gone.
    let there = |owner: &Owner| match &owner.key {
        Some(key) => tx.get(key).filter(|found| found.uid() == owner.uid),
        None => Some(Arc::clone(&object)),
    };
    let solid: Vec<bool> = owners.iter().map(|owner| there(owner).is_some()).collect();
    if solid.iter().all(|solid| *solid) {
        return Ok(());
    }
    if !solid.contains(&true) {
        return delete(tx, context, &object, false);
    }
    let mut solid = solid.into_iter();
    if let Some(references) = value["metadata"]["ownerReferences"].as_array_mut() {
        references.retain(|_| solid.next().unwrap_or(true));
    }
    tx.put(key, value).map(drop)
}

fn delete(
    tx: &mut Tx<'_>,
    context: &Context,
    object: &Object,
    foreground: bool,
) -> Result<(), ApiError> {
    let Some(kind) = kind_of(&object.key) else {
        return Ok(());
    };
    if object.value()["metadata"]["deletionTimestamp"].is_string() {
        return Ok(());
    }
    let asked = if foreground {
        Asked::foreground()
    } else {
        Asked::default()
    };
    remove(tx, kind, context, object, &asked).map(drop)
}

/// Takes the owner from its dependents, and then lets it go.
fn orphan(tx: &mut Tx<'_>, key: &Key, dependents: &[Key]) -> Result<(), ApiError> {
    let Some(owner) = tx.get(key) else {
        return Ok(());
    };
    for dependent in dependents {
        let Some(object) = tx.get(dependent) else {
            continue;
        };
        let mut value = object.value();
        if let Some(references) = value["metadata"]["ownerReferences"].as_array_mut() {
            references.retain(|reference| reference["uid"] != *owner.uid());
            if references.is_empty() {
                value["metadata"]["ownerReferences"] = Value::Null;
            }
        }
        without_null(&mut value, "ownerReferences");
        tx.put(dependent, value)?;
    }
    let_go(tx, &owner, ORPHAN)
}

/// Deletes the dependents, and lets the owner go when none is left that it waits for.
fn foreground(
    tx: &mut Tx<'_>,
    context: &Context,
    key: &Key,
    dependents: &[Key],
) -> Result<(), ApiError> {
    let Some(uid) = tx.get(key).map(|owner| owner.uid().to_owned()) else {
        return Ok(());
    };
    let mut waits = false;
    for dependent in dependents {
        let Some(object) = tx.get(dependent) else {
            continue;
        };
        let references = owners_of(&object);
        let blocks = references.iter().any(|r| r.uid == uid && r.blocks);
        let alone = references.iter().all(|r| {
            r.uid == uid
                || r.key
                    .as_ref()
                    .is_some_and(|key| tx.get(key).is_none_or(|o| o.uid() != r.uid))
        });
        if alone {
            delete(tx, context, &object, blocks)?;
        }
        waits |= blocks && alone && tx.get(dependent).is_some();
    }
    if waits {
        return Ok(());
    }
    let Some(owner) = tx.get(key) else {
        return Ok(());
    };
    let_go(tx, &owner, FOREGROUND)
}

fn let_go(tx: &mut Tx<'_>, owner: &Object, finalizer: &str) -> Result<(), ApiError> {
    let mut value = owner.value();
    let mut left = texts(&value["metadata"]["finalizers"]);
    left.retain(|held| *held != finalizer);
    let left = if left.is_empty() {
        Value::Null
    } else {
        json!(left)
    };
    value["metadata"]["finalizers"] = left;
    without_null(&mut value, "finalizers");
    tx.put(&owner.key, value).map(drop)
}

fn without_null(value: &mut Value, member: &str) {
    let metadata = value["metadata"].as_object_mut();
    if let Some(metadata) = metadata.filter(|m| m.get(member).is_some_and(Value::is_null)) {
        metadata.remove(member);
    }
}
