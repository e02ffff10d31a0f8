//! What a spec may ask of this server today. Asking for more is refused with the reason, never
//! ignored.

use std::collections::BTreeSet;

use nova_api::types::{DiskSpec, VirtualMachine};
use serde_json::{Value, json};

use crate::api::error::Cause;

/// Networks that every VM can be on: user-mode networking of its own.
const NETWORKS: &[&str] = &["default", "user"];

/// Every member of the spec that this server cannot honour.
pub(super) fn check(vm: &VirtualMachine, faults: &mut Vec<Cause>) {
    machine(vm, faults);
    disks(vm, faults);
    networks(vm, faults);
    ports(vm, faults);
    shutdown(vm, faults);
}

fn machine(vm: &VirtualMachine, faults: &mut Vec<Cause>) {
    let Some(machine) = &vm.spec.machine else {
        return;
    };
    if let Some(firmware) = machine.firmware.as_deref().filter(|f| *f != "bios") {
        let field = "spec.machine.firmware";
        faults.push(Cause::unsupported(field, &json!(firmware), &["bios"]));
    }
    let wishes = [
        ("spec.machine.secureBoot", machine.secure_boot),
        ("spec.machine.tpm", machine.tpm),
    ];
    for (field, _) in wishes.iter().filter(|(_, wish)| *wish == Some(true)) {
        faults.push(Cause::forbidden(
            *field,
            "this server does not offer it yet",
        ));
    }
}

fn disks(vm: &VirtualMachine, faults: &mut Vec<Cause>) {
    let disks = vm.spec.disks.as_deref().unwrap_or_default();
    let names = disks.iter().map(|disk| disk.name.as_str());
    unique("spec.disks", "name", names, faults);
    for (i, disk) in disks.iter().enumerate() {
        one_disk(&format!("spec.disks[{i}]"), disk, faults);
    }
}

fn one_disk(field: &str, disk: &DiskSpec, faults: &mut Vec<Cause>) {
    if let Some(bus) = disk.bus.as_deref().filter(|bus| *bus != "virtio") {
        let field = format!("{field}.bus");
        faults.push(Cause::unsupported(field, &json!(bus), &["virtio"]));
    }
    let later = [
        ("pool", disk.pool.is_some()),
        ("snapshot", disk.snapshot.is_some()),
    ];
    for (member, _) in later.iter().filter(|(_, asked)| *asked) {
        let text = "this server does not offer it yet";
        faults.push(Cause::forbidden(format!("{field}.{member}"), text));
    }
    if disk.serial.as_ref().is_some_and(|serial| serial.len() > 20) {
        let text = "must have 20 characters at most";
        faults.push(Cause::invalid(
            format!("{field}.serial"),
            &json!(disk.serial),
            text,
        ));
    }
}

fn networks(vm: &VirtualMachine, faults: &mut Vec<Cause>) {
    let nics = vm.spec.networks.as_deref().unwrap_or_default();
    unique(
        "spec.networks",
        "name",
        nics.iter().map(|nic| nic.name.as_str()),
        faults,
    );
    for (i, nic) in nics.iter().enumerate() {
        if let Some(name) = nic
            .network
            .as_deref()
            .filter(|name| !NETWORKS.contains(name))
        {
            let field = format!("spec.networks[{i}].network");
            faults.push(Cause::unsupported(field, &json!(name), NETWORKS));
        }
        if nic.mac.as_deref().is_some_and(|mac| !is_mac(mac)) {
            let field = format!("spec.networks[{i}].mac");
            let text = "must be six pairs of hexadecimal digits with colons, of one interface";
            faults.push(Cause::invalid(field, &json!(nic.mac), text));
        }
    }
}

/// Whether the text is the address of a single interface (no multicast bit).
fn is_mac(text: &str) -> bool {
    let bytes: Vec<Option<u8>> = text
        .split(':')
        .map(|part| {
            u8::from_str_radix(part, 16)
                .ok()
                .filter(|_| part.len() == 2)
        })
        .collect();
    bytes.len() == 6
        && bytes.iter().all(Option::is_some)
        && bytes[0].is_some_and(|first| first & 1 == 0)
}

fn ports(vm: &VirtualMachine, faults: &mut Vec<Cause>) {
    let ports = vm.spec.ports.as_deref().unwrap_or_default();
    let mut seen = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let host = port.host.filter(|host| *host != 0);
        let protocol = port.protocol.as_deref().unwrap_or("tcp");
        let ip = port.host_ip.as_deref().unwrap_or("127.0.0.1");
        if host.is_some_and(|host| !seen.insert((protocol, ip, host))) {
            faults.push(Cause::duplicate(
                format!("spec.ports[{i}].host"),
                &json!(port.host),
            ));
        }
    }
}

fn shutdown(vm: &VirtualMachine, faults: &mut Vec<Cause>) {
    let Some(shutdown) = &vm.spec.shutdown else {
        return;
    };
    if shutdown
        .grace_period_seconds
        .is_some_and(|seconds| seconds < 0)
    {
        let field = "spec.shutdown.gracePeriodSeconds";
        let value = json!(shutdown.grace_period_seconds);
        faults.push(Cause::invalid(field, &value, "must not be negative"));
    }
    for (i, method) in shutdown.methods.iter().flatten().enumerate() {
        if !matches!(method.as_str(), "agent" | "acpi") {
            let field = format!("spec.shutdown.methods[{i}]");
            faults.push(Cause::unsupported(
                field,
                &json!(method),
                &["agent", "acpi"],
            ));
        }
    }
    if vm
        .spec
        .ttl_seconds_after_creation
        .is_some_and(|ttl| ttl < 0)
    {
        let field = "spec.ttlSecondsAfterCreation";
        let value = json!(vm.spec.ttl_seconds_after_creation);
        faults.push(Cause::invalid(field, &value, "must not be negative"));
    }
}

fn unique<'a>(
    list: &str,
    member: &str,
    names: impl Iterator<Item = &'a str>,
    faults: &mut Vec<Cause>,
) {
    let mut seen = BTreeSet::new();
    for (i, name) in names.enumerate() {
        if !name.is_empty() && !seen.insert(name) {
            let field = format!("{list}[{i}].{member}");
            faults.push(Cause::duplicate(field, &Value::from(name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use nova_api::types::VmSpec;

    use super::*;

    fn fields(spec: Value) -> Vec<String> {
        let spec: VmSpec = serde_json::from_value(spec).unwrap();
        let mut faults = Vec::new();
        check(&VirtualMachine::new("web", spec), &mut faults);
        faults.iter().map(|fault| format!("{fault:?}")).collect()
    }

    #[test]
    fn what_is_not_offered_is_refused_by_name() {
        let found = fields(json!({
            "machine": {"firmware": "uefi", "tpm": true},
            "disks": [{"name": "a", "bus": "nvme"}, {"name": "a", "pool": "fast"}],
            "networks": [{"name": "n", "network": "lan", "mac": "01:00:00:00:00:01"}],
            "ports": [{"host": 80, "guest": 80}, {"host": 80, "guest": 81}],
            "shutdown": {"methods": ["plug"], "gracePeriodSeconds": -1},
        }));
        for field in [
            "spec.machine.firmware",
            "spec.machine.tpm",
            "spec.disks[0].bus",
            "spec.disks[1].name",
            "spec.disks[1].pool",
            "spec.networks[0].network",
            "spec.networks[0].mac",
            "spec.ports[1].host",
            "spec.shutdown.methods[0]",
            "spec.shutdown.gracePeriodSeconds",
        ] {
            assert!(
                found.iter().any(|f| f.contains(field)),
                "{field} in {found:#?}"
            );
        }
        assert_eq!(found.len(), 10, "{found:#?}");
    }

    #[test]
    fn an_ordinary_spec_has_no_faults() {
        let found = fields(json!({
            "machine": {"type": "q35", "firmware": "bios"},
            "networks": [{"name": "n", "network": "default", "mac": "52:54:00:00:00:01"}],
            "ports": [{"host": 80, "guest": 80}, {"host": 80, "guest": 80, "protocol": "udp"}],
        }));
        assert!(found.is_empty(), "{found:#?}");
    }
}
