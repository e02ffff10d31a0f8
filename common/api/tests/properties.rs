//! What must hold for every value, not only for the recorded ones.

use nova_api::{FieldPath, FieldSelector, Quantity, Selector, apply_merge_patch, merge_diff};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// JSON without nulls, which a merge patch cannot express as values.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn a_canonical_quantity_has_the_same_value_and_stays_as_it_is(
        number in 0_u64..10_000_000,
        places in 0_usize..4,
        suffix in prop::sample::select(vec!["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "E-2"]),
    ) {
        let digits = format!("{number:0>5}");
        let (left, right) = digits.split_at(digits.len() - places);
        let text = if places == 0 { format!("{left}{suffix}") } else { format!("{left}.{right}{suffix}") };
        let read: Quantity = text.parse().unwrap();
        let canonical = read.canonical();
        let again: Quantity = canonical.parse().unwrap();
        prop_assert_eq!(&again, &read, "{} -> {}", text, canonical);
        prop_assert_eq!(again.canonical(), canonical);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "\\PC{0,40}") {
        drop(text.parse::<Quantity>());
        drop(Quantity::parse_vm_size(&text));
        drop(text.parse::<FieldPath>());
        if let Ok(selector) = text.parse::<Selector>() {
            prop_assert_eq!(selector.to_string().parse::<Selector>().unwrap(), selector);
        }
        if let Ok(selector) = text.parse::<FieldSelector>() {
            prop_assert_eq!(selector.to_string().parse::<FieldSelector>().unwrap(), selector);
        }
    }

    #[test]
    fn selectors_survive_being_written(
        key in "[a-z]([a-z0-9.-]{0,5}[a-z0-9])?",
        values in prop::collection::vec("[a-z0-9]{0,3}", 1..4),
        op in prop::sample::select(vec!["=", "==", "!=", "in", "notin"]),
    ) {
        let text = match op {
            "in" | "notin" => format!("{key} {op} ({})", values.join(",")),
            op => format!("{key}{op}{}", values[0]),
        };
        let selector: Selector = text.parse().unwrap();
        prop_assert_eq!(selector.to_string().parse::<Selector>().unwrap(), selector);
    }

    #[test]
    fn a_merge_diff_leads_from_any_document_to_any_other(before in document(), after in document()) {
        let mut patched = before.clone();
        if let Some(patch) = merge_diff(&before, &after) {
            apply_merge_patch(&mut patched, &patch);
        }
        prop_assert_eq!(patched, after);
    }
}
