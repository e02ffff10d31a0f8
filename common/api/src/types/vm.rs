//! Virtual machines (nova-api §4.1): the wanted state. What is observed is in `vm_status`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::meta::ObjectMeta;
use super::open_enum::open_enum;
use super::quantity::Quantity;
use super::resource::{KindInfo, NameRule, Scope, resource};
use super::vm_status::VmStatus;

/// A virtual machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VirtualMachine {
    /// `nova.dev/v1`.
    #[serde(default)]
    pub api_version: String,
    /// `VirtualMachine`.
    #[serde(default)]
    pub kind: String,
    /// Name, labels, versions.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Wanted state.
    #[serde(default)]
    pub spec: VmSpec,
    /// Observed state, written by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<VmStatus>,
}

resource!(
    VirtualMachine,
    KindInfo {
        group: "nova.dev",
        version: "v1",
        kind: "VirtualMachine",
        plural: "virtualmachines",
        singular: "virtualmachine",
        short_names: &["vm", "vms"],
        scope: Scope::Namespaced,
        names: NameRule::Label,
    }
);

open_enum! {
    /// What the machine shall do.
    RunState {
        /// Run.
        Running => "Running",
        /// Be off.
        Stopped => "Stopped",
        /// Keep memory, execute nothing.
        Paused => "Paused",
        /// Keep memory on disk.
        Suspended => "Suspended",
    }
}

open_enum! {
    /// When a machine that ended is started again.
    RestartPolicy {
        /// Whatever the reason.
        Always => "Always",
        /// After a crash only.
        OnFailure => "OnFailure",
        /// Not at all.
        Never => "Never",
    }
}

/// Wanted state of a virtual machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct VmSpec {
    /// What it shall do; absent means run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_state: Option<RunState>,
    /// When it is restarted; absent means after a crash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
    /// Machine model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineSpec>,
    /// Processors and memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<VmResources>,
    /// Direct kernel boot and boot order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<BootSpec>,
    /// Boot image, looked up in the namespace, then in `public`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Disks, the first one boots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disks: Option<Vec<DiskSpec>>,
    /// Network interfaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<NicSpec>>,
    /// Host ports forwarded into the guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<PortSpec>>,
    /// What is inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<GuestSpec>,
    /// Where it may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<PlacementSpec>,
    /// How it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<ShutdownSpec>,
    /// Health checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<ProbesSpec>,
    /// Deletion is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// Deleted this long after its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_creation: Option<i64>,
}

/// Machine model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct MachineSpec {
    /// `q35` (default), `microvm` or `container`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// `bios` or `uefi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// Signed boot chain only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_boot: Option<bool>,
    /// Emulated security module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<bool>,
    /// Processor model of the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// `auto`, `kvm` or `tcg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator: Option<String>,
}

/// Processors, memory and limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct VmResources {
    /// Processors: `2` or `500m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Processors that can be plugged in later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_max: Option<Quantity>,
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
    /// Memory that can be plugged in later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_max: Option<Quantity>,
    /// Memory that the balloon leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_min: Option<Quantity>,
    /// Weight under contention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_shares: Option<i64>,
    /// Hard limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<VmLimits>,
}

/// Hard limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct VmLimits {
    /// Processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Bytes read per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_read_bps: Option<Quantity>,
    /// Bytes written per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_write_bps: Option<Quantity>,
    /// Requests per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<Quantity>,
}

/// Direct kernel boot and boot order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct BootSpec {
    /// Kernel: image reference or registered volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Initial RAM disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initrd: Option<String>,
    /// Kernel command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmdline: Option<String>,
    /// Names of disks and interfaces, first tried first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<String>>,
}

/// A disk; exactly one of its five sources is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct DiskSpec {
    /// Name, unique in the machine.
    pub name: String,
    /// Copy of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Existing volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// Copy of a snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Zeroes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blank: Option<bool>,
    /// Image shown as a read-only optical disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cdrom: Option<String>,
    /// Size; absent keeps the source's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// Storage pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// `virtio`, `scsi`, `nvme` or `sata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bus: Option<String>,
    /// The guest cannot write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Boot order, lowest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_index: Option<i64>,
    /// Cache mode of the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<String>,
    /// Serial number shown to the guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Deleted together with the machine; true for disks made from images.
    #[serde(rename = "deleteWithVM", skip_serializing_if = "Option::is_none")]
    pub delete_with_vm: Option<bool>,
}

/// A network interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NicSpec {
    /// Name, unique in the machine.
    pub name: String,
    /// Network it is plugged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Hardware address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Fixed IPv4 address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Fixed IPv6 address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip6: Option<String>,
    /// Device model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Network policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<String>>,
    /// `up` or `down`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_state: Option<String>,
    /// Bandwidth limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateSpec>,
}

/// Bandwidth limits of an interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RateSpec {
    /// Towards the guest.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub inbound: Option<Quantity>,
    /// From the guest.
    #[serde(rename = "out", skip_serializing_if = "Option::is_none")]
    pub outbound: Option<Quantity>,
}

/// A host port forwarded into the guest; the same shape reports the actual ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PortSpec {
    /// Name; absent means `PROTOCOL-GUEST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Port on the host; absent or 0 lets the host choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<u16>,
    /// Address on the host; absent means 127.0.0.1.
    #[serde(rename = "hostIP", skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<String>,
    /// Port in the guest.
    pub guest: u16,
    /// `tcp` (default) or `udp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

/// What is inside the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GuestSpec {
    /// `auto`, `required` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Host name; absent means the name of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Login user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Public keys of the login user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_keys: Option<Vec<String>>,
    /// First-boot configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_init: Option<CloudInitSpec>,
    /// Time zone name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// First-boot configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CloudInitSpec {
    /// User data document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// Secret that holds the user data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data_secret_ref: Option<String>,
    /// Network configuration document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_data: Option<String>,
    /// Vendor data document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_data: Option<String>,
}

/// Where the machine may run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PlacementSpec {
    /// This node and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Labels that the node must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Taints that are accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<serde_json::Value>>,
    /// Machines to be near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Vec<serde_json::Value>>,
    /// Machines to keep away from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anti_affinity: Option<Vec<serde_json::Value>>,
    /// Higher ones are placed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
}

/// How the machine is stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ShutdownSpec {
    /// Time the guest is given; absent means 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_period_seconds: Option<i64>,
    /// Force it afterwards; absent means true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate: Option<bool>,
    /// Ways to ask the guest, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
}

/// Health checks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ProbesSpec {
    /// Decides `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness: Option<ProbeSpec>,
    /// Decides restarts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness: Option<ProbeSpec>,
}

/// One health check; exactly one of its four ways is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ProbeSpec {
    /// The agent answers a ping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_ping: Option<serde_json::Value>,
    /// A TCP port accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpProbe>,
    /// An HTTP request succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpProbe>,
    /// A command in the guest succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<ExecProbe>,
    /// Silence after start, a duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_delay: Option<String>,
    /// Time between checks, a duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Deadline of one check, a duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// Failures in a row that count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<i64>,
}

/// Checks that a TCP port accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TcpProbe {
    /// Port in the guest.
    pub port: u16,
}

/// Checks that an HTTP request succeeds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HttpProbe {
    /// Port in the guest.
    pub port: u16,
    /// Path; absent means `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Checks that a command in the guest succeeds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ExecProbe {
    /// Program and arguments.
    pub command: Vec<String>,
}

impl VirtualMachine {
    /// A machine with this name and wanted state.
    #[must_use]
    pub fn new(name: impl Into<String>, spec: VmSpec) -> Self {
        use super::resource::Resource;
        Self {
            api_version: Self::INFO.api_version(),
            kind: Self::INFO.kind.to_owned(),
            metadata: ObjectMeta::named(name),
            spec,
            status: None,
        }
    }
}
