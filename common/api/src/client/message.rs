//! What the server's refusals say to a person.

use crate::types::{Cause, Code, KINDS, KindInfo, Operation, OperationPhase, Scope, Status};

pub(super) fn refusal_message(status: &Status, namespace: Option<&str>) -> String {
    if status.class() == Code::Unauthorized {
        return login_message(status).to_owned();
    }
    let details = status.details.as_ref();
    let name = details
        .and_then(|details| details.name.as_deref())
        .filter(|name| !name.is_empty());
    let kind = details.and_then(|details| details.kind.as_deref());
    let (Some(name), Some(kind)) = (name, kind) else {
        return plain_message(status);
    };
    let object = format!("{} \"{name}\"", word_for(kind));
    match status.reason.as_str() {
        "NotFound" => match place(kind, status, namespace) {
            Some(namespace) => format!("{object} not found in namespace \"{namespace}\""),
            None => format!("{object} not found"),
        },
        "AlreadyExists" => format!("{object} already exists"),
        "Invalid" => invalid_message(&object, status),
        _ => plain_message(status),
    }
}

fn login_message(status: &Status) -> &'static str {
    match status.exact_reason() {
        "TokenMissing" => "the server asks for a login and got no token",
        "TokenExpired" => "the login has expired",
        "TokenRevoked" => "the token was revoked, or is not one of this server",
        _ => "the server refused the login",
    }
}

fn plain_message(status: &Status) -> String {
    if status.message.is_empty() {
        format!("the server answered {}", status.code)
    } else {
        status.message.clone()
    }
}

/// One line per fault, so that each can be found and mended.
fn invalid_message(object: &str, status: &Status) -> String {
    let causes = status
        .details
        .as_ref()
        .map_or(&[][..], |details| &details.causes);
    let line = |cause: &Cause| {
        let message = cause.message.as_deref().unwrap_or("invalid");
        match cause.field.as_deref().filter(|field| !field.is_empty()) {
            Some(field) => format!("{field}: {message}"),
            None => message.to_owned(),
        }
    };
    match causes {
        [] => plain_message(status),
        [cause] => format!("{object} is invalid: {}", line(cause)),
        causes => format!(
            "{object} is invalid:\n  {}",
            causes.iter().map(line).collect::<Vec<_>>().join("\n  ")
        ),
    }
}

/// The word people type for a kind. A status names kinds by plural, or as such where a body is at fault.
pub(super) fn word_for(kind: &str) -> &str {
    known(kind).map_or(kind, |info| info.word())
}

fn known(kind: &str) -> Option<&'static KindInfo> {
    KINDS
        .iter()
        .find(|info| info.plural == kind || info.kind == kind)
}

fn place<'a>(kind: &str, status: &'a Status, namespace: Option<&'a str>) -> Option<&'a str> {
    if known(kind).is_some_and(|info| info.scope == Scope::Cluster) {
        return None;
    }
    let target = status.nova.as_ref().and_then(|nova| nova.target.as_ref());
    let named = target.and_then(|target| target.namespace.as_deref());
    named
        .or(namespace)
        .filter(|namespace| !namespace.is_empty())
}

pub(super) fn operation_message(operation: &Operation) -> String {
    let (verb, target) = (&operation.spec.verb, &operation.spec.target);
    let object = format!("{} \"{}\"", target.kind, target.name).replace("VirtualMachine", "vm");
    let status = operation.status.as_ref();
    let said = status.and_then(|status| status.message.clone());
    let why = failure_of(operation)
        .map(|status| status.message)
        .filter(|text| !text.is_empty())
        .or(said);
    let how = match operation.phase() {
        OperationPhase::Cancelled => match status.and_then(|status| status.reason.as_deref()) {
            Some("Superseded") => "was superseded by a newer request".to_owned(),
            _ => "was cancelled".to_owned(),
        },
        OperationPhase::TimedOut => "took too long".to_owned(),
        _ => "failed".to_owned(),
    };
    match why {
        Some(why) => format!("{verb} of {object} {how}: {why}"),
        None => format!("{verb} of {object} {how}"),
    }
}

/// The status inside a failed operation.
pub(super) fn failure_of(operation: &Operation) -> Option<Status> {
    let error = operation.status.as_ref()?.error.as_ref()?;
    // Through text: reading types from trees too would double the code for them.
    serde_json::from_slice(error.to_string().as_bytes()).ok()
}
