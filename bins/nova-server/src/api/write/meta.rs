//! Checks of metadata, in Kubernetes' words.

use nova_api::types::{NameRule, check_name};
use serde_json::{Value, json};

use crate::api::error::Cause;
use crate::api::kinds::{Kind, text};

/// Most labels of an object.
const MAX_LABELS: usize = 64;
/// Largest annotations of an object together.
const MAX_ANNOTATIONS: usize = 256 * 1024;
/// Longest part of a name of a label, and longest value.
const MAX_PART: usize = 63;
/// Longest subdomain.
const MAX_SUBDOMAIN: usize = 253;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
    regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
    '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, \
    '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
    'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// Finalizers of Kubernetes itself, which have no domain.
const STANDARD_FINALIZERS: &[&str] = &["orphan", "foregroundDeletion", "kubernetes"];

/// Every fault of an object's metadata.
pub(super) fn check(kind: &Kind, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let metadata = &object["metadata"];
    let prefix = text(object, "/metadata/generateName");
    // What comes after it is fine, so a hyphen at its end is.
    let whole = format!("{}a", prefix.trim_end_matches('-'));
    if !prefix.is_empty() && check_name(&whole, NameRule::Subdomain).is_err() {
        causes.push(Cause::invalid(
            "metadata.generateName",
            &json!(prefix),
            SUBDOMAIN,
        ));
    }
    causes.extend(name(kind, text(object, "/metadata/name")));
    labels(&metadata["labels"], &mut causes);
    annotations(&metadata["annotations"], &mut causes);
    owners(&metadata["ownerReferences"], &mut causes);
    finalizers(&metadata["finalizers"], &mut causes);
    causes
}

/// The fault of a name.
pub(super) fn name(kind: &Kind, name: &str) -> Option<Cause> {
    let field = "metadata.name";
    if name.is_empty() {
        return Some(Cause::required(field, "name or generateName is required"));
    }
    let limit = match kind.info.names {
        NameRule::Label => 63,
        NameRule::Subdomain => MAX_SUBDOMAIN,
    };
    let detail = if check_name(name, kind.info.names).is_ok() {
        return None;
    } else if kind.info.plural == "namespaces" && name.len() <= limit {
        LABEL.to_owned()
    } else if name.len() > MAX_SUBDOMAIN {
        format!("must be no more than {MAX_SUBDOMAIN} characters")
    } else if check_name(name, NameRule::Subdomain).is_err() {
        SUBDOMAIN.to_owned()
    } else if name.len() > limit {
        format!("must be no more than {limit} characters")
    } else {
        LABEL.to_owned()
    };
    Some(Cause::invalid(field, &json!(name), &detail))
}

/// Letters and digits, with `-`, `_` and `.` between them.
fn is_qualified(part: &str) -> bool {
    let bytes = part.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter()
        .all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Every fault of a name with an optional prefix: keys of labels and annotations, finalizers.
fn qualified_faults(key: &str) -> Vec<String> {
    let parts: Vec<&str> = key.split('/').collect();
    let mut faults = Vec::new();
    let name = match parts[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                faults.push("prefix part must be non-empty".to_owned());
            } else if prefix.len() > MAX_SUBDOMAIN {
                faults.push(format!(
                    "prefix part must be no more than {MAX_SUBDOMAIN} bytes"
                ));
            } else if check_name(prefix, NameRule::Subdomain).is_err() {
                faults.push(format!("prefix part {SUBDOMAIN}"));
            }
            name
        }
        _ => {
            return vec![format!(
                "a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' \
                 (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > MAX_PART {
        faults.push(format!("name part must be no more than {MAX_PART} bytes"));
    }
    if !is_qualified(name) {
        faults.push(format!("name part {QUALIFIED}"));
    }
    faults
}

fn labels(labels: &Value, causes: &mut Vec<Cause>) {
    let field = "metadata.labels";
    let Some(labels) = labels.as_object() else {
        return;
    };
    if labels.len() > MAX_LABELS {
        let detail = format!("must have at most {MAX_LABELS} items");
        causes.push(Cause::invalid(field, &json!(labels.len()), &detail));
    }
    for (key, value) in labels {
        let faults = qualified_faults(key);
        causes.extend(
            faults
                .iter()
                .map(|why| Cause::invalid(field, &json!(key), why)),
        );
        let value = value.as_str().unwrap_or_default();
        if value.len() > MAX_PART {
            let why = format!("must be no more than {MAX_PART} bytes");
            causes.push(Cause::invalid(field, &json!(value), &why));
        }
        if !value.is_empty() && !is_qualified(value) {
            causes.push(Cause::invalid(field, &json!(value), VALUE));
        }
    }
}

fn annotations(annotations: &Value, causes: &mut Vec<Cause>) {
    let field = "metadata.annotations";
    let Some(annotations) = annotations.as_object() else {
        return;
    };
    let mut size = 0;
    for (key, value) in annotations {
        size += key.len() + value.as_str().map_or(0, str::len);
        // Kubernetes allows capitals in the prefix of an annotation.
        let faults = qualified_faults(&key.to_ascii_lowercase());
        causes.extend(
            faults
                .iter()
                .map(|why| Cause::invalid(field, &json!(key), why)),
        );
    }
    if size > MAX_ANNOTATIONS {
        causes.push(Cause::too_long(field, MAX_ANNOTATIONS));
    }
}

fn owners(owners: &Value, causes: &mut Vec<Cause>) {
    let field = "metadata.ownerReferences";
    let mut controllers = Vec::new();
    for owner in owners.as_array().into_iter().flatten() {
        let text = |name: &str| owner[name].as_str().unwrap_or_default();
        let version = text("apiVersion").rsplit('/').next().unwrap_or_default();
        if version.is_empty() {
            let why = "version must not be empty";
            let given = json!(text("apiVersion"));
            causes.push(Cause::invalid(format!("{field}.apiVersion"), &given, why));
        }
        for member in ["kind", "name", "uid"] {
            if text(member).is_empty() {
                let field = format!("{field}.{member}");
                causes.push(Cause::invalid(field, &json!(""), "must not be empty"));
            }
        }
        if text("apiVersion") == "v1" && text("kind") == "Event" {
            let why = "/v1, Kind=Event is disallowed from being an owner";
            causes.push(Cause::invalid(field, owner, why));
        }
        if owner["controller"] == true {
            controllers.push(format!("{}/{}", text("kind"), text("name")));
        }
    }
    if let [first, others @ ..] = &controllers[..] {
        causes.extend(others.iter().map(|other| {
            let why = format!(
                "Only one reference can have Controller set to true. \
                 Found \"true\" in references for {first} and {other}"
            );
            Cause::invalid(field, owners, &why)
        }));
    }
}

fn finalizers(finalizers: &Value, causes: &mut Vec<Cause>) {
    let field = "metadata.finalizers";
    let all = texts(finalizers);
    for finalizer in &all {
        let faults = qualified_faults(finalizer);
        causes.extend(
            faults
                .iter()
                .map(|why| Cause::invalid(field, &json!(finalizer), why)),
        );
    }
    if all.contains(&"orphan") && all.contains(&"foregroundDeletion") {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        causes.push(Cause::invalid(field, finalizers, why));
    }
}

/// The texts of a list.
pub(super) fn texts(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

/// What is better done otherwise: finalizers without a domain of their own.
pub(super) fn warnings(before: Option<&Value>, after: &Value) -> Vec<String> {
    let had = before.map(|before| texts(&before["metadata"]["finalizers"]));
    let had = had.unwrap_or_default();
    let mut new = texts(&after["metadata"]["finalizers"]);
    new.retain(|finalizer| !had.contains(finalizer));
    new.sort_unstable();
    new.dedup();
    let plain =
        |finalizer: &&str| !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(finalizer);
    let new = new.into_iter().filter(plain).map(|finalizer| {
        let path = if finalizer.contains('.') {
            " including a path (/)"
        } else {
            ""
        };
        format!(
            "metadata.finalizers: {finalizer:?}: prefer a domain-qualified finalizer name{path} \
             to avoid accidental conflicts with other finalizer writers"
        )
    });
    new.collect()
}

/// Leaves each owner once; answers the uids that were there more often.
pub(super) fn single_owners(value: &mut Value) -> Vec<String> {
    let owners = value.pointer_mut("/metadata/ownerReferences");
    let Some(owners) = owners.and_then(Value::as_array_mut) else {
        return Vec::new();
    };
    let (mut seen, mut doubles) = (Vec::<Value>::new(), Vec::new());
    for owner in owners.drain(..) {
        if seen.contains(&owner) {
            doubles.push(owner["uid"].as_str().unwrap_or_default().to_owned());
        } else {
            seen.push(owner);
        }
    }
    *owners = seen;
    doubles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_labels_are_told_apart_part_by_part() {
        assert!(qualified_faults("example.com/My_name.1").is_empty());
        let cases = [
            ("", "name part must be non-empty"),
            ("a b", "name part must consist of"),
            ("/a", "prefix part must be non-empty"),
            ("P_/a", "prefix part a lowercase RFC 1123 subdomain"),
            ("a/b/c", "a valid label key must consist of"),
            ("-", "name part must consist of"),
        ];
        for (key, fault) in cases {
            assert!(qualified_faults(key)[0].starts_with(fault), "{key}");
        }
        assert_eq!(
            qualified_faults(&"l".repeat(64)),
            ["name part must be no more than 63 bytes"]
        );
    }

    #[test]
    fn finalizers_without_a_domain_are_warned_of_when_they_are_new() {
        let object = |list: Value| json!({"metadata": {"finalizers": list}});
        let after = object(json!(["hold", "orphan", "a.b", "a.b/c"]));
        assert_eq!(warnings(None, &after).len(), 2);
        assert!(warnings(Some(&after), &after).is_empty());
    }

    #[test]
    fn an_owner_is_kept_once() {
        let owner = |uid: &str| json!({"kind": "X", "uid": uid});
        let mut value =
            json!({"metadata": {"ownerReferences": [owner("1"), owner("2"), owner("1")]}});
        assert_eq!(single_owners(&mut value), ["1"]);
        assert_eq!(
            value["metadata"]["ownerReferences"],
            json!([owner("1"), owner("2")])
        );
    }
}
