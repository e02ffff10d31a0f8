//! What a write's query asks for, checked as Kubernetes does.

use serde_json::{Value, json};

use crate::api::error::{ApiError, Cause};
use crate::api::request::Call;

/// Longest name of a field manager.
const MAX_MANAGER: usize = 128;

/// What happens to fields that the kind does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// The options of a write.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) validation: FieldValidation,
    /// Name of the field manager; from the user agent where none is given.
    pub(super) manager: String,
    /// Whether an apply takes what others own.
    pub(super) force: bool,
}

/// Which kind of options they are; it stands in the errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Create,
    Update,
    Patch,
    /// A patch that applies.
    Apply,
}

impl Options {
    /// Reads them, all faults at once.
    pub(super) fn of(call: &Call, of: Of) -> Result<Self, ApiError> {
        let mut causes = Vec::new();
        let manager = call.query.get("fieldManager").unwrap_or_default();
        match of {
            Of::Apply if manager.is_empty() => {
                causes.push(Cause::required(
                    "fieldManager",
                    "is required for apply patch",
                ));
            }
            Of::Patch if call.query.get("force").is_some() => {
                let detail = "may not be specified for non-apply patch";
                causes.push(Cause::forbidden("force", detail));
            }
            _ => {}
        }
        manager_faults(manager, &mut causes);
        causes.extend(dry_run(call));
        let validation = match call.query.get("fieldValidation") {
            Some("Ignore") => FieldValidation::Ignore,
            Some("Strict") => FieldValidation::Strict,
            None | Some("Warn") => FieldValidation::Warn,
            Some(other) => {
                let known = ["", "Ignore", "Strict", "Warn"];
                causes.push(Cause::unsupported("fieldValidation", &json!(other), &known));
                FieldValidation::Warn
            }
        };
        let name = match of {
            Of::Create => "CreateOptions",
            Of::Update => "UpdateOptions",
            Of::Patch | Of::Apply => "PatchOptions",
        };
        if !causes.is_empty() {
            return Err(ApiError::invalid_options(name, causes));
        }
        Ok(Self {
            validation,
            manager: manager_or_agent(manager, call),
            force: call.query.flag("force"),
        })
    }
}

/// The fault of `dryRun`.
pub(super) fn dry_run(call: &Call) -> Option<Cause> {
    let given = call.query.get("dryRun").filter(|given| *given != "All")?;
    Some(Cause::unsupported("dryRun", &json!([given]), &["All"]))
}

fn manager_faults(manager: &str, causes: &mut Vec<Cause>) {
    let field = "fieldManager";
    if manager.len() > MAX_MANAGER {
        causes.push(Cause::too_long(field, MAX_MANAGER));
    }
    let unprintable = manager.char_indices().filter(|(_, c)| c.is_control());
    causes.extend(unprintable.map(|(at, c)| {
        let code = u32::from(c);
        let detail = format!("invalid character U+{code:04X} (at position {at})");
        Cause::invalid(field, &json!(manager), &detail)
    }));
}

/// The name given, or what stands before the first slash of the user agent.
fn manager_or_agent(manager: &str, call: &Call) -> String {
    if !manager.is_empty() {
        return manager.to_owned();
    }
    let agent = call.header("user-agent").unwrap_or_default();
    let name = agent.split('/').next().unwrap_or_default();
    let mut short = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if short.len() + c.len_utf8() > MAX_MANAGER {
            break;
        }
        short.push(c);
    }
    match short.as_str() {
        "" => "unknown".to_owned(),
        _ => short,
    }
}

/// The fault of a propagation policy.
pub(super) fn policy(given: &str) -> Option<Cause> {
    let known = ["Foreground", "Background", "Orphan"];
    if known.contains(&given) {
        return None;
    }
    // Kubernetes lists the absence as a value.
    let known = ["Foreground", "Background", "Orphan", "nil"];
    Some(Cause::unsupported(
        "propagationPolicy",
        &Value::from(given),
        &known,
    ))
}
