//! Namespaces: the Kubernetes kind with our quota and defaults beside it (nova-api §4.2).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::meta::ObjectMeta;
use super::open_enum::open_enum;
use super::quantity::Quantity;
use super::resource::{KindInfo, NameRule, Scope, resource};

/// A namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Namespace {
    /// `v1`.
    #[serde(default)]
    pub api_version: String,
    /// `Namespace`.
    #[serde(default)]
    pub kind: String,
    /// Name, labels, versions.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Wanted state.
    #[serde(default)]
    pub spec: NamespaceSpec,
    /// Observed state, written by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<NamespaceStatus>,
}

resource!(
    Namespace,
    KindInfo {
        group: "",
        version: "v1",
        kind: "Namespace",
        plural: "namespaces",
        singular: "namespace",
        short_names: &["ns"],
        scope: Scope::Cluster,
        names: NameRule::Label,
    }
);

/// Wanted state of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceSpec {
    /// Kubernetes' own finalizers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finalizers: Option<Vec<String>>,
    /// Upper bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Values for what an object leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Value>,
}

/// Amounts of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Quota {
    /// Machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vms: Option<i64>,
    /// Processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
    /// Disk space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<Quantity>,
    /// Snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<i64>,
}

open_enum! {
    /// State of a namespace.
    NamespacePhase {
        /// Takes objects.
        Active => "Active",
        /// Being emptied.
        Terminating => "Terminating",
    }
}

/// Observed state of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceStatus {
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<NamespacePhase>,
    /// What its objects took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Quota>,
    /// Kubernetes' own conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Value>>,
}

impl Namespace {
    /// A namespace with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            api_version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            metadata: ObjectMeta::named(name),
            spec: NamespaceSpec::default(),
            status: None,
        }
    }
}
