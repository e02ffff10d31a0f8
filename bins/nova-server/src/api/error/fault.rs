//! What an error carries and how it is written.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Cause;

/// An answer that is not a success. Cheap to pass around: one pointer.
#[derive(Debug, Clone)]
pub(crate) struct ApiError(pub(super) Box<Fault>);

#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) status: StatusCode,
    /// Kubernetes' reason (`NotFound`).
    pub(super) reason: &'static str,
    /// Our closed set of codes (`ValidationError`).
    pub(super) code: &'static str,
    /// Our finer reason (`Immutable`).
    pub(super) nova_reason: &'static str,
    pub(super) message: String,
    pub(super) retryable: bool,
    pub(super) retry_after: Option<u32>,
    pub(super) target: Target,
    pub(super) causes: Vec<Cause>,
    pub(super) hints: Vec<String>,
    pub(super) details: Map<String, Value>,
    /// Token to go on with, in the metadata of the Status.
    pub(super) continue_token: Option<String>,
}

/// The object that an error is about; empty members are left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    /// Plural, or the kind in `Invalid` answers, as Kubernetes does.
    pub(super) kind: String,
    pub(super) group: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
}

impl ApiError {
    /// HTTP status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Our finer reason (`OperationInProgress`, `InUse`, …).
    pub(crate) fn nova_reason(&self) -> &'static str {
        self.0.nova_reason
    }

    /// The sentence for people.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// Adds something to do about it: a command or an action.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Adds a member to `nova.details`.
    #[must_use]
    pub(crate) fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    /// Asks the client to come back after so many seconds.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Hands out a token to go on with.
    #[must_use]
    pub(crate) fn continue_with(mut self, token: String) -> Self {
        self.0.continue_token = Some(token);
        self
    }

    /// The same error under another HTTP status (412 for `If-Match`).
    #[must_use]
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// The `Status` object.
    pub(crate) fn body(&self, request_id: Option<&str>) -> Value {
        let fault = &*self.0;
        let mut nova = json!({
            "code": fault.code, "reason": fault.nova_reason, "retryable": fault.retryable,
        });
        if let Some(id) = request_id {
            nova["requestId"] = json!(id);
        }
        fault.fill_nova(&mut nova);
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": fault.message, "code": fault.status.as_u16(), "nova": nova,
        });
        if !fault.reason.is_empty() {
            status["reason"] = json!(fault.reason);
        }
        if let Some(token) = &fault.continue_token {
            status["metadata"]["continue"] = json!(token);
        }
        let details = fault.kubernetes_details();
        // kubectl shows the message of an `Invalid` only beside details, be they empty.
        if !details.is_empty() || fault.reason == "Invalid" {
            status["details"] = Value::Object(details);
        }
        status
    }
}

impl Fault {
    fn fill_nova(&self, nova: &mut Value) {
        let target = &self.target;
        if !target.kind.is_empty() {
            nova["target"] = json!({
                "kind": target.kind, "namespace": target.namespace, "name": target.name,
            });
        }
        if !self.causes.is_empty() {
            nova["errors"] = self.causes.iter().map(Cause::nova).collect();
        }
        if !self.hints.is_empty() {
            nova["hints"] = json!(self.hints);
        }
        if !self.details.is_empty() {
            nova["details"] = Value::Object(self.details.clone());
        }
    }

    fn kubernetes_details(&self) -> Map<String, Value> {
        let target = &self.target;
        let mut details = Map::new();
        let members = [
            ("name", &*target.name),
            ("group", target.group),
            ("kind", &*target.kind),
            ("uid", &*target.uid),
        ];
        for (member, value) in members {
            if !value.is_empty() {
                details.insert(member.into(), value.into());
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(Cause::kubernetes).collect();
            details.insert("causes".into(), causes);
        }
        if let Some(seconds) = self.retry_after {
            details.insert("retryAfterSeconds".into(), seconds.into());
        }
        details
    }
}

/// The error inside its response, so that middleware can add the request id.
#[derive(Debug, Clone)]
pub(crate) struct Raised(pub(crate) ApiError);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body(None).to_string()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(Raised(self));
        response
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for ApiError {}
