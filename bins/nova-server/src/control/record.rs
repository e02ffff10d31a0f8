//! What the controller remembers of a VM beside its status: what is in force, and what went wrong.
//!
//! Kept in the store under a kind of its own that no route serves: it names files of this host.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{Machine, PendingChange};
use crate::store::{Key, Object};

/// Plural under which records are stored.
pub(crate) const KIND: &str = crate::pack::MACHINES;

/// The memory of one VM.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Record {
    /// The machine that the running process was started from, with what was changed live.
    pub(super) machine: Option<Machine>,
    /// Generation of the spec that was last offered to the running machine.
    pub(super) generation: i64,
    /// Bad ends in a row.
    pub(super) failures: u32,
    /// When to try again after a bad end.
    pub(super) retry_at: Option<Timestamp>,
    /// Why the machine is down.
    pub(super) fault: Option<Fault>,
}

/// Why a machine is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fault {
    /// One CamelCase word.
    pub(super) reason: String,
    /// A sentence for people.
    pub(super) message: String,
}

/// Where the record of a VM is stored.
pub(super) fn key(namespace: &str, uid: &str) -> Key {
    Key::new(KIND, namespace, uid)
}

impl Record {
    /// Reads a stored record; a broken one reads as empty, since everything in it can be had again.
    pub(super) fn read(object: &Object) -> Self {
        let value = object.value();
        value
            .get("record")
            .and_then(|r| Self::deserialize(r).ok())
            .unwrap_or_default()
    }

    /// The record as it is stored.
    pub(super) fn write(&self) -> Value {
        json!({"metadata": {}, "record": self})
    }
}

/// The machine in force after a live change: `new`, but for what still waits.
pub(super) fn in_force(old: &Machine, new: Machine, pending: &[PendingChange]) -> Machine {
    let waits = |path: &str| pending.iter().any(|change| change.path.starts_with(path));
    let mut out = new;
    if waits("spec.resources.cpu") {
        out.cpus = old.cpus;
    }
    if waits("spec.resources.memory") {
        out.memory = old.memory;
    }
    if waits("spec.machine") {
        out.machine_type = old.machine_type;
        out.accelerator = old.accelerator;
        out.cpu_model.clone_from(&old.cpu_model);
    }
    if waits("spec.boot") {
        out.boot = old.boot.clone();
    }
    if waits("spec.disks") {
        out.disks.clone_from(&old.disks);
    }
    if waits("spec.networks") {
        out.networks.clone_from(&old.networks);
    }
    if waits("spec.ports") {
        out.ports.clone_from(&old.ports);
    }
    if waits("spec.guest") {
        out.cloud_init.clone_from(&old.cloud_init);
    }
    out
}
