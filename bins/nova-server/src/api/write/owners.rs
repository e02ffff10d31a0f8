//! Who owns what after a write.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::options::Options;
use crate::api::apply::{self, Author, Managers, Scope, share_status, updated};
use crate::api::error::ApiError;
use crate::api::kinds::Kind;
use crate::api::write::Part;

/// Who writes, by the options of the request.
pub(super) fn author(now: Timestamp, kind: &Kind, part: Part, options: &Options) -> Author {
    let has_status = kind.subresources.iter().any(|(name, _)| *name == "status");
    let scope = match part {
        Part::Status => Scope::Status,
        Part::Main if has_status => Scope::Main,
        Part::Main => Scope::Whole,
    };
    Author {
        manager: options.manager.clone(),
        api_version: kind.info.api_version(),
        scope,
        time: format!("{now:.0}"),
    }
}

/// Puts the owners into a new object.
pub(super) fn created(value: &mut Value, author: &Author) {
    apply::take(value);
    let managers = updated(None, value, Managers::default(), author);
    apply::put(value, managers.write());
}

/// Puts the owners into a changed object. `stored` is the object as it was.
///
/// A client may set the owners of the object itself, or have them forgotten; what cannot be read
/// and what comes through a subresource is passed over.
pub(super) fn changed(stored: &Value, after: &mut Value, author: &Author) {
    let mut stored = stored.clone();
    let (old, given) = (apply::take(&mut stored), apply::take(after));
    let core = !author.api_version.contains('/');
    let known = Managers::stored(&old);
    let mut managers = match Managers::read(&given) {
        _ if author.scope == Scope::Status => known.clone(),
        _ if apply::is_reset(&given, core) => Managers::default(),
        Ok(given) if !given.is_empty() && given.differs(&known) => given,
        _ => known.clone(),
    };
    if author.scope == Scope::Status && stored["status"] != after["status"] {
        share_status(&mut managers, &stored);
    }
    let managers = updated(Some(&stored), after, managers, author);
    apply::put(after, written(&managers, &known, old));
}

/// The list as it was where nothing but its order or spaces would change.
fn written(managers: &Managers, known: &Managers, old: Value) -> Option<Value> {
    if managers == known && !old.is_null() {
        return Some(old);
    }
    managers.write()
}

/// What an apply makes of an object, or of none: the object as it is to be, its owners in it.
pub(super) fn applied(
    live: Option<&Value>,
    config: &Value,
    author: &Author,
    force: bool,
) -> Result<Value, ApiError> {
    let nothing = || json!({"apiVersion": config["apiVersion"], "kind": config["kind"]});
    let mut live = live.cloned().unwrap_or_else(nothing);
    let old = apply::take(&mut live);
    let mut managers = Managers::stored(&old);
    let known = managers.clone();
    if author.scope == Scope::Status {
        share_status(&mut managers, &live);
    }
    let applied = apply::apply(&live, config, &managers, author, force)
        .map_err(|conflicts| ApiError::apply_conflict(&conflicts))?;
    let mut value = applied.value.unwrap_or(live);
    apply::put(&mut value, written(&applied.managers, &known, old));
    Ok(value)
}
