//! What is wrong with the keys and values of a selector, in the words that Kubernetes answers with:
//! clients show them as they come.

use super::labels::is_qualified_word;
use crate::types::NameRule;
use crate::types::names::check_name;

const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start \
    and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used \
    for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, \
    '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
    'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
/// Longest name, and longest value.
const MAX: usize = 63;

/// Every fault of a key, one after the other; nothing for a good one.
pub(super) fn key_fault(key: &str) -> Option<String> {
    let parts: Vec<&str> = key.split('/').collect();
    let (prefix, name) = match parts[..] {
        [name] => (None, name),
        [prefix, name] => (Some(prefix), name),
        _ => {
            return Some(format!(
                "a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' \
                 (e.g. 'example.com/MyName')"
            ));
        }
    };
    let mut faults = Vec::new();
    match prefix {
        Some("") => faults.push("prefix part must be non-empty".to_owned()),
        Some(prefix) if check_name(prefix, NameRule::Subdomain).is_err() => {
            faults.push(format!("prefix part {SUBDOMAIN}"));
        }
        _ => {}
    }
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > MAX {
        faults.push(format!("name part must be no more than {MAX} bytes"));
    }
    if !is_qualified_word(name) {
        faults.push(format!("name part {QUALIFIED}"));
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// Every fault of a value.
pub(super) fn value_fault(value: &str) -> Option<String> {
    let mut faults = Vec::new();
    if value.len() > MAX {
        faults.push(format!("must be no more than {MAX} bytes"));
    }
    if !value.is_empty() && !is_qualified_word(value) {
        faults.push(VALUE.to_owned());
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_part_by_part() {
        assert_eq!(key_fault("example.com/My_name.1"), None);
        let cases = [
            ("-a", "name part must consist of"),
            (
                "a/",
                "name part must be non-empty; name part must consist of",
            ),
            ("/a", "prefix part must be non-empty"),
            ("A_/b", "prefix part a lowercase RFC 1123 subdomain"),
            ("a/b/c", "a valid label key must consist of"),
        ];
        for (key, fault) in cases {
            assert!(key_fault(key).unwrap().starts_with(fault), "{key}");
        }
        let long = "l".repeat(64);
        let limit = "must be no more than 63 bytes";
        assert_eq!(key_fault(&long), Some(format!("name part {limit}")));
        assert_eq!(value_fault(&long).as_deref(), Some(limit));
        assert_eq!(value_fault(""), None);
    }
}
