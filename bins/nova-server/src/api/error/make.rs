//! One constructor per case of the table of errors. Messages are Kubernetes' wherever it has the
//! case, since clients match on them.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::fault::{Fault, Target};
use super::{ApiError, Cause};
use crate::api::apply::Conflicts;
use crate::store::Key;

/// API group of a plural; the two kinds of Kubernetes itself are in the core group.
fn group_of(plural: &str) -> &'static str {
    match plural {
        "namespaces" | "events" => "",
        _ => "nova.dev",
    }
}

/// `virtualmachines.nova.dev`, or `events`.
fn qualified(kind: &str, group: &str) -> String {
    if group.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}.{group}")
    }
}

struct Words(StatusCode, &'static str, &'static str, &'static str);

impl ApiError {
    fn new(words: &Words, message: impl Into<String>) -> Self {
        Self(Box::new(Fault {
            status: words.0,
            reason: words.1,
            code: words.2,
            nova_reason: words.3,
            message: message.into(),
            retryable: false,
            retry_after: None,
            target: Target::default(),
            causes: Vec::new(),
            hints: Vec::new(),
            details: Map::new(),
            continue_token: None,
        }))
    }

    fn at(mut self, key: &Key) -> Self {
        self.0.target = Target {
            kind: key.kind.to_owned(),
            group: group_of(key.kind),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            uid: String::new(),
        };
        self
    }

    fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// The object does not exist.
    pub(crate) fn not_found(key: &Key) -> Self {
        let words = Words(StatusCode::NOT_FOUND, "NotFound", "NotFound", "NotFound");
        let message = format!(
            "{} {:?} not found",
            qualified(key.kind, group_of(key.kind)),
            key.name
        );
        Self::new(&words, message).at(key)
    }

    /// No such path.
    pub(crate) fn no_such_path() -> Self {
        let words = Words(StatusCode::NOT_FOUND, "NotFound", "NotFound", "NoSuchPath");
        Self::new(&words, "the server could not find the requested resource")
    }

    /// Objects of the kind have no such part, or not with this server.
    pub(crate) fn no_such_part(key: &Key) -> Self {
        let mut error = Self::not_found(key);
        error.0.nova_reason = "NoSuchPath";
        error.hint("there is no such path below the object: the server may be older or newer")
    }

    /// An object of that name exists.
    pub(crate) fn already_exists(key: &Key) -> Self {
        let words = Words(
            StatusCode::CONFLICT,
            "AlreadyExists",
            "Conflict",
            "AlreadyExists",
        );
        let message = format!(
            "{} {:?} already exists",
            qualified(key.kind, group_of(key.kind)),
            key.name
        );
        Self::new(&words, message).at(key)
    }

    /// An object of that name is still going away.
    pub(crate) fn being_deleted(key: &Key) -> Self {
        let mut error = Self::already_exists(key);
        error.0.message = format!("object is being deleted: {}", error.0.message);
        error
    }

    /// A precondition of a deletion did not hold. Kubernetes names the kind here.
    pub(crate) fn delete_conflict(key: &Key, kind: &str, why: &str) -> Self {
        let mut error = Self::conflict_because(key, why);
        let what = qualified(kind, group_of(key.kind));
        error.0.message = format!(
            "Operation cannot be fulfilled on {what} {:?}: {why}",
            key.name
        );
        kind.clone_into(&mut error.0.target.kind);
        error
    }

    /// Other managers own fields that an apply would change.
    pub(crate) fn apply_conflict(conflicts: &Conflicts) -> Self {
        let words = Words(
            StatusCode::CONFLICT,
            "Conflict",
            "Conflict",
            "ApplyConflict",
        );
        let mut error = Self::new(&words, conflicts.message());
        let causes = conflicts.causes().into_iter();
        error.0.causes = causes
            .map(|(who, path)| Cause::conflict(path, who))
            .collect();
        error
    }

    /// A precondition did not hold; `why` is the part after the colon.
    pub(crate) fn conflict_because(key: &Key, why: &str) -> Self {
        let words = Words(StatusCode::CONFLICT, "Conflict", "Conflict", "Conflict");
        let message = format!(
            "Operation cannot be fulfilled on {} {:?}: {why}",
            qualified(key.kind, group_of(key.kind)),
            key.name
        );
        Self::new(&words, message).at(key)
    }

    /// The object changed since the client read it.
    pub(crate) fn conflict(key: &Key, current: u64) -> Self {
        let why = "the object has been modified; \
                   please apply your changes to the latest version and try again";
        Self::conflict_because(key, why).detail("currentResourceVersion", current.to_string())
    }

    /// The object cannot go while others use it.
    pub(crate) fn in_use(key: &Key, users: &[String]) -> Self {
        let why = format!("it is in use by {}", users.join(", "));
        let mut error = Self::conflict_because(key, &why).detail("usedBy", json!(users));
        error.0.nova_reason = "InUse";
        error
    }

    /// The verb is not possible in this phase.
    pub(crate) fn invalid_state(key: &Key, phase: &str, allowed: &[&str], message: &str) -> Self {
        let words = Words(StatusCode::CONFLICT, "Conflict", "Conflict", "InvalidState");
        Self::new(&words, message)
            .at(key)
            .detail("phase", phase)
            .detail("allowed", json!(allowed))
    }

    /// The body is well formed and says something impossible. `kind` is the singular kind.
    pub(crate) fn invalid(key: &Key, kind: &str, causes: Vec<Cause>) -> Self {
        let mut error =
            Self::invalid_named(&qualified(kind, group_of(key.kind)), &key.name, causes).at(key);
        kind.clone_into(&mut error.0.target.kind);
        error
    }

    /// The same about something that is no object: `ListOptions.meta.k8s.io`.
    pub(crate) fn invalid_named(what: &str, name: &str, causes: Vec<Cause>) -> Self {
        let words = Words(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Invalid",
            "ValidationError",
            "Invalid",
        );
        let sentences: Vec<String> = causes.iter().map(Cause::sentence).collect();
        let list = match &sentences[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let mut error = Self::new(&words, format!("{what} {name:?} is invalid: {list}"));
        error.0.causes = causes;
        error
    }

    /// Options in the query of a write, or the body of a deletion, that cannot be.
    pub(crate) fn invalid_options(kind: &str, causes: Vec<Cause>) -> Self {
        let mut error = Self::invalid_named(&format!("{kind}.meta.k8s.io"), "", causes);
        kind.clone_into(&mut error.0.target.kind);
        error.0.target.group = "meta.k8s.io";
        error
    }

    /// A patch that leaves something that is no object of the kind.
    pub(crate) fn invalid_patch(patched: &Value, why: &str) -> Self {
        let patched = Value::from(patched.to_string());
        Self::invalid_named("", "", vec![Cause::invalid("patch", &patched, why)])
    }

    /// A JSON patch that cannot be applied. Kubernetes does not say why; `detail` does.
    pub(crate) fn rejected(detail: &str) -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::unprocessable(message).detail("patch", detail)
    }

    /// What Kubernetes answers as a failure without a reason although the request is at fault.
    pub(crate) fn unclassified(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::INTERNAL_SERVER_ERROR,
            "",
            "ValidationError",
            "BadRequest",
        );
        Self::new(&words, message)
    }

    /// A 422 that names no field (a failed `test` of a JSON patch).
    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Invalid",
            "ValidationError",
            "Invalid",
        );
        Self::new(&words, message)
    }

    /// The request is malformed.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "ValidationError",
            "BadRequest",
        );
        Self::new(&words, message)
    }

    /// A body with fields that the kind does not have, under strict validation.
    pub(crate) fn unknown_fields(message: String, paths: &[String]) -> Self {
        let mut error = Self::bad_request(message).detail("fields", json!(paths));
        error.0.nova_reason = "UnknownField";
        error
    }

    /// The same error as the answer to a failed `test` of a JSON patch.
    #[must_use]
    pub(crate) fn test_failed(mut self) -> Self {
        self.0.nova_reason = "TestFailed";
        self
    }

    /// A selector that cannot be parsed or names a field the kind does not select by.
    pub(crate) fn bad_selector(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "ValidationError",
            "BadSelector",
        );
        Self::new(&words, message)
    }

    /// The body is too large.
    pub(crate) fn too_large(limit: usize) -> Self {
        let words = Words(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "ValidationError",
            "TooLarge",
        );
        Self::new(
            &words,
            format!("Request entity too large: limit is {limit}"),
        )
    }

    /// The same for what is not counted in bytes.
    pub(crate) fn too_large_because(message: &str) -> Self {
        let mut error = Self::too_large(0);
        error.0.message = format!("Request entity too large: {message}");
        error
    }

    /// The body has a content type that the path does not read.
    pub(crate) fn unsupported_media_type(accepted: &[&str]) -> Self {
        let words = Words(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "ValidationError",
            "UnsupportedMediaType",
        );
        let message = format!(
            "the body of the request was in an unknown format - \
             accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(&words, message)
    }

    /// The client accepts nothing that we write.
    pub(crate) fn not_acceptable(offered: &[&str]) -> Self {
        let words = Words(
            StatusCode::NOT_ACCEPTABLE,
            "NotAcceptable",
            "ValidationError",
            "BadRequest",
        );
        let message = format!(
            "only the following media types are accepted: {}",
            offered.join(", ")
        );
        Self::new(&words, message)
    }

    /// The path exists, the method does not.
    pub(crate) fn method_not_allowed() -> Self {
        let words = Words(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "ValidationError",
            "BadRequest",
        );
        Self::new(
            &words,
            "the server does not allow this method on the requested resource",
        )
    }

    /// Nobody we know.
    pub(crate) fn unauthorized(reason: &'static str) -> Self {
        let words = Words(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "Unauthorized",
            reason,
        );
        Self::new(&words, "Unauthorized")
    }

    /// Somebody we know who may not.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        let words = Words(StatusCode::FORBIDDEN, "Forbidden", "Forbidden", "Denied");
        Self::new(&words, message)
    }

    /// The object is protected against this verb.
    pub(crate) fn protected(key: &Key, message: &str) -> Self {
        let words = Words(StatusCode::FORBIDDEN, "Forbidden", "Forbidden", "Protected");
        let kind = qualified(key.kind, group_of(key.kind));
        Self::new(
            &words,
            format!("{kind} {:?} is forbidden: {message}", key.name),
        )
        .at(key)
    }

    /// The position is older than the change log or newer than the server.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        let words = Words(StatusCode::GONE, "Expired", "Expired", "Expired");
        Self::new(&words, message)
    }

    /// Something took longer than it may.
    pub(crate) fn timeout(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::GATEWAY_TIMEOUT,
            "Timeout",
            "Timeout",
            "DeadlineExceeded",
        );
        Self::new(&words, message).retryable()
    }

    /// The position is one that the server has not come to. Clients know it by its cause.
    pub(crate) fn revision_ahead(wanted: u64, current: u64) -> Self {
        let what = "Too large resource version";
        let message = format!("Timeout: {what}: {wanted}, current: {current}");
        let mut error = Self::timeout(message).retry_after(1);
        error.0.causes = vec![Cause::revision_ahead(what)];
        error
    }

    /// The guest did not answer in time.
    pub(crate) fn guest_timeout(key: &Key, message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::GATEWAY_TIMEOUT,
            "Timeout",
            "Timeout",
            "GuestTimeout",
        );
        Self::new(&words, message).at(key).retryable()
    }

    /// Too much at once.
    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "RateLimited",
            "TooManyRequests",
        );
        Self::new(&words, message).retryable().retry_after(1)
    }

    /// A bug or a fault of the machine.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "InternalError",
            "Internal",
        );
        Self::new(
            &words,
            format!("Internal error occurred: {}", message.into()),
        )
    }

    /// The engine failed. `raw` is its own text.
    pub(crate) fn engine(engine: &str, message: impl Into<String>, raw: &str) -> Self {
        let words = Words(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "InternalError",
            "EngineError",
        );
        Self::new(&words, message)
            .detail("engine", engine)
            .detail("raw", raw)
    }

    /// Not now: `reason` is `NotReady`, `NodeUnavailable`, `AgentUnavailable` or
    /// `EngineUnavailable`.
    pub(crate) fn unavailable(reason: &'static str, message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "Unavailable",
            reason,
        );
        Self::new(&words, message).retryable().retry_after(1)
    }

    /// Disk, memory or the like ran out.
    pub(crate) fn insufficient(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::INSUFFICIENT_STORAGE,
            "InsufficientStorage",
            "Unavailable",
            "InsufficientResources",
        );
        Self::new(&words, message)
    }

    /// This server or engine cannot do it at all.
    pub(crate) fn not_supported(message: impl Into<String>) -> Self {
        let words = Words(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "Unavailable",
            "NotSupported",
        );
        Self::new(&words, message)
    }

    /// About this object; for constructors that do not take one.
    #[must_use]
    pub(crate) fn on(self, key: &Key) -> Self {
        self.at(key)
    }
}
