//! From a machine to the command line of QEMU.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::layout::Layout;
use crate::engine::{Boot, Disk, DiskSource, EngineError, Machine, MachineType, Port, Protocol};

/// What the command line needs to know beside the machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Host<'a> {
    pub(super) layout: &'a Layout,
    /// `kvm` or `tcg`.
    pub(super) accelerator: &'a str,
    /// Whether this QEMU has `-sandbox`.
    pub(super) sandbox: bool,
}

/// CPUs that may be added while the machine runs, counted with those it starts with.
pub(super) const CPUS_MAX: u32 = 8;

/// Under emulation on a busy host the guest cannot calibrate its clocks against the PIT, and a microvm,
/// which has no other, hangs for ever; these spare it the attempt.
const TCG_CLOCK: [&str; 3] = ["no_timer_check", "tsc_early_khz=1000000", "lpj=4000000"];

/// A microvm has no keyboard controller to reset it through; a triple fault does.
const MICROVM_REBOOT: &str = "reboot=t";

/// The arguments of QEMU for this machine.
pub(super) fn argv(machine: &Machine, host: Host<'_>) -> Result<Vec<String>, EngineError> {
    check(machine)?;
    let mut arguments = Arguments {
        words: Vec::new(),
        microvm: machine.machine_type == MachineType::Microvm,
    };
    arguments.identity(machine, host);
    arguments.resources(machine, host.accelerator);
    arguments.channels(host.layout);
    arguments.disks(machine, host.layout);
    arguments.networks(machine);
    arguments.boot(machine, host.accelerator);
    Ok(arguments.words)
}

/// What no command line can express, or must not.
fn check(machine: &Machine) -> Result<(), EngineError> {
    let invalid = |text: String| Err(EngineError::Invalid(text));
    if machine.machine_type == MachineType::Microvm && machine.boot == Boot::Disk {
        return invalid(
            "a microvm boots only a kernel; choose machine type q35 to boot a disk".into(),
        );
    }
    let plain = |model: &str| {
        model
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if let Some(model) = machine.cpu_model.as_deref().filter(|model| !plain(model)) {
        return invalid(format!("unknown CPU model {model:?}"));
    }
    if machine.networks.is_empty() && !machine.ports.is_empty() {
        return invalid("ports need a network interface, and the machine has none".into());
    }
    match machine.ports.iter().find(|port| port.host_ip.is_ipv6()) {
        Some(port) => invalid(format!(
            "port {}: user-mode networking listens on IPv4 only",
            port.name
        )),
        None => Ok(()),
    }
}

struct Arguments {
    words: Vec<String>,
    microvm: bool,
}

impl Arguments {
    fn flag(&mut self, name: &str) {
        self.words.push(name.to_owned());
    }

    fn option(&mut self, name: &str, value: impl Into<String>) {
        self.words.push(name.to_owned());
        self.words.push(value.into());
    }

    /// A virtio device; a microvm has no PCI bus.
    fn virtio(&mut self, kind: &str, properties: &str) {
        let transport = if self.microvm { "device" } else { "pci" };
        self.option("-device", format!("virtio-{kind}-{transport},{properties}"));
    }

    fn blockdev(&mut self, node: &Value) {
        self.option("-blockdev", node.to_string());
    }

    fn identity(&mut self, machine: &Machine, host: Host<'_>) {
        let (namespace, name) = (&machine.namespace, &machine.name);
        self.option(
            "-name",
            format!("guest={namespace}/{name},process=nova-{name},debug-threads=on"),
        );
        self.option("-uuid", machine.uid.clone());
        for flag in ["-nodefaults", "-no-user-config"] {
            self.flag(flag);
        }
        self.option("-display", "none");
        self.option("-msg", "timestamp=on");
        self.option("-pidfile", host.layout.pid_file().display().to_string());
        if host.sandbox {
            self.option(
                "-sandbox",
                "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
            );
        }
        self.flag("-S");
    }

    fn resources(&mut self, machine: &Machine, accelerator: &str) {
        let kind = if self.microvm { "microvm" } else { "q35" };
        self.option("-machine", format!("{kind},accel={accelerator}"));
        let best = if accelerator == "kvm" {
            "host,migratable=on"
        } else {
            "max"
        };
        self.option("-cpu", machine.cpu_model.as_deref().unwrap_or(best));
        // Room for more memory is not declared: a guest that could get memory above 4 GiB sets 64 MiB aside
        // for devices that cannot reach there.
        self.option("-m", format!("size={}K", kibibytes(machine.memory)));
        // Guests under emulation stall when a CPU joins late, and a microvm cannot take one.
        let fixed = self.microvm || accelerator == "tcg";
        let most = machine.cpus.max(if fixed { 0 } else { CPUS_MAX });
        self.option("-smp", format!("cpus={},maxcpus={most}", machine.cpus));
        self.option("-object", "rng-random,id=rng0,filename=/dev/urandom");
        self.virtio("rng", "rng=rng0,id=vrng0");
        self.virtio("balloon", "id=balloon0,deflate-on-oom=on");
    }

    fn channels(&mut self, layout: &Layout) {
        let socket = |name: &str| escaped(&layout.socket(name).display().to_string());
        for name in ["qmp", "qmp-ro"] {
            self.option("-qmp", format!("unix:{},server=on,wait=off", socket(name)));
        }
        let log = escaped(&layout.serial_log().display().to_string());
        let serial = socket("serial");
        self.option(
            "-chardev",
            format!("socket,id=ser0,path={serial},server=on,wait=off,logfile={log},logappend=on"),
        );
        self.option("-serial", "chardev:ser0");
        self.virtio("serial", "id=vser0");
        self.option(
            "-chardev",
            format!("socket,id=qga0,path={},server=on,wait=off", socket("qga")),
        );
        self.option(
            "-device",
            "virtserialport,bus=vser0.0,chardev=qga0,name=org.qemu.guest_agent.0,id=qgaport",
        );
    }

    fn disks(&mut self, machine: &Machine, layout: &Layout) {
        for (index, disk) in machine.disks.iter().enumerate() {
            self.blockdev(&blockdev(index, disk, layout));
            let mut properties = vec![format!("drive=disk{index},id=vd{index}")];
            if let Some(serial) = &disk.serial {
                let serial: String = serial.chars().take(20).collect();
                properties.push(format!("serial={}", escaped(&serial)));
            }
            if let (Some(order), false) = (disk.boot_index, self.microvm) {
                properties.push(format!("bootindex={order}"));
            }
            self.virtio("blk", &properties.join(","));
        }
        if machine.cloud_init.is_some() {
            let file = json!({"driver": "file", "filename": layout.seed(), "read-only": true});
            self.blockdev(
                &json!({"driver": "raw", "node-name": "seed", "read-only": true, "file": file}),
            );
            self.virtio("blk", "drive=seed,id=vdseed,serial=nova-seed");
        }
    }

    fn networks(&mut self, machine: &Machine) {
        for (index, nic) in machine.networks.iter().enumerate() {
            let mut backend = vec![format!("user,id=net{index}")];
            if index == 0 {
                // The first interface takes the forwards.
                let forwards = machine
                    .ports
                    .iter()
                    .map(|port| format!("hostfwd={}", forward(port)));
                backend.extend(forwards);
            }
            self.option("-netdev", backend.join(","));
            self.virtio(
                "net",
                &format!("netdev=net{index},id=nic{index},mac={}", nic.mac),
            );
        }
    }

    fn boot(&mut self, machine: &Machine, accelerator: &str) {
        let Boot::Direct {
            kernel,
            initrd,
            cmdline,
        } = &machine.boot
        else {
            return;
        };
        self.option("-kernel", kernel.display().to_string());
        if let Some(initrd) = initrd {
            self.option("-initrd", initrd.display().to_string());
        }
        let mut extra = vec!["console=ttyS0"];
        if self.microvm {
            extra.push(MICROVM_REBOOT);
        }
        if self.microvm && accelerator == "tcg" {
            extra.extend(TCG_CLOCK);
        }
        self.option("-append", kernel_arguments(cmdline, &extra));
    }
}

/// The kernel's command line, with the `extra` arguments whose keys it does not set itself.
fn kernel_arguments(cmdline: &str, extra: &[&str]) -> String {
    let sets = |key: &str| {
        cmdline
            .split_whitespace()
            .any(|word| word.split('=').next() == Some(key))
    };
    let key = |argument: &str| argument.split('=').next().unwrap_or_default().to_owned();
    let wanted = extra.iter().filter(|argument| !sets(&key(argument)));
    let words = cmdline.split_whitespace().chain(wanted.copied());
    words.collect::<Vec<_>>().join(" ")
}

/// The block device node of a disk: its overlay, or a read-only image itself.
fn blockdev(index: usize, disk: &Disk, layout: &Layout) -> Value {
    let (format, path) = match &disk.source {
        DiskSource::Image { path, format } if disk.read_only => (format.as_str(), path.clone()),
        _ => ("qcow2", layout.disk(&disk.name)),
    };
    let mut file = json!({"driver": "file", "filename": path});
    let mut node = json!({"driver": format, "node-name": format!("disk{index}")});
    let key = if disk.read_only {
        "read-only"
    } else {
        "discard"
    };
    let value = if disk.read_only {
        json!(true)
    } else {
        json!("unmap")
    };
    file[key] = value.clone();
    node[key] = value;
    node["file"] = file;
    node
}

/// A forward as QEMU writes it: `tcp:127.0.0.1:8080-:80`.
pub(super) fn forward(port: &Port) -> String {
    format!("{}-:{}", forward_host(port), port.guest)
}

/// The host's half of a forward.
pub(super) fn forward_host(port: &Port) -> String {
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    format!("{protocol}:{}:{}", port.host_ip, port.host)
}

/// A comma ends a value in QEMU's option lists; two are one.
pub(super) fn escaped(value: &str) -> String {
    value.replace(',', ",,")
}

/// Whole kibibytes, rounded up to QEMU's granularity of 8 KiB.
fn kibibytes(bytes: u64) -> u64 {
    bytes.div_ceil(8 << 10) * 8
}
