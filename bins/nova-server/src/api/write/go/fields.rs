//! Values of a type that their place does not take.

use serde_json::Value;

/// The layout of times, as an error names it.
const TIME: &str = "2006-01-02T15:04:05Z07:00";

/// The name of a JSON type.
fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value in the place of something else.
pub(in crate::api::write) fn cannot(value: &Value, place: &str) -> String {
    let found = name_of(value);
    // A number that is too fine for its place is shown.
    let shown = if value.is_f64() {
        format!(" {value}")
    } else {
        String::new()
    };
    format!("json: cannot unmarshal {found}{shown} into Go {place}")
}

/// The first member of an object's metadata that cannot be decoded.
pub(in crate::api::write) fn metadata_fault(metadata: &Value) -> Option<String> {
    match metadata {
        Value::Null => None,
        Value::Object(members) => members
            .iter()
            .find_map(|(name, value)| member_fault(name, value)),
        other => Some(cannot(other, "value of type v1.ObjectMeta")),
    }
}

fn member_fault(name: &str, value: &Value) -> Option<String> {
    let of = |value: &Value, wanted: &str| {
        cannot(
            value,
            &format!("struct field ObjectMeta.{name} of type {wanted}"),
        )
    };
    let text = |value: &Value| !value.is_string() && !value.is_null();
    let list = |wanted: &str, fault: &dyn Fn(&Value) -> Option<String>| match value {
        Value::Array(items) => items.iter().find_map(fault),
        other => Some(of(other, wanted)),
    };
    match name {
        _ if value.is_null() => None,
        "name" | "generateName" | "namespace" | "resourceVersion" | "selfLink" => {
            text(value).then(|| of(value, "string"))
        }
        "uid" => text(value).then(|| of(value, "types.UID")),
        "generation" | "deletionGracePeriodSeconds" => {
            (!value.is_i64()).then(|| of(value, "int64"))
        }
        "creationTimestamp" | "deletionTimestamp" => match value.as_str() {
            Some(time) => time_fault(time),
            None => Some(of(value, "string")),
        },
        "labels" | "annotations" => match value {
            Value::Object(texts) => {
                let wrong = texts.values().find(|value| text(value));
                wrong.map(|wrong| of(wrong, "string"))
            }
            other => Some(of(other, "map[string]string")),
        },
        "finalizers" => list("[]string", &|item| text(item).then(|| of(item, "string"))),
        "ownerReferences" => list("[]v1.OwnerReference", &|owner| match owner {
            Value::Object(members) => members.iter().find_map(|(n, v)| owner_fault(n, v)),
            other => Some(of(other, "v1.OwnerReference")),
        }),
        "managedFields" => list("[]v1.ManagedFieldsEntry", &|entry| {
            (!entry.is_object() && !entry.is_null()).then(|| of(entry, "v1.ManagedFieldsEntry"))
        }),
        _ => None,
    }
}

fn owner_fault(name: &str, value: &Value) -> Option<String> {
    let (fits, wanted) = match name {
        "apiVersion" | "kind" | "name" => (value.is_string(), "string"),
        "uid" => (value.is_string(), "types.UID"),
        "controller" | "blockOwnerDeletion" => (value.is_boolean(), "bool"),
        _ => return None,
    };
    let place = format!("struct field OwnerReference.ownerReferences.{name} of type {wanted}");
    (!fits && !value.is_null()).then(|| cannot(value, &place))
}

fn time_fault(time: &str) -> Option<String> {
    if time.parse::<jiff::Timestamp>().is_ok() {
        return None;
    }
    let starts = |pattern: &str| {
        time.get(..pattern.len()).is_some_and(|start| {
            let alike = |(c, p): (u8, u8)| {
                if p == b'0' {
                    c.is_ascii_digit()
                } else {
                    c == p
                }
            };
            start.bytes().zip(pattern.bytes()).all(alike)
        })
    };
    // How far it reads: a year alone, a day, a time without a zone.
    let (rest, wanted) = if starts("0000-00-00T00:00:00") {
        (&time[19..], "Z07:00")
    } else if starts("0000-00-00") {
        (&time[10..], "T")
    } else {
        (time, "2006")
    };
    Some(format!(
        "parsing time {time:?} as {TIME:?}: cannot parse {rest:?} as {wanted:?}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_of_metadata_of_another_type_are_named_with_theirs() {
        let cases = [
            (json!("x"), "string into Go value of type v1.ObjectMeta"),
            (
                json!({"labels": ["a"]}),
                "array into Go struct field ObjectMeta.labels of type map[string]string",
            ),
            (
                json!({"labels": {"a": 5}}),
                "number into Go struct field ObjectMeta.labels of type string",
            ),
            (
                json!({"finalizers": "x"}),
                "string into Go struct field ObjectMeta.finalizers of type []string",
            ),
            (
                json!({"generation": 1.5}),
                "number 1.5 into Go struct field ObjectMeta.generation of type int64",
            ),
            (
                json!({"ownerReferences": [{"uid": 5}]}),
                "number into Go struct field OwnerReference.ownerReferences.uid of type types.UID",
            ),
        ];
        for (metadata, fault) in cases {
            let found = metadata_fault(&metadata).unwrap();
            assert_eq!(found, format!("json: cannot unmarshal {fault}"));
        }
        let sound = json!({"name": "a", "labels": {"a": null}, "creationTimestamp": null,
            "finalizers": ["a"], "generation": 1, "managedFields": [{}]});
        assert_eq!(metadata_fault(&sound), None);
    }

    #[test]
    fn times_are_told_by_how_far_they_read() {
        let cases = [
            ("hello", "hello", "2006"),
            ("2020-01-01", "", "T"),
            ("2020-01-01T00:00:00", "", "Z07:00"),
        ];
        for (time, rest, wanted) in cases {
            let fault = metadata_fault(&json!({"creationTimestamp": time})).unwrap();
            let end = format!("cannot parse {rest:?} as {wanted:?}");
            assert!(fault.ends_with(&end), "{fault}");
        }
    }
}
