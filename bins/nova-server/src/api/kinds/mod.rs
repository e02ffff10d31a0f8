//! The registry of kinds: what discovery, routes, tables and checks know of each.
//!
//! A new kind is one file here, a line in [`ALL`] and its plural in [`super::PLURALS`].

mod event;
pub(crate) mod image;
mod namespace;
mod node;
mod operation;
pub(crate) mod token;
mod user;
mod vm;

use std::sync::Arc;

use nova_api::types::{KindInfo, Resource, Scope};
use serde_json::Value;

pub(crate) use operation::is_over;

use super::columns::Column;
use super::error::{ApiError, Cause};
use crate::app::App;
use crate::control::Caller;
use crate::store::{Object, Tx};

/// One kind of objects.
pub(crate) struct Kind {
    /// Names, group and scope.
    pub(crate) info: KindInfo,
    /// What `kubectl get all` and its like select by.
    pub(crate) categories: &'static [&'static str],
    /// Verbs that clients have; the server itself may do more.
    pub(crate) verbs: &'static [&'static str],
    /// Printer columns, NAME and AGE included.
    pub(crate) columns: &'static [Column],
    /// Fields that field selectors may name, beside `metadata.name` and `metadata.namespace`.
    pub(crate) selectable: &'static [&'static str],
    /// Subresources for discovery: name and verbs.
    pub(crate) subresources: &'static [(&'static str, &'static [&'static str])],
    /// Fields that the type of the kind does not have, or why the body does not fit it.
    pub(crate) unknown: fn(&Value) -> Result<Vec<String>, serde_json::Error>,
    /// What is particular about it.
    pub(crate) rules: &'static dyn Rules,
}

/// Verbs of a kind that clients own in full.
pub(super) const FULL: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// What a write goes by.
pub(crate) struct Context {
    pub(crate) app: Arc<App>,
    pub(crate) caller: Caller,
}

/// What a deletion asks for, from body and query.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteOptions {
    /// Time given to what has to end in order; 0 is at once.
    pub(crate) grace: Option<u64>,
    /// Uid that the object must have.
    pub(crate) uid: Option<String>,
    /// Revision that the object must have.
    pub(crate) resource_version: Option<String>,
}

/// Where a deletion stands when it is answered.
pub(crate) struct Deletion {
    /// The object as it is now, while something still holds it.
    pub(crate) finalizing: Option<Value>,
    /// The operation that goes on.
    pub(crate) operation: Option<String>,
}

/// What is particular about a kind. Every default does nothing.
pub(crate) trait Rules: Sync {
    /// Every fault of a body at once. Metadata was checked.
    fn validate(&self, _object: &Value, _before: Option<&Value>) -> Vec<Cause> {
        Vec::new()
    }

    /// Runs in the write, after validation: refuses by what else exists, and starts work. Answers
    /// the operation's name.
    fn admit(
        &self,
        _tx: &mut Tx<'_>,
        _before: Option<&Value>,
        _after: &mut Value,
        _context: &Context,
    ) -> Result<Option<String>, ApiError> {
        Ok(None)
    }

    /// Removes an object or marks it as going away.
    fn delete(
        &self,
        tx: &mut Tx<'_>,
        object: &Object,
        _options: &DeleteOptions,
        _context: &Context,
    ) -> Result<Deletion, ApiError> {
        mark_or_delete(tx, object)
    }

    /// After objects were deleted.
    fn deleted(&self, _app: &Arc<App>) {}
}

/// A kind that has no rules of its own.
struct Plain;

impl Rules for Plain {}

/// Removes an object that nothing holds; otherwise its finalizers have the word.
pub(super) fn mark_or_delete(tx: &mut Tx<'_>, object: &Object) -> Result<Deletion, ApiError> {
    let mut value = object.value();
    let held = value["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|f| !f.is_empty());
    if !held {
        tx.delete(&object.key)?;
        return Ok(Deletion {
            finalizing: None,
            operation: None,
        });
    }
    if !value["metadata"]["deletionTimestamp"].is_string() {
        let now = crate::store::format_time(tx.now());
        value["metadata"]["deletionTimestamp"] = now.into();
        value["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    }
    let stored = tx.put(&object.key, value)?;
    Ok(Deletion {
        finalizing: Some(stored.value()),
        operation: None,
    })
}

/// Every kind, in the order of discovery.
pub(crate) static ALL: &[&Kind] = &[
    &namespace::KIND,
    &event::KIND,
    &vm::KIND,
    &image::KIND,
    &operation::KIND,
    &node::KIND,
    &token::KIND,
    &user::KIND,
];

impl Kind {
    /// Whether objects live in namespaces.
    pub(crate) fn namespaced(&self) -> bool {
        self.info.scope == Scope::Namespaced
    }

    /// The path of its collection with a parameter in the namespace's place.
    pub(crate) fn collection_template(&self, parameter: &str) -> String {
        if !self.namespaced() {
            return self.info.collection_path(None);
        }
        let path = self.info.collection_path(Some("NS"));
        path.replace("/NS/", &format!("/{parameter}/"))
    }

    /// Whether clients have this verb.
    pub(crate) fn allows(&self, verb: &str) -> bool {
        self.verbs.contains(&verb)
    }
}

/// Checks a body against the Rust type of a kind.
fn unknown_of<T: Resource>(body: &Value) -> Result<Vec<String>, serde_json::Error> {
    nova_api::types::unknown_fields::<T>(body)
}

/// A text at a pointer; absent reads as empty.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
