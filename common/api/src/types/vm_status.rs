//! What the server observes about a virtual machine (nova-api §4.1).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::meta::Condition;
use super::open_enum::open_enum;
use super::quantity::Quantity;
use super::time::Time;
use super::vm::PortSpec;

open_enum! {
    /// Where a machine is in its life.
    VmPhase {
        /// Accepted, nothing done yet.
        Pending => "Pending",
        /// Disks and devices are being made.
        Provisioning => "Provisioning",
        /// Booting.
        Starting => "Starting",
        /// Executing.
        Running => "Running",
        /// Halted with its memory.
        Paused => "Paused",
        /// Memory is on disk.
        Suspended => "Suspended",
        /// Shutting down.
        Stopping => "Stopping",
        /// Off.
        Stopped => "Stopped",
        /// Moving to another node.
        Migrating => "Migrating",
        /// Going back to a snapshot.
        Restoring => "Restoring",
        /// Ended or kept down by a cause outside.
        Failed => "Failed",
        /// Being removed.
        Deleting => "Deleting",
        /// The server cannot tell.
        Unknown => "Unknown",
    }
}

/// Observed state of a virtual machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct VmStatus {
    /// Where it is in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<VmPhase>,
    /// `Ready`, `AgentConnected` and others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Generation that was acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Node it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Engine that runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// `kvm` or `tcg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator: Option<String>,
    /// Process on the local machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i64>,
    /// When it last started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// Restarts after crashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_count: Option<i64>,
    /// How it ended the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_exit: Option<LastExit>,
    /// Addresses the guest is reached under.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Forwarded ports as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortSpec>,
    /// Disks as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disks: Vec<DiskStatus>,
    /// What the agent told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest_info: Option<GuestInfo>,
    /// Latest sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<VmUsage>,
    /// Migration under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<MigrationStatus>,
    /// Changes that wait for a restart or power-off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending_changes: Vec<PendingChange>,
    /// Operation under way, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_operation: Option<String>,
}

/// How a machine ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LastExit {
    /// Exit code of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<Value>,
    /// One CamelCase word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
}

/// An address of the guest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Address {
    /// Interface or network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Hardware address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// `lease` or `agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A disk as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct DiskStatus {
    /// Name in the spec.
    pub name: String,
    /// Volume behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// Size that the guest sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// Space taken on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Quantity>,
    /// Device name in the guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// What the agent told about the guest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GuestInfo {
    /// Operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Kernel release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Version of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
}

/// One sample of what a machine uses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct VmUsage {
    /// Percent of the processors given to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// Processor time since start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_time_seconds: Option<f64>,
    /// Memory in use, bytes or a quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_used: Option<Quantity>,
    /// Size of the balloon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_balloon: Option<Quantity>,
    /// Bytes received since start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_rx: Option<Quantity>,
    /// Bytes sent since start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_tx: Option<Quantity>,
    /// Bytes read since start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_read: Option<Quantity>,
    /// Bytes written since start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_write: Option<Quantity>,
    /// When it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampled_at: Option<Time>,
}

/// A migration under way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct MigrationStatus {
    /// Step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// Node it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Time the guest stood still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downtime_ms: Option<f64>,
}

/// A spec change that could not be applied live.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PendingChange {
    /// Field.
    pub path: String,
    /// Value in effect.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub current: Value,
    /// Value wanted.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub wanted: Value,
    /// `restart` or `power-off`.
    pub requires: String,
}
