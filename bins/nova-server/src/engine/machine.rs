//! The resolved description of one VM that an engine works from.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A VM as an engine sees it: no references, only files, sizes and counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "`type` is a keyword and the spec's word is machine.type"
)]
pub(crate) struct Machine {
    /// Uid of the object, a hyphenated UUID.
    pub(crate) uid: String,
    /// Namespace of the object, for process titles and messages.
    pub(crate) namespace: String,
    /// Name of the object.
    pub(crate) name: String,
    /// Virtual CPUs, at least 1.
    pub(crate) cpus: u32,
    /// Guest memory, bytes.
    pub(crate) memory: u64,
    /// Machine type.
    pub(crate) machine_type: MachineType,
    /// Accelerator wanted.
    pub(crate) accelerator: Accelerator,
    /// CPU model; absent means the best of the accelerator.
    pub(crate) cpu_model: Option<String>,
    /// How it boots.
    pub(crate) boot: Boot,
    /// Disks in spec order.
    pub(crate) disks: Vec<Disk>,
    /// Network interfaces in spec order.
    pub(crate) networks: Vec<Nic>,
    /// Host ports forwarded into the guest.
    pub(crate) ports: Vec<Port>,
    /// Seed for cloud-init.
    pub(crate) cloud_init: Option<CloudInit>,
    /// Whether the image has a guest agent that will answer.
    pub(crate) agent: bool,
}

/// Machine type of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MachineType {
    /// PCI Express machine; boots everything.
    Q35,
    /// Minimal machine; boots a kernel directly.
    Microvm,
}

/// What executes guest instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Accelerator {
    /// KVM where it really works, else TCG.
    Auto,
    /// Hardware virtualisation.
    Kvm,
    /// Software emulation.
    Tcg,
}

/// How the guest boots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Boot {
    /// From the disk with the lowest boot index.
    Disk,
    /// A kernel handed over by the host.
    Direct {
        /// Kernel image.
        kernel: PathBuf,
        /// Initial RAM disk.
        initrd: Option<PathBuf>,
        /// Kernel command line.
        cmdline: String,
    },
}

/// One disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Disk {
    /// Name, unique in the VM.
    pub(crate) name: String,
    /// Where its first content comes from.
    pub(crate) source: DiskSource,
    /// Size wanted in bytes; absent keeps the source's.
    pub(crate) size: Option<u64>,
    /// Guest cannot write.
    pub(crate) read_only: bool,
    /// Serial number shown to the guest, at most 20 characters.
    pub(crate) serial: Option<String>,
    /// Boot order, lowest first.
    pub(crate) boot_index: Option<u32>,
}

/// First content of a disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DiskSource {
    /// Overlay over an image file of this format (`qcow2`, `raw`), which stays unchanged.
    Image {
        /// Absolute path.
        path: PathBuf,
        /// Format of the file.
        format: String,
    },
    /// Zeroes.
    Blank,
}

/// One network interface. The only mode now is user-mode networking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Nic {
    /// Name, unique in the VM.
    pub(crate) name: String,
    /// Hardware address, lower case with colons.
    pub(crate) mac: String,
}

/// Protocol of a forwarded port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A host port forwarded into the guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Port {
    /// Name, unique in the VM.
    pub(crate) name: String,
    /// Address on the host.
    #[serde(rename = "hostIP")]
    pub(crate) host_ip: IpAddr,
    /// Port on the host; 0 lets the host choose.
    pub(crate) host: u16,
    /// Port in the guest.
    pub(crate) guest: u16,
    /// Protocol.
    pub(crate) protocol: Protocol,
}

/// Seed for cloud-init, handed over on a small disk labelled `CIDATA`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloudInit {
    /// `user-data`.
    pub(crate) user_data: Option<String>,
    /// `network-config`.
    pub(crate) network_data: Option<String>,
    /// `vendor-data`.
    pub(crate) vendor_data: Option<String>,
    /// Host name for `meta-data`.
    pub(crate) hostname: String,
}
