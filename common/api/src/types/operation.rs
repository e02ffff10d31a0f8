//! Operations: work that goes on after an answer (nova-api §8).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::meta::ObjectMeta;
use super::open_enum::open_enum;
use super::resource::{KindInfo, NameRule, Scope, resource};
use super::time::Time;

/// An operation; its name is a `UUIDv7`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// `nova.dev/v1`.
    #[serde(default)]
    pub api_version: String,
    /// `Operation`.
    #[serde(default)]
    pub kind: String,
    /// Name, labels, versions.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Wanted state.
    #[serde(default)]
    pub spec: OperationSpec,
    /// Observed state, written by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<OperationStatus>,
}

resource!(
    Operation,
    KindInfo {
        group: "nova.dev",
        version: "v1",
        kind: "Operation",
        plural: "operations",
        singular: "operation",
        short_names: &["op", "ops"],
        scope: Scope::Namespaced,
        names: NameRule::Label,
    }
);

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OperationSpec {
    /// Verb, such as `create`.
    pub verb: String,
    /// Object it works on.
    pub target: OperationTarget,
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Request that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Key that the request carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// When it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// Parameters of the verb: grace, force, escalate, mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
}

/// Object that an operation works on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OperationTarget {
    /// Kind.
    pub kind: String,
    /// Namespace; absent means the operation's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

open_enum! {
    /// State of an operation.
    OperationPhase {
        /// Waits for its turn.
        Pending => "Pending",
        /// Works.
        Running => "Running",
        /// Done.
        Succeeded => "Succeeded",
        /// Gave up; `error` says why.
        Failed => "Failed",
        /// Stopped on request.
        Cancelled => "Cancelled",
        /// Being stopped.
        Cancelling => "Cancelling",
        /// Took too long.
        TimedOut => "TimedOut",
    }
}

impl OperationPhase {
    /// Whether nothing more happens.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut
        )
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OperationStatus {
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<OperationPhase>,
    /// Percent done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// When it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Seconds left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<f64>,
    /// Whether `cancel` works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancellable: Option<bool>,
    /// Whether asking again may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// Its steps in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<OperationStep>,
    /// What came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// A [`super::Status`] that says why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// One CamelCase word, such as `Superseded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Sentence for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Operations that it started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Value>,
}

open_enum! {
    /// State of a step.
    StepState {
        /// Not begun.
        Pending => "Pending",
        /// Under way.
        Running => "Running",
        /// Done.
        Succeeded => "Succeeded",
        /// Gave up.
        Failed => "Failed",
        /// Not needed.
        Skipped => "Skipped",
        /// Stopped.
        Cancelled => "Cancelled",
    }
}

/// One step of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OperationStep {
    /// Standard name, such as `boot`.
    pub name: String,
    /// State.
    pub state: StepState,
    /// Amount done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<serde_json::Number>,
    /// Amount in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<serde_json::Number>,
    /// Unit of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
}

impl Operation {
    /// State; `Pending` until the server wrote one.
    #[must_use]
    pub fn phase(&self) -> OperationPhase {
        self.status
            .as_ref()
            .and_then(|status| status.phase.clone())
            .unwrap_or(OperationPhase::Pending)
    }

    /// Whether nothing more happens.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.phase().is_final()
    }
}
