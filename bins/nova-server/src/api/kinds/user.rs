//! `User`: whose tokens and certificates are. Disabling or deleting one ends them all.

use nova_api::types::{Resource, User};

use super::{
    Context, DeleteOptions, Deletion, FULL, Kind, Rules, mark_or_delete, token, unknown_of,
};
use crate::api::columns::{Cell, Column};
use crate::api::error::ApiError;
use crate::auth::TOKENS;
use crate::store::{Object, Tx};

pub(super) static KIND: Kind = Kind {
    info: User::INFO,
    categories: &[],
    verbs: FULL,
    columns: &[
        Column::name(),
        Column::text(
            "Display Name",
            ".spec.displayName",
            Cell::At("/spec/displayName"),
            "Name for people",
        ),
        Column::text(
            "Source",
            ".spec.source",
            Cell::At("/spec/source"),
            "Where it is known from",
        ),
        Column::text(
            "Disabled",
            ".spec.disabled",
            Cell::At("/spec/disabled"),
            "Whether its tokens and certificates are refused",
        ),
        Column::age(),
    ],
    selectable: &["spec.source", "spec.disabled"],
    subresources: &[],
    unknown: unknown_of::<User>,
    rules: &Rule,
};

struct Rule;

impl Rules for Rule {
    fn delete(
        &self,
        tx: &mut Tx<'_>,
        object: &Object,
        _options: &DeleteOptions,
        _context: &Context,
    ) -> Result<Deletion, ApiError> {
        for held in tx.list(TOKENS, None) {
            if held.field("spec.user") == object.key.name {
                token::forget(tx, &held)?;
                tx.delete(&held.key)?;
            }
        }
        mark_or_delete(tx, object)
    }
}
