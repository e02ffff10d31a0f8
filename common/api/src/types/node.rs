//! Machines that run virtual machines (nova-api §4.2).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::meta::{Condition, ObjectMeta};
use super::open_enum::open_enum;
use super::quantity::Quantity;
use super::resource::{KindInfo, NameRule, Scope, resource};
use super::time::Time;

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// `nova.dev/v1`.
    #[serde(default)]
    pub api_version: String,
    /// `Node`.
    #[serde(default)]
    pub kind: String,
    /// Name, labels, versions.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Wanted state.
    #[serde(default)]
    pub spec: NodeSpec,
    /// Observed state, written by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<NodeStatus>,
}

resource!(
    Node,
    KindInfo {
        group: "nova.dev",
        version: "v1",
        kind: "Node",
        plural: "nodes",
        singular: "node",
        short_names: &["no"],
        scope: Scope::Cluster,
        names: NameRule::Subdomain,
    }
);

/// Wanted state of a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSpec {
    /// No new machines are placed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unschedulable: Option<bool>,
    /// Repel machines that do not tolerate them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<Value>>,
    /// Most machines at a time.
    #[serde(rename = "maxVMs", skip_serializing_if = "Option::is_none")]
    pub max_vms: Option<i64>,
    /// Kept for the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved: Option<NodeResources>,
    /// Addresses of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<String>>,
}

/// Amounts of a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NodeResources {
    /// Processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
    /// Disk space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<Quantity>,
    /// Machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vms: Option<i64>,
}

open_enum! {
    /// State of a node.
    NodePhase {
        /// Takes machines.
        Ready => "Ready",
        /// Does not answer or lacks something.
        NotReady => "NotReady",
        /// Machines are moved away.
        Draining => "Draining",
        /// Taken out of service.
        Maintenance => "Maintenance",
        /// The server cannot tell.
        Unknown => "Unknown",
    }
}

/// Observed state of a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<NodePhase>,
    /// What the host has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<NodeResources>,
    /// What machines may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocatable: Option<NodeResources>,
    /// What machines took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocated: Option<NodeResources>,
    /// What is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<NodeResources>,
    /// Optional behaviour of this node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Versions of the programs underneath.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<NodeVersions>,
    /// `Ready`, `KVMUsable`, `DiskPressure` and others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Machines here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_count: Option<i64>,
    /// When it last reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_heartbeat: Option<Time>,
    /// How the last drain went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_drain: Option<Value>,
}

/// Versions of the programs underneath.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NodeVersions {
    /// Kernel release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// QEMU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qemu: Option<String>,
    /// LXD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lxd: Option<String>,
    /// Our own agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}
