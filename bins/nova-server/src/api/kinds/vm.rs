//! `VirtualMachine`: what it takes is decided by the controllers.

use nova_api::types::{Resource, VirtualMachine};
use serde_json::{Value, json};

use super::{Context, DeleteOptions, Deletion, FULL, Kind, Rules, unknown_of};
use crate::api::columns::{CONDITIONS, Cell, Column, condition};
use crate::api::error::{ApiError, Cause};
use crate::control::{self, DeleteAsks};
use crate::store::{Object, Tx};

const STREAM: &[&str] = &["create", "get"];
const ACT: &[&str] = &["create"];
const READ: &[&str] = &["get"];

pub(super) static KIND: Kind = Kind {
    info: VirtualMachine::INFO,
    categories: &["all"],
    verbs: FULL,
    columns: &[
        Column::name(),
        Column::text(
            "Status",
            ".status.phase",
            Cell::At("/status/phase"),
            "Phase of the machine",
        ),
        Column::text(
            "Ready",
            ".status.conditions[?(@.type=='Ready')].status",
            Cell::Of(CONDITIONS, |vm| condition(vm, "Ready")),
            "Whether it runs and its agent answers, where it has one",
        ),
        Column::text(
            "CPU",
            ".spec.resources.cpu",
            Cell::Of(&["/spec/resources/cpu"], cpu),
            "Virtual processors",
        ),
        Column::text(
            "Mem",
            ".spec.resources.memory",
            Cell::At("/spec/resources/memory"),
            "Memory",
        ),
        Column::text(
            "IP",
            ".status.addresses[0].ip",
            Cell::At("/status/addresses/0/ip"),
            "Address",
        ),
        Column::text(
            "Node",
            ".status.node",
            Cell::At("/status/node"),
            "Node that runs it",
        ),
        Column::age(),
        Column::text(
            "Image",
            ".spec.image",
            Cell::At("/spec/image"),
            "Boot image",
        )
        .wide(),
        Column::text(
            "Disk",
            ".status.disks[0].size",
            Cell::At("/status/disks/0/size"),
            "Size of the first disk",
        )
        .wide(),
        Column::text(
            "Agent",
            ".status.conditions[?(@.type=='AgentConnected')].status",
            Cell::Of(CONDITIONS, |vm| condition(vm, "AgentConnected")),
            "Whether the guest agent answers",
        )
        .wide(),
        Column::text(
            "Engine",
            ".status.engine",
            Cell::At("/status/engine"),
            "Engine",
        )
        .wide(),
        Column::text(
            "UID",
            ".metadata.uid",
            Cell::At("/metadata/uid"),
            "Unique id",
        )
        .wide(),
    ],
    selectable: &[
        "status.phase",
        "status.node",
        "spec.node",
        "spec.image",
        "spec.runState",
    ],
    subresources: &[
        ("status", &["get", "patch", "update"]),
        ("start", ACT),
        ("stop", ACT),
        ("restart", ACT),
        ("pause", ACT),
        ("resume", ACT),
        ("exec", STREAM),
        ("logs", READ),
        ("stats", READ),
        ("agent", READ),
    ],
    unknown: unknown_of::<VirtualMachine>,
    rules: &Vm,
};

/// Processors as written; a machine that says nothing gets one.
fn cpu(vm: &Value) -> Value {
    vm.pointer("/spec/resources/cpu")
        .cloned()
        .unwrap_or(json!("<none>"))
}

struct Vm;

impl Rules for Vm {
    fn validate(&self, vm: &Value, before: Option<&Value>) -> Vec<Cause> {
        let mut causes = Vec::new();
        if let Some(before) = before {
            let pointer = "/spec/machine/type";
            let (was, is) = (before.pointer(pointer), vm.pointer(pointer));
            let default = json!("q35");
            if was.unwrap_or(&default) != is.unwrap_or(&default) {
                causes.push(Cause::forbidden("spec.machine.type", "field is immutable"));
            }
        }
        causes
    }

    fn admit(
        &self,
        tx: &mut Tx<'_>,
        before: Option<&Value>,
        after: &mut Value,
        context: &Context,
    ) -> Result<Option<String>, ApiError> {
        control::admit_change(&context.app, tx, before, after, &context.caller)
    }

    fn delete(
        &self,
        tx: &mut Tx<'_>,
        object: &Object,
        options: &DeleteOptions,
        context: &Context,
    ) -> Result<Deletion, ApiError> {
        let asks = DeleteAsks {
            grace: options.grace,
            unprotect: false,
        };
        let (vm, operation) = control::on_vm_delete(tx, object, &asks, &context.caller)?;
        Ok(Deletion {
            finalizing: Some(vm),
            operation,
        })
    }
}
