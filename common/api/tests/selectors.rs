//! Every label and field selector that kubectl was asked about answers the same here.

use std::collections::BTreeMap;

use nova_api::{FieldSelector, Selector};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    label_selectors: Vec<Vector>,
    field_selectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    selector: String,
    #[serde(default, alias = "fields")]
    labels: BTreeMap<String, String>,
    canonical: Option<String>,
    matches: Option<bool>,
    error: Option<String>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("fixtures/selectors.json"))
        .expect("the fixture is valid JSON")
}

/// Recorded messages were cut at about 120 characters, so a prefix is what can be compared.
fn check(vector: &Vector, parsed: Result<(String, bool), String>) {
    match (parsed, &vector.error) {
        (Ok((canonical, matches)), None) => {
            assert_eq!(
                Some(canonical),
                vector.canonical,
                "canonical of {:?}",
                vector.selector
            );
            assert_eq!(
                Some(matches),
                vector.matches,
                "match of {:?} on {:?}",
                vector.selector,
                vector.labels
            );
        }
        (Err(message), Some(expected)) => {
            assert!(
                message.starts_with(expected.as_str()),
                "{:?}: {message:?}, expected {expected:?}",
                vector.selector
            );
        }
        (parsed, expected) => panic!(
            "{:?}: {parsed:?}, expected error {expected:?}",
            vector.selector
        ),
    }
}

#[test]
fn label_selectors_answer_as_kubernetes_does() {
    let vectors = vectors().label_selectors;
    assert_eq!(vectors.len(), 83);
    for vector in &vectors {
        let parsed = vector.selector.parse::<Selector>();
        let parsed = parsed
            .map(|s| (s.to_string(), s.matches(&vector.labels)))
            .map_err(|e| e.to_string());
        check(vector, parsed);
    }
}

#[test]
fn field_selectors_answer_as_kubernetes_does() {
    let vectors = vectors().field_selectors;
    assert_eq!(vectors.len(), 29);
    for vector in &vectors {
        let parsed = vector.selector.parse::<FieldSelector>();
        let lookup = |path: &str| vector.labels.get(path).map(String::as_str);
        let parsed = parsed
            .map(|s| (s.to_string(), s.matches_by(lookup)))
            .map_err(|e| e.to_string());
        check(vector, parsed);
    }
}
