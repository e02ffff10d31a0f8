//! A selector that parses has a canonical form that parses to the same and matches the same.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use nova_api::{FieldSelector, Selector};

fuzz_target!(|text: &str| {
    let labels: BTreeMap<String, String> = [("app", "web"), ("tier", ""), ("n", "10"), ("in", "x")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    if let Ok(selector) = text.parse::<Selector>() {
        let canonical = selector.to_string();
        let again: Selector = canonical.parse().expect("the canonical form parses");
        assert_eq!(again.to_string(), canonical);
        assert_eq!(again.matches(&labels), selector.matches(&labels), "{canonical}");
    }
    if let Ok(selector) = text.parse::<FieldSelector>() {
        let canonical = selector.to_string();
        let again: FieldSelector = canonical.parse().expect("the canonical form parses");
        assert_eq!(again, selector, "{canonical}");
        let lookup = |path: &str| labels.get(path).map(String::as_str);
        assert_eq!(again.matches_by(lookup), selector.matches_by(lookup));
    }
});
