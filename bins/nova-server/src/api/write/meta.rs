//! Checks of metadata, in Kubernetes' words.

use nova_api::types::selector::{check_label_key, check_label_value};
use nova_api::types::{NameRule, check_name};
use serde_json::{Value, json};

use crate::api::error::Cause;
use crate::api::kinds::{Kind, text};

/// Most labels of an object.
const MAX_LABELS: usize = 64;
/// Largest annotations of an object together.
const MAX_ANNOTATIONS: usize = 256 * 1024;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
    regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
    '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, \
    '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
    'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// Every fault of an object's metadata.
pub(super) fn check(kind: &Kind, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    causes.extend(name(kind, text(object, "/metadata/name")));
    labels(&object["metadata"]["labels"], &mut causes);
    annotations(&object["metadata"]["annotations"], &mut causes);
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
        NameRule::Subdomain => 253,
    };
    let detail = if check_name(name, kind.info.names).is_ok() {
        return None;
    } else if kind.info.plural == "namespaces" && name.len() <= limit {
        LABEL.to_owned()
    } else if check_name(name, NameRule::Subdomain).is_err() && name.len() <= 253 {
        SUBDOMAIN.to_owned()
    } else if name.len() > limit {
        format!("must be no more than {limit} characters")
    } else {
        LABEL.to_owned()
    };
    Some(Cause::invalid(field, &json!(name), &detail))
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
        if let Err(why) = check_label_key(key) {
            causes.push(Cause::invalid(field, &json!(key), words(&why, QUALIFIED)));
        }
        let value = value.as_str().unwrap_or_default();
        if let Err(why) = check_label_value(value) {
            causes.push(Cause::invalid(field, &json!(value), words(&why, VALUE)));
        }
    }
}

/// Kubernetes' long form for what is made of wrong characters.
fn words<'a>(why: &'a str, long: &'a str) -> &'a str {
    if why.contains("must consist of") || why.contains("consist of alphanumeric") {
        long
    } else {
        why
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
        if let Err(why) = check_label_key(&key.to_ascii_lowercase()) {
            causes.push(Cause::invalid(field, &json!(key), words(&why, QUALIFIED)));
        }
    }
    if size > MAX_ANNOTATIONS {
        causes.push(Cause::too_long(field, MAX_ANNOTATIONS));
    }
}
