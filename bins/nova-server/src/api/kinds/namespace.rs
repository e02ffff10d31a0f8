//! `Namespace`: Kubernetes' own kind. The controller empties one that goes.

use nova_api::types::{Namespace, Resource};
use serde_json::{Value, json};

use super::{Context, DeleteOptions, Deletion, Kind, Rules, text, unknown_of};
use crate::api::columns::{Cell, Column};
use crate::api::error::{ApiError, Cause};
use crate::control;
use crate::store::{Object, Tx};

pub(super) static KIND: Kind = Kind {
    info: Namespace::INFO,
    categories: &[],
    verbs: &[
        "create", "delete", "get", "list", "patch", "update", "watch",
    ],
    columns: &[
        Column::name(),
        Column::text(
            "Status",
            ".status.phase",
            Cell::At("/status/phase"),
            "Active or Terminating",
        ),
        Column::age(),
    ],
    selectable: &["status.phase"],
    subresources: &[("status", &["get", "patch", "update"])],
    unknown: unknown_of::<Namespace>,
    rules: &Rule,
};

struct Rule;

impl Rules for Rule {
    fn validate(&self, object: &Value, _before: Option<&Value>) -> Vec<Cause> {
        match object.pointer("/spec/quota/vms").and_then(Value::as_i64) {
            Some(vms) if vms < 0 => {
                vec![Cause::invalid(
                    "spec.quota.vms",
                    &json!(vms),
                    "must not be negative",
                )]
            }
            _ => Vec::new(),
        }
    }

    fn admit(
        &self,
        _tx: &mut Tx<'_>,
        before: Option<&Value>,
        after: &mut Value,
        _context: &Context,
    ) -> Result<Option<String>, ApiError> {
        if before.is_none() {
            control::admit_namespace(after);
            if !after["spec"].is_object() {
                after["spec"] = json!({});
            }
        }
        // Stock clients select namespaces by this label, which Kubernetes sets on each.
        let name = text(after, "/metadata/name").to_owned();
        if !after["metadata"]["labels"].is_object() {
            after["metadata"]["labels"] = json!({});
        }
        after["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
        Ok(None)
    }

    fn delete(
        &self,
        tx: &mut Tx<'_>,
        object: &Object,
        _options: &DeleteOptions,
        _context: &Context,
    ) -> Result<Deletion, ApiError> {
        let namespace = control::on_namespace_delete(tx, object)?;
        Ok(Deletion {
            finalizing: Some(namespace),
            operation: None,
        })
    }
}
