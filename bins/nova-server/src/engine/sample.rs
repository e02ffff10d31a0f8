//! A machine for unit tests.

use super::{Accelerator, Boot, Machine, MachineType};

/// A small machine that boots a kernel directly.
pub(super) fn machine() -> Machine {
    Machine {
        uid: "01920000-0000-7000-8000-000000000001".into(),
        namespace: "default".into(),
        name: "web-1".into(),
        cpus: 1,
        memory: 256 << 20,
        machine_type: MachineType::Q35,
        accelerator: Accelerator::Tcg,
        cpu_model: None,
        boot: Boot::Direct {
            kernel: "/images/tiny/vmlinuz".into(),
            initrd: Some("/images/tiny/initrd".into()),
            cmdline: "quiet".into(),
        },
        disks: Vec::new(),
        networks: Vec::new(),
        ports: Vec::new(),
        cloud_init: None,
        agent: true,
    }
}
