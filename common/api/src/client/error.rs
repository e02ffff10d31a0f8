//! Refusals of the server as typed errors, with class and hints.

use nova_core::{Diagnose, Kind};
use nova_http::Refusal;
use serde_json::{Map, Value};

use super::message::{failure_of, operation_message, refusal_message, word_for};
use crate::types::{Code, NameError, Operation, Status, StatusDetails};

/// What can go wrong when talking to a server.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It could not be reached or understood.
    #[error(transparent)]
    Transport(#[from] nova_http::Error),
    /// It refused the request.
    #[error(transparent)]
    Refused(#[from] Box<Refused>),
    /// The operation that it started did not succeed.
    #[error("{}", operation_message(.0))]
    Operation(Box<Operation>),
    /// What was waited for did not happen in time.
    #[error("timed out after {} waiting for {what}", nova_core::units::format_duration(*.after))]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        after: std::time::Duration,
    },
    /// Waiting is pointless now.
    #[error("{0}")]
    Never(String),
    /// The object that was watched is gone.
    #[error("{0} was deleted meanwhile")]
    Gone(String),
    /// The local server could not be started or found.
    #[error("{message}")]
    Server {
        /// What happened.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A local file could not be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// A refusal: the server's status and the request it belongs to.
#[derive(Debug, thiserror::Error)]
#[error("{}", refusal_message(.status, .namespace.as_deref()))]
pub struct Refused {
    /// The one error body.
    pub status: Status,
    /// Namespace of the request.
    pub namespace: Option<String>,
    /// Whether the request carried a body, so that what is wrong is in it rather than on the command line.
    pub with_body: bool,
    /// Request, for the server's log.
    pub request_id: Option<String>,
}

impl ApiError {
    /// Turns a transport error with a status body into the refusal it is.
    #[must_use]
    pub fn of(error: nova_http::Error, namespace: Option<&str>, with_body: bool) -> Self {
        match error {
            nova_http::Error::Refused(refusal) => {
                let status = status_of(&refusal);
                let request_id = refusal.header("x-request-id").map(str::to_owned);
                let namespace = namespace.map(str::to_owned);
                Self::Refused(Box::new(Refused {
                    status,
                    namespace,
                    with_body,
                    request_id,
                }))
            }
            other => Self::Transport(other),
        }
    }

    /// The refusal of a status that came inside a stream.
    #[must_use]
    pub fn of_status(status: Status) -> Self {
        Self::Refused(Box::new(Refused {
            status,
            namespace: None,
            with_body: false,
            request_id: None,
        }))
    }

    /// The status, when the server refused.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Refused(refused) => Some(&refused.status),
            _ => None,
        }
    }

    /// Whether the object does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status()
            .is_some_and(|status| status.class() == Code::NotFound)
    }

    /// Whether a revision or page token is too old.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.status()
            .is_some_and(|status| status.class() == Code::Expired)
    }

    /// Whether asking again later may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_transient(),
            Self::Refused(refused) => matches!(refused.status.code, 429 | 502..=504),
            _ => false,
        }
    }

    /// Whether nothing listens on a Unix socket.
    pub(crate) fn nothing_listens(&self) -> bool {
        matches!(
            self,
            Self::Transport(nova_http::Error::Unreachable {
                nothing_listens: true,
                ..
            })
        )
    }
}

/// The status in an error answer; one is made up where something else than our server answered.
fn status_of(refusal: &Refusal) -> Status {
    let parsed = serde_json::from_slice::<Status>(&refusal.body).ok();
    match parsed.filter(|status| status.kind == "Status") {
        Some(status) => Status {
            code: if status.code == 0 {
                refusal.status
            } else {
                status.code
            },
            ..status
        },
        None => Status {
            kind: "Status".to_owned(),
            status: "Failure".to_owned(),
            message: format!(
                "the server at {} answered {}",
                refusal.endpoint, refusal.status
            ),
            code: refusal.status,
            ..Status::default()
        },
    }
}

impl Diagnose for ApiError {
    fn kind(&self) -> Kind {
        match self {
            Self::Transport(error) => error.kind(),
            Self::Refused(refused) => kind_of(&refused.status, refused.with_body),
            Self::Operation(operation) => match failure_of(operation) {
                Some(status) => kind_of(&status, true),
                None => Kind::Failed,
            },
            Self::TimedOut { .. } => Kind::Timeout,
            Self::Never(_) => Kind::Failed,
            Self::Gone(_) => Kind::NotFound,
            Self::Server { .. } => Kind::Unavailable,
            Self::File { .. } => Kind::Config,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Transport(error) => error.hint(),
            Self::Refused(refused) => refused
                .status
                .hints()
                .first()
                .cloned()
                .or_else(|| default_hint(&refused.status)),
            Self::Operation(operation) => {
                failure_of(operation).and_then(|status| status.hints().first().cloned())
            }
            Self::Server { hint, .. } => Some(hint.clone()),
            Self::TimedOut { .. } => Some("wait longer with --timeout".to_owned()),
            Self::Never(_) | Self::Gone(_) | Self::File { .. } => None,
        }
    }

    fn more_hints(&self) -> Vec<String> {
        self.status()
            .map(|status| status.hints().iter().skip(1).cloned().collect())
            .unwrap_or_default()
    }

    fn details(&self) -> Map<String, Value> {
        let Some(status) = self.status() else {
            return Map::new();
        };
        let mut details = status
            .nova
            .as_ref()
            .and_then(|nova| nova.details.clone())
            .unwrap_or_default();
        details.insert("reason".to_owned(), status.exact_reason().into());
        details.insert("status".to_owned(), status.code.into());
        details
    }

    fn request_id(&self) -> Option<String> {
        match self {
            Self::Transport(error) => error.request_id(),
            Self::Refused(refused) => {
                let named = refused
                    .status
                    .nova
                    .as_ref()
                    .and_then(|nova| nova.request_id.clone());
                named.or_else(|| refused.request_id.clone())
            }
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        let named = self
            .status()
            .and_then(|status| status.nova.as_ref()?.retryable);
        named.unwrap_or_else(|| self.is_transient())
    }
}

impl Diagnose for NameError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hint(&self) -> Option<String> {
        self.meant().map(|name| format!("did you mean \"{name}\"?"))
    }
}

fn kind_of(status: &Status, with_body: bool) -> Kind {
    match status.class() {
        Code::ValidationError if status.code == 400 && !with_body => Kind::Usage,
        Code::ValidationError => Kind::Config,
        Code::Unauthorized | Code::Forbidden => Kind::Auth,
        Code::NotFound => Kind::NotFound,
        Code::Conflict => Kind::Conflict,
        Code::Expired | Code::Timeout | Code::RateLimited | Code::Unavailable => Kind::Unavailable,
        Code::InternalError | Code::Other(_) => Kind::Failed,
    }
}

fn default_hint(status: &Status) -> Option<String> {
    let named = |member: fn(&StatusDetails) -> Option<&str>| {
        let text = status.details.as_ref().and_then(member);
        text.filter(|text| !text.is_empty())
    };
    match status.class() {
        Code::Unauthorized => {
            Some("log in with: nova auth login --token-file FILE, or --token-stdin".to_owned())
        }
        Code::NotFound => {
            let kind = named(|details| details.kind.as_deref())?;
            Some(format!("list them with: nova {} list", word_for(kind)))
        }
        Code::Conflict if status.reason == "AlreadyExists" => {
            let kind = named(|details| details.kind.as_deref())?;
            let name = named(|details| details.name.as_deref())?;
            Some(format!(
                "look at it with: nova get {}/{name}",
                word_for(kind)
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str, with_body: bool) -> ApiError {
        let status = serde_json::from_str(json).unwrap();
        let namespace = Some("default".to_owned());
        ApiError::Refused(Box::new(Refused {
            status,
            namespace,
            with_body,
            request_id: None,
        }))
    }

    #[test]
    fn a_missing_vm_is_named_as_people_name_it() {
        let error = refused(
            r#"{"kind":"Status","status":"Failure","message":"virtualmachines.nova.dev \"web-11\" not found","reason":"NotFound","code":404,"details":{"name":"web-11","group":"nova.dev","kind":"virtualmachines"}}"#,
            false,
        );
        assert_eq!(
            error.to_string(),
            "vm \"web-11\" not found in namespace \"default\""
        );
        assert_eq!(error.kind(), Kind::NotFound);
        assert_eq!(
            error.hint().as_deref(),
            Some("list them with: nova vm list")
        );
    }

    #[test]
    fn every_fault_of_a_body_has_its_line() {
        let error = refused(
            r#"{"kind":"Status","status":"Failure","message":"…","reason":"Invalid","code":422,"details":{"name":"a","kind":"virtualmachines","causes":[{"message":"must be positive","field":"spec.resources.cpu"},{"message":"unknown bus","field":"spec.disks[0].bus"}]}}"#,
            true,
        );
        assert_eq!(error.kind(), Kind::Config);
        let text = "vm \"a\" is invalid:\n  spec.resources.cpu: must be positive\n  spec.disks[0].bus: unknown bus";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn classes_follow_the_table() {
        let kind = |code: u16, reason: &str, with_body: bool| {
            refused(
                &format!(r#"{{"kind":"Status","reason":"{reason}","code":{code}}}"#),
                with_body,
            )
            .kind()
        };
        assert_eq!(kind(400, "BadRequest", false), Kind::Usage);
        assert_eq!(kind(400, "BadRequest", true), Kind::Config);
        assert_eq!(kind(401, "Unauthorized", false), Kind::Auth);
        assert_eq!(kind(403, "Forbidden", true), Kind::Auth);
        assert_eq!(kind(409, "AlreadyExists", true), Kind::Conflict);
        assert_eq!(kind(412, "Conflict", true), Kind::Conflict);
        assert_eq!(kind(422, "Invalid", true), Kind::Config);
        assert_eq!(kind(429, "TooManyRequests", false), Kind::Unavailable);
        assert_eq!(kind(503, "ServiceUnavailable", false), Kind::Unavailable);
        assert_eq!(kind(504, "Timeout", false), Kind::Unavailable);
        assert_eq!(kind(500, "InternalError", false), Kind::Failed);
    }

    #[test]
    fn a_superseded_operation_says_so() {
        let operation: Operation = serde_json::from_str(
            r#"{"apiVersion":"nova.dev/v1","kind":"Operation","metadata":{"name":"x"},"spec":{"verb":"start","target":{"kind":"VirtualMachine","name":"a"}},"status":{"phase":"Cancelled","reason":"Superseded"}}"#,
        )
        .unwrap();
        let error = ApiError::Operation(Box::new(operation));
        assert_eq!(
            error.to_string(),
            "start of vm \"a\" was superseded by a newer request"
        );
    }
}
