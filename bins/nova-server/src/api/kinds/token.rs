//! `Token`: made under `/auth/tokens`, which answers the secret once; deleted to revoke it.

use nova_api::types::{Resource, Token};
use serde_json::{Value, json};

use super::{Context, DeleteOptions, Deletion, Kind, Rules, mark_or_delete, text, unknown_of};
use crate::api::columns::{Cell, Column};
use crate::api::error::ApiError;
use crate::auth::SECRETS;
use crate::store::{Key, Object, Tx};

pub(crate) static KIND: Kind = Kind {
    info: Token::INFO,
    categories: &[],
    verbs: &["delete", "deletecollection", "get", "list", "watch"],
    columns: &[
        Column::name(),
        Column::text("User", ".spec.user", Cell::At("/spec/user"), "Whose it is"),
        Column::text(
            "Role",
            ".spec.role",
            Cell::At("/spec/role"),
            "What it may do",
        ),
        Column::text(
            "Namespaces",
            ".spec.namespaces",
            Cell::By(|token| words(token, "/spec/namespaces", "<all>")),
            "Where it may do that",
        ),
        Column::text(
            "Status",
            ".spec.expiresAt",
            Cell::By(status),
            "Active or Expired",
        ),
        Column::text(
            "Expires",
            ".spec.expiresAt",
            Cell::By(expires),
            "When it ends",
        ),
        Column::age(),
        Column::text(
            "Scopes",
            ".spec.scopes",
            Cell::By(|token| words(token, "/spec/scopes", "<none>")),
            "What the role is narrowed to",
        )
        .wide(),
        Column::text(
            "Id",
            ".status.id",
            Cell::At("/status/id"),
            "What it begins with",
        )
        .wide(),
        Column::text(
            "Description",
            ".spec.description",
            Cell::At("/spec/description"),
            "What it is for",
        )
        .wide(),
    ],
    selectable: &["spec.user", "spec.role"],
    subresources: &[],
    unknown: unknown_of::<Token>,
    rules: &Rule,
};

fn words(token: &Value, pointer: &str, none: &str) -> Value {
    let list = token.pointer(pointer).and_then(Value::as_array);
    let words: Vec<&str> = list
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    json!(if words.is_empty() {
        none.to_owned()
    } else {
        words.join(",")
    })
}

fn status(token: &Value) -> Value {
    let end = text(token, "/spec/expiresAt").parse::<jiff::Timestamp>();
    let expired = end.is_ok_and(|end| end <= jiff::Timestamp::now());
    json!(if expired { "Expired" } else { "Active" })
}

fn expires(token: &Value) -> Value {
    match text(token, "/spec/expiresAt") {
        "" => json!("never"),
        time => json!(time),
    }
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
        forget(tx, object)?;
        mark_or_delete(tx, object)
    }
}

/// Removes what a token is known by: from this moment it is refused.
pub(super) fn forget(tx: &mut Tx<'_>, token: &Object) -> Result<(), ApiError> {
    let secret = Key::new(SECRETS, "", token.field("status.id"));
    match tx.get(&secret) {
        Some(_) => tx.delete(&secret).map(drop),
        None => Ok(()),
    }
}
