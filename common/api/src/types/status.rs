//! The one error body (nova-api §9): a Kubernetes `Status` with ours under `nova`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::meta::ListMeta;
use super::open_enum::open_enum;

open_enum! {
    /// The closed set of codes that clients tell apart.
    Code {
        /// Malformed or wrong in meaning.
        ValidationError => "ValidationError",
        /// Not logged in.
        Unauthorized => "Unauthorized",
        /// Not allowed.
        Forbidden => "Forbidden",
        /// Does not exist.
        NotFound => "NotFound",
        /// Contradicts the state of the object.
        Conflict => "Conflict",
        /// The revision or token is too old.
        Expired => "Expired",
        /// Took too long.
        Timeout => "Timeout",
        /// Too many requests.
        RateLimited => "RateLimited",
        /// A fault of the server or its engine.
        InternalError => "InternalError",
        /// Not possible now or here.
        Unavailable => "Unavailable",
    }
}

impl Code {
    /// The code that a bare HTTP status stands for.
    #[must_use]
    pub fn of_http(status: u16) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 | 412 => Self::Conflict,
            410 => Self::Expired,
            408 | 504 => Self::Timeout,
            429 => Self::RateLimited,
            501 | 503 | 507 => Self::Unavailable,
            400..=499 => Self::ValidationError,
            _ => Self::InternalError,
        }
    }
}

/// Answer to a failed request, and to a finished deletion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// `Status`.
    pub kind: String,
    /// `v1`.
    pub api_version: String,
    /// Empty.
    pub metadata: ListMeta,
    /// `Success` or `Failure`.
    pub status: String,
    /// Sentence for people.
    pub message: String,
    /// Kubernetes' word, such as `NotFound`.
    pub reason: String,
    /// HTTP status.
    pub code: u16,
    /// Kubernetes' details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<StatusDetails>,
    /// Everything of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nova: Option<Problem>,
}

/// Kubernetes' details of a failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusDetails {
    /// Object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// API group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Plural of the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Uid of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// One per fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<i64>,
}

/// One fault of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cause {
    /// Kubernetes' word, such as `FieldValueInvalid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Sentence for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Field, dotted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// What this API adds to a failure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Problem {
    /// Class of the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Exact reason, such as `InvalidState`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Request, for the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether asking again may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// Object concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// One per fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Values that belong to the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Map<String, Value>>,
}

/// Object that a failure is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Target {
    /// Kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One fault, by JSON pointer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldError {
    /// Place in the body.
    pub pointer: String,
    /// Kind of fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Sentence for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Values that are allowed there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Value>,
}

impl Status {
    /// Class of the failure, derived from the HTTP status where the server named none.
    #[must_use]
    pub fn class(&self) -> Code {
        self.nova
            .as_ref()
            .and_then(|nova| nova.code.clone())
            .unwrap_or_else(|| Code::of_http(self.code))
    }

    /// Exact reason: ours where present, else Kubernetes'.
    #[must_use]
    pub fn exact_reason(&self) -> &str {
        self.nova
            .as_ref()
            .and_then(|nova| nova.reason.as_deref())
            .unwrap_or(&self.reason)
    }

    /// What the server advises.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        self.nova.as_ref().map_or(&[], |nova| &nova.hints)
    }

    /// A value that belongs to the reason.
    #[must_use]
    pub fn detail(&self, key: &str) -> Option<&Value> {
        self.nova.as_ref()?.details.as_ref()?.get(key)
    }
}
