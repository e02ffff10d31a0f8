//! One fault of a field, in Kubernetes' words.

use serde_json::{Value, json};

/// One fault of one field. `Invalid` answers carry all of them at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Kubernetes' cause type: `FieldValueInvalid` and its like.
    reason: &'static str,
    /// Field path, `spec.disks[0].size`.
    field: String,
    /// Full message after the path, `Invalid value: "x": must be …`.
    message: String,
    /// Values that would be accepted, where they are a closed set.
    allowed: Vec<String>,
}

impl Cause {
    /// The value is malformed or out of range.
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        Self::of(
            "FieldValueInvalid",
            field,
            format!("Invalid value: {value}: {detail}"),
        )
    }

    /// The field must be there.
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = match detail {
            "" => "Required value".to_owned(),
            _ => format!("Required value: {detail}"),
        };
        Self::of("FieldValueRequired", field, message)
    }

    /// The value is not one of a closed set.
    pub(crate) fn unsupported(field: impl Into<String>, value: &Value, allowed: &[&str]) -> Self {
        let list: Vec<String> = allowed.iter().map(|a| format!("{a:?}")).collect();
        let message = format!(
            "Unsupported value: {value}: supported values: {}",
            list.join(", ")
        );
        let allowed = allowed.iter().map(|a| (*a).to_owned()).collect();
        Self {
            allowed,
            ..Self::of("FieldValueNotSupported", field, message)
        }
    }

    /// The value must be unique and is not.
    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self::of(
            "FieldValueDuplicate",
            field,
            format!("Duplicate value: {value}"),
        )
    }

    /// The field may not be set or changed here.
    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self::of("FieldValueForbidden", field, format!("Forbidden: {detail}"))
    }

    /// The value is of another JSON type than the field; `found` is its type's name.
    pub(crate) fn wrong_type(field: impl Into<String>, found: &str, detail: &str) -> Self {
        let message = format!("Invalid value: {found:?}: {detail}");
        Self::of("FieldValueTypeInvalid", field, message)
    }

    /// Another manager owns the field.
    pub(crate) fn conflict(field: impl Into<String>, message: String) -> Self {
        Self::of("FieldManagerConflict", field, message)
    }

    /// A position that the server has not come to; it is about no field.
    pub(crate) fn revision_ahead(message: &str) -> Self {
        Self::of("ResourceVersionTooLarge", "", message.to_owned())
    }

    /// Whether it is about something in a member of the object.
    pub(crate) fn is_in(&self, member: &str) -> bool {
        let rest = self.field.strip_prefix(member);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// The value has more bytes than it may.
    pub(crate) fn too_long(field: impl Into<String>, limit: usize) -> Self {
        let message = format!("Too long: may not be more than {limit} bytes");
        Self::of("FieldValueTooLong", field, message)
    }

    fn of(reason: &'static str, field: impl Into<String>, message: String) -> Self {
        Self {
            reason,
            field: field.into(),
            message,
            allowed: Vec::new(),
        }
    }

    /// `spec.a: Required value`, as it appears in the message of the Status.
    pub(super) fn sentence(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }

    /// The entry of `details.causes`.
    pub(super) fn kubernetes(&self) -> Value {
        let mut cause = json!({"reason": self.reason, "message": self.message});
        if !self.field.is_empty() {
            cause["field"] = json!(self.field);
        }
        cause
    }

    /// The entry of `nova.errors`.
    pub(super) fn nova(&self) -> Value {
        let code = self.reason.trim_start_matches("FieldValue");
        let mut entry =
            json!({"pointer": pointer(&self.field), "code": code, "detail": self.message});
        if !self.allowed.is_empty() {
            entry["allowed"] = json!(self.allowed);
        }
        entry
    }
}

/// `spec.disks[0].size` as a JSON pointer.
fn pointer(field: &str) -> String {
    let mut out = String::with_capacity(field.len() + 1);
    for part in field.split(['.', '[']) {
        let part = part.trim_end_matches(']').trim_matches('"');
        out.push('/');
        out.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_path_becomes_a_pointer() {
        assert_eq!(pointer("spec.disks[0].size"), "/spec/disks/0/size");
        assert_eq!(pointer("metadata"), "/metadata");
    }

    #[test]
    fn unsupported_names_what_is_allowed() {
        let cause = Cause::unsupported("spec.runState", &json!("On"), &["Running", "Stopped"]);
        assert_eq!(
            cause.sentence(),
            r#"spec.runState: Unsupported value: "On": supported values: "Running", "Stopped""#
        );
        assert_eq!(cause.nova()["allowed"], json!(["Running", "Stopped"]));
    }
}
