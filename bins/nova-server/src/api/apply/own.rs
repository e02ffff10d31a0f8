//! Who owns what after a change, and what an apply comes to.

use serde_json::Value;

use super::conflict::Conflicts;
use super::managers::{Entry, Managers, Operation};
use super::set::Set;
use super::shape::{OBJECT, Shape};
use super::walk::{Comparison, fields, merge, with_parents, without};

/// Members of metadata that belong to nobody: the server sets them.
const NOBODYS: &[&str] = &[
    "f:creationTimestamp",
    "f:deletionGracePeriodSeconds",
    "f:deletionTimestamp",
    "f:generation",
    "f:managedFields",
    "f:name",
    "f:namespace",
    "f:resourceVersion",
    "f:selfLink",
    "f:uid",
];
/// Owns what was there before the first apply.
const BEFORE_APPLY: &str = "before-first-apply";

/// Which part of an object a write is about. The rest of what it says is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of it: kinds without a status of their own.
    Whole,
    /// Everything but the status.
    Main,
    /// The status alone.
    Status,
}

impl Scope {
    /// The subresource that a manager of this part has.
    fn subresource(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Whole | Self::Main => "",
        }
    }

    /// What of a set is in this part.
    fn filter(self, set: &mut Set) {
        match self {
            Self::Whole => {}
            Self::Main => set.drop_child("f:status", true),
            Self::Status => {
                set.drop_child("f:metadata", true);
                set.drop_child("f:spec", true);
            }
        }
    }
}

/// Who writes, and what about.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    /// Name of the field manager.
    pub(crate) manager: String,
    /// Group and version of the kind.
    pub(crate) api_version: String,
    /// Part of the object.
    pub(crate) scope: Scope,
    /// Now, RFC 3339.
    pub(crate) time: String,
}

impl Author {
    fn entry(&self, operation: Operation, fields: Set) -> Entry {
        Entry {
            manager: self.manager.clone(),
            operation,
            api_version: self.api_version.clone(),
            subresource: self.scope.subresource().to_owned(),
            time: Some(self.time.clone()),
            fields,
        }
    }
}

fn strip(set: &mut Set) {
    set.drop_child("f:apiVersion", false);
    set.drop_child("f:kind", false);
    set.drop_below("f:metadata", NOBODYS);
    set.drop_child("f:metadata", false);
}

/// The difference between two states, as far as the author's part goes.
fn compare(author: &Author, before: &Value, after: &Value) -> Comparison {
    let mut found = Comparison::of(&OBJECT, before, after);
    author.scope.filter(&mut found.added);
    author.scope.filter(&mut found.modified);
    author.scope.filter(&mut found.removed);
    found
}

/// Owners after a change by any verb but apply: what the author brought is its own alone, what is
/// gone is nobody's.
///
/// An object of which nothing was known before (an emptied list) stays so until somebody applies.
pub(crate) fn updated(
    before: Option<&Value>,
    after: &Value,
    managers: Managers,
    author: &Author,
) -> Managers {
    let Some(before) = before else {
        let nothing = Value::Object(serde_json::Map::new());
        return changed(&nothing, after, managers, author);
    };
    if managers.is_empty() {
        return managers;
    }
    changed(before, after, managers, author)
}

fn changed(before: &Value, after: &Value, mut managers: Managers, author: &Author) -> Managers {
    let found = compare(author, before, after);
    let mut brought = found.brought();
    managers.take(&brought.union(&found.removed), |_| true);
    strip(&mut brought);
    if !brought.is_empty() {
        managers.give(author.entry(Operation::Update, brought));
    }
    managers.cap();
    managers
}

/// What an apply comes to.
#[derive(Debug)]
pub(crate) struct Applied {
    /// The object; `None` when it is as it was.
    pub(crate) value: Option<Value>,
    /// Its owners.
    pub(crate) managers: Managers,
}

/// Merges what an applier wants into the object: what it says is set, what it said before and does
/// no longer goes unless others own it, what others own and want otherwise is a conflict.
///
/// # Errors
///
/// The conflicts, unless `force` is set.
pub(crate) fn apply(
    live: &Value,
    config: &Value,
    managers: Managers,
    author: &Author,
    force: bool,
) -> Result<Applied, Conflicts> {
    let mut managers = before_apply(live, managers, author);
    let mut wanted = fields(&OBJECT, config);
    author.scope.filter(&mut wanted);
    let mut mine = author.entry(Operation::Apply, wanted);
    let at = managers.0.iter().position(|entry| entry.is_same(&mine));
    let last = at.map(|at| managers.0.remove(at));
    let merged = merge(&OBJECT, live, config);
    let value = match &last {
        Some(last) => prune(merged, &last.fields, &managers, &mine),
        None => merged,
    };
    let found = compare(author, live, &value);
    let brought = found.brought();
    if !force {
        Conflicts::check(&managers, &brought)?;
    }
    managers.take(&brought.union(&found.removed), |_| true);
    strip(&mut mine.fields);
    let unchanged = value == *live;
    if unchanged {
        mine.time = last.and_then(|last| last.time);
    }
    if !mine.fields.is_empty() {
        managers.0.push(mine);
    }
    Ok(Applied {
        value: (!unchanged).then_some(value),
        managers,
    })
}

/// The managers, or the one who owns all that was there when nobody was known.
fn before_apply(live: &Value, managers: Managers, author: &Author) -> Managers {
    let stored = !live["metadata"]["uid"].is_null();
    if !managers.is_empty() || !stored {
        return managers;
    }
    let before = Author {
        manager: BEFORE_APPLY.to_owned(),
        ..author.clone()
    };
    updated(None, live, managers, &before)
}

/// Takes out what the applier owned and does not want any longer, unless somebody else owns it.
fn prune(merged: Value, last: &Set, others: &Managers, mine: &Entry) -> Value {
    if last.is_empty() {
        return merged;
    }
    let shape: &Shape = &OBJECT;
    let parents = |set: &Set| with_parents(shape, set);
    let all = |value: &Value| parents(&fields(shape, value));
    let (last, present) = (parents(last), all(&merged));
    let pruned = without(shape, &merged, &last);
    let owned = others.0.iter().chain([mine]);
    let owned = owned.fold(Set::default(), |all, entry| all.union(&entry.fields));
    // What others own comes back, with the containers that hold it.
    let stays = all(&pruned).union(&parents(&owned));
    let pruned = without(shape, &merged, &present.difference(&stays));
    // What was never the applier's comes back, too.
    let gone = present.difference(&all(&pruned)).intersection(&last);
    without(shape, &merged, &gone)
}
