//! What differs between two descriptions of a machine, and what a difference asks for.

use super::{Machine, PendingChange};

/// One difference between the machine in force and the machine wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Number of virtual CPUs.
    Cpus { old: u32, new: u32 },
    /// Bytes of memory.
    Memory { old: u64, new: u64 },
    /// Forwarded host ports.
    Ports { old: String, new: String },
    /// Size of the disk at `index`.
    DiskSize {
        index: usize,
        old: Option<u64>,
        new: u64,
    },
    /// Anything that is fixed while the machine runs.
    Fixed {
        path: &'static str,
        old: String,
        new: String,
    },
}

impl Change {
    /// Whether it adds to what is there, which a running guest can take.
    pub(super) fn grows(&self) -> bool {
        match self {
            Self::Cpus { old, new } => new > old,
            Self::Memory { old, new } => new > old,
            Self::DiskSize { old, new, .. } => old.is_none_or(|old| *new > old),
            Self::Ports { .. } => true,
            Self::Fixed { .. } => false,
        }
    }

    /// As told in `status.pendingChanges`.
    pub(super) fn pending(self) -> PendingChange {
        let (path, current, wanted) = match self {
            Self::Cpus { old, new } => (
                "spec.resources.cpu".into(),
                old.to_string(),
                new.to_string(),
            ),
            Self::Memory { old, new } => (
                "spec.resources.memory".into(),
                old.to_string(),
                new.to_string(),
            ),
            Self::Ports { old, new } => ("spec.ports".into(), old, new),
            Self::DiskSize { index, old, new } => (
                format!("spec.disks[{index}].size"),
                old.map_or_else(String::new, |old| old.to_string()),
                new.to_string(),
            ),
            Self::Fixed { path, old, new } => (path.into(), old, new),
        };
        PendingChange {
            path,
            current,
            wanted,
            requires: "restart".into(),
        }
    }
}

/// The differences that matter to a running machine, in the order of the spec.
pub(super) fn changes(old: &Machine, new: &Machine) -> Vec<Change> {
    let mut found = fixed(old, new);
    if old.cpus != new.cpus {
        found.push(Change::Cpus {
            old: old.cpus,
            new: new.cpus,
        });
    }
    if old.memory != new.memory {
        found.push(Change::Memory {
            old: old.memory,
            new: new.memory,
        });
    }
    found.extend(disk_changes(old, new));
    if old.ports != new.ports {
        found.push(Change::Ports {
            old: ports_text(old),
            new: ports_text(new),
        });
    }
    found
}

fn fixed(old: &Machine, new: &Machine) -> Vec<Change> {
    let compare =
        |path, old: String, new: String| (old != new).then_some(Change::Fixed { path, old, new });
    let networks = |machine: &Machine| {
        machine
            .networks
            .iter()
            .map(|nic| format!("{}={}", nic.name, nic.mac))
            .collect::<Vec<_>>()
            .join(" ")
    };
    [
        compare(
            "spec.machine.type",
            word(&old.machine_type),
            word(&new.machine_type),
        ),
        compare(
            "spec.machine.accelerator",
            word(&old.accelerator),
            word(&new.accelerator),
        ),
        compare(
            "spec.machine.cpuModel",
            word(&old.cpu_model),
            word(&new.cpu_model),
        ),
        compare("spec.boot", word(&old.boot), word(&new.boot)),
        compare("spec.networks", networks(old), networks(new)),
        // A seed may hold secrets, so only the fact is told.
        (old.cloud_init != new.cloud_init).then(|| Change::Fixed {
            path: "spec.guest.cloudInit",
            old: "in force".into(),
            new: "changed".into(),
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn disk_changes(old: &Machine, new: &Machine) -> Vec<Change> {
    let same_but_size = |(a, b): (&super::Disk, &super::Disk)| {
        super::Disk {
            size: b.size,
            ..a.clone()
        } == *b
    };
    let names = |machine: &Machine| {
        machine
            .disks
            .iter()
            .map(|disk| disk.name.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    if old.disks.len() != new.disks.len() || !old.disks.iter().zip(&new.disks).all(same_but_size) {
        return vec![Change::Fixed {
            path: "spec.disks",
            old: names(old),
            new: names(new),
        }];
    }
    let sizes = old.disks.iter().zip(&new.disks).enumerate();
    sizes
        .filter(|(_, (a, b))| a.size != b.size)
        .filter_map(|(index, (a, b))| {
            b.size.map(|new| Change::DiskSize {
                index,
                old: a.size,
                new,
            })
        })
        .collect()
}

fn ports_text(machine: &Machine) -> String {
    let text = |port: &super::Port| {
        format!(
            "{}:{}:{}:{}",
            word(&port.protocol),
            port.host_ip,
            port.host,
            port.guest
        )
    };
    machine.ports.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// A value as it is written in the spec.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(serde_json::Value::Null) | Err(_) => String::new(),
        Ok(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample::machine;

    #[test]
    fn equal_machines_have_no_changes() {
        assert_eq!(changes(&machine(), &machine()), []);
    }

    #[test]
    fn growth_is_told_from_shrinking_and_from_what_is_fixed() {
        let (old, mut new) = (machine(), machine());
        new.cpus = old.cpus + 1;
        new.memory = old.memory / 2;
        new.machine_type = crate::engine::MachineType::Microvm;
        let found = changes(&old, &new);
        assert_eq!(
            found.iter().map(Change::grows).collect::<Vec<_>>(),
            [false, true, false]
        );
        let pending = found[0].clone().pending();
        assert_eq!(
            (pending.path.as_str(), pending.current.as_str()),
            ("spec.machine.type", "q35")
        );
    }
}
