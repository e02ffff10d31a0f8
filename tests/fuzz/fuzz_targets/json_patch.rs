//! No JSON patch makes its engine panic; what a patch leaves is no larger than it may become.
#![no_main]

mod data;

use libfuzzer_sys::fuzz_target;
use nova_server::fuzzing::json_patch;
use serde_json::{Map, Value};

fuzz_target!(|bytes: &[u8]| {
    let Ok(patch) = serde_json::from_slice::<Vec<Map<String, Value>>>(bytes) else { return };
    let Some(patched) = json_patch(&data::OBJECT, &patch) else { return };
    assert!(patched.is_object() || patched.is_array());
    assert_eq!(Some(patched), json_patch(&data::OBJECT, &patch));
});
