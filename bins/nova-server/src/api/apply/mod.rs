//! Who owns which fields of an object, and server-side apply, which goes by it.
//!
//! Everything here is pure: states, owners and a name in, states and owners out. The rules and the
//! form are those of Kubernetes ("Server-Side Apply" in its documentation, and its structured merge).

mod conflict;
mod kubectl;
mod managers;
mod own;
mod server;
mod set;
mod shape;
mod walk;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub(crate) use conflict::Conflicts;
pub(crate) use managers::Managers;
pub(crate) use own::{Applied, Author, Scope, updated};
pub(crate) use server::{by_server, own_bare, share_status};

/// Takes `metadata.managedFields` out of an object; absent is null.
pub(crate) fn take(value: &mut Value) -> Value {
    let metadata = value.get_mut("metadata").and_then(Value::as_object_mut);
    let taken = metadata.and_then(|metadata| metadata.remove("managedFields"));
    taken.unwrap_or(Value::Null)
}

/// Puts it back.
pub(crate) fn put(value: &mut Value, owners: Option<Value>) {
    let Some(owners) = owners else {
        take(value);
        return;
    };
    let object = value.as_object_mut();
    let metadata = object.map(|object| object.entry("metadata").or_insert_with(|| json!({})));
    if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
        metadata.insert("managedFields".to_owned(), owners);
    }
}

/// Whether a client asks for the owners to be forgotten: `[{}]`. An empty list says so for
/// Kubernetes' own kinds alone; of others it counts as absent.
pub(crate) fn is_reset(owners: &Value, core: bool) -> bool {
    match owners.as_array().map(Vec::as_slice) {
        Some([]) => core,
        Some([only]) => only.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}

/// Applies a configuration; see [`own::apply`].
///
/// # Errors
///
/// The fields that others own and that would change, unless `force` is set.
pub(crate) fn apply(
    live: &Value,
    config: &Value,
    managers: &Managers,
    author: &Author,
    force: bool,
) -> Result<Applied, Conflicts> {
    let once = |force| own::apply(live, config, managers.clone(), author, force);
    if author.manager != kubectl::MANAGER {
        return once(force);
    }
    let applied =
        once(force).or_else(
            |conflicts| match kubectl::allowed(live, &author.api_version) {
                Some(allowed) => match conflicts.outside(&allowed) {
                    Some(left) => Err(left),
                    None => once(true),
                },
                None => Err(conflicts),
            },
        )?;
    Ok(kubectl::keep_annotation(live, config, applied))
}
