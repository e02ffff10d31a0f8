//! `Operation`: made by the server; clients read, cancel and clean up.

use nova_api::types::{Operation, Resource};
use serde_json::{Value, json};

use super::{Context, DeleteOptions, Deletion, Kind, Rules, mark_or_delete, text, unknown_of};
use crate::api::columns::{Cell, Column};
use crate::api::error::ApiError;
use crate::store::{Object, Tx};

pub(super) static KIND: Kind = Kind {
    info: Operation::INFO,
    categories: &[],
    verbs: &["delete", "deletecollection", "get", "list", "watch"],
    columns: &[
        Column::name(),
        Column::text("Verb", ".spec.verb", Cell::At("/spec/verb"), "What is done"),
        Column::text(
            "Target",
            ".spec.target.name",
            Cell::By(target),
            "What it is done to",
        ),
        Column::text(
            "Status",
            ".status.phase",
            Cell::At("/status/phase"),
            "How far it is",
        ),
        Column::text(
            "Percent",
            ".status.percent",
            Cell::At("/status/percent"),
            "Part done",
        )
        .integer(),
        Column::age(),
        Column::text(
            "User",
            ".spec.user",
            Cell::At("/spec/user"),
            "Who asked for it",
        )
        .wide(),
        Column::text(
            "Reason",
            ".status.reason",
            Cell::At("/status/reason"),
            "Why it ended",
        )
        .wide(),
    ],
    selectable: &[
        "status.phase",
        "spec.verb",
        "spec.target.name",
        "spec.target.uid",
        "spec.user",
    ],
    subresources: &[("cancel", &["create"])],
    unknown: unknown_of::<Operation>,
    rules: &Rule,
};

fn target(operation: &Value) -> Value {
    let kind = text(operation, "/spec/target/kind").to_ascii_lowercase();
    json!(format!("{kind}/{}", text(operation, "/spec/target/name")))
}

/// Whether an operation of this phase is over.
pub(crate) fn is_over(phase: &str) -> bool {
    matches!(phase, "Succeeded" | "Failed" | "Cancelled" | "TimedOut")
}

struct Rule;

impl Rules for Rule {
    fn delete(
        &self,
        tx: &mut Tx<'_>,
        object: &Object,
        _options: &DeleteOptions,
        _context: &Context,
    ) -> Result<Deletion, ApiError> {
        let value = object.value();
        let phase = text(&value, "/status/phase");
        if is_over(phase) {
            return mark_or_delete(tx, object);
        }
        let message = format!(
            "cannot delete operation {:?} while it is {phase}",
            object.key.name
        );
        Err(
            ApiError::invalid_state(&object.key, phase, &["cancel"], &message)
                .hint(format!("nova operation cancel {}", object.key.name)),
        )
    }
}
