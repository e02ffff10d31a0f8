//! Conditions of a VM.

use jiff::Timestamp;
use nova_api::types::{Condition, ConditionStatus, Time};

/// Sets one condition; the transition time moves only with the truth.
pub(super) struct Conditions<'a> {
    pub(super) list: &'a mut Vec<Condition>,
    pub(super) generation: i64,
    pub(super) now: Timestamp,
}

impl Conditions<'_> {
    pub(super) fn set(&mut self, type_: &str, truth: bool, reason: &str, message: &str) {
        let status = if truth {
            ConditionStatus::True
        } else {
            ConditionStatus::False
        };
        let old = self
            .list
            .iter()
            .position(|condition| condition.type_ == type_);
        let since = old
            .map(|at| &self.list[at])
            .filter(|condition| condition.status == status)
            .and_then(|condition| condition.last_transition_time.clone());
        let new = Condition {
            type_: type_.to_owned(),
            status,
            reason: Some(reason.to_owned()),
            message: (!message.is_empty()).then(|| message.to_owned()),
            last_transition_time: Some(since.unwrap_or_else(|| Time::from(self.now))),
            observed_generation: Some(self.generation),
        };
        match old {
            Some(at) => self.list[at] = new,
            None => self.list.push(new),
        }
    }

    pub(super) fn remove(&mut self, type_: &str) {
        self.list.retain(|condition| condition.type_ != type_);
    }
}

/// Whether a condition holds.
pub(super) fn holds(list: &[Condition], type_: &str) -> bool {
    list.iter()
        .any(|c| c.type_ == type_ && c.status == ConditionStatus::True)
}
