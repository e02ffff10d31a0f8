//! `Node`: made by the server for each machine; clients change its labels and marks.

use nova_api::types::{Node, Resource};

use super::{Kind, Plain, unknown_of};
use crate::api::columns::{Cell, Column};

pub(super) static KIND: Kind = Kind {
    info: Node::INFO,
    categories: &[],
    verbs: &["get", "list", "patch", "update", "watch"],
    columns: &[
        Column::name(),
        Column::text(
            "Status",
            ".status.phase",
            Cell::At("/status/phase"),
            "State of the node",
        ),
        Column::text(
            "VMs",
            ".status.vmCount",
            Cell::At("/status/vmCount"),
            "Machines on it",
        )
        .integer(),
        Column::text(
            "CPU",
            ".status.capacity.cpu",
            Cell::At("/status/capacity/cpu"),
            "Processors",
        ),
        Column::text(
            "Mem",
            ".status.capacity.memory",
            Cell::At("/status/capacity/memory"),
            "Memory",
        ),
        Column::age(),
        Column::text(
            "QEMU",
            ".status.versions.qemu",
            Cell::At("/status/versions/qemu"),
            "Version of QEMU",
        )
        .wide(),
        Column::text(
            "Kernel",
            ".status.versions.kernel",
            Cell::At("/status/versions/kernel"),
            "Version of the kernel",
        )
        .wide(),
    ],
    selectable: &["status.phase", "spec.unschedulable"],
    subresources: &[("status", &["get", "patch", "update"])],
    unknown: unknown_of::<Node>,
    rules: &Plain,
};
