//! VMs of about 1.4 kB, as a fleet has them.

use serde_json::{Value, json};

/// The body of VM `number`.
pub(crate) fn body(number: usize) -> String {
    let note = format!("machine {number} of the fleet; ").repeat(8);
    let vm = json!({
        "apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
        "metadata": {
            "name": format!("vm-{number:05}"),
            "labels": {"app": "web", "tier": "front", "rack": format!("r{}", number % 40), "team": "platform"},
            "annotations": {"example.com/note": note, "example.com/owner": "operations@example.com"},
        },
        "spec": {
            "resources": {"cpu": 2, "memory": "2Gi", "cpuMax": 4, "memoryMax": "4Gi"},
            "machine": {"type": "q35", "firmware": "bios"},
            "disks": disks(number),
            "networks": [{"name": "net0"}],
            "guest": {"agent": "auto", "hostname": format!("vm-{number:05}")},
            "shutdown": {"gracePeriodSeconds": 30, "escalate": true, "methods": ["agent", "acpi"]},
            "restartPolicy": "OnFailure",
        },
    });
    vm.to_string()
}

fn disks(number: usize) -> Value {
    json!([
        {"name": "root", "blank": true, "size": "10Gi", "serial": format!("root{number}")},
        {"name": "data", "blank": true, "size": "20Gi", "serial": format!("data{number}")},
    ])
}
