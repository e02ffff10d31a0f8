//! No template makes the JSONPath engine panic, and what it prints as JSON is JSON.
#![no_main]

mod data;

use libfuzzer_sys::fuzz_target;
use nova_core::output::jsonpath::JsonPath;
use serde_json::Value;

fuzz_target!(|template: &str| {
    for parsed in [JsonPath::parse(template), JsonPath::parse_relaxed(template)] {
        let Ok(path) = parsed else { continue };
        let lenient = path.print(&data::OBJECT);
        if path.clone().strict(true).print(&data::OBJECT).is_ok() {
            assert!(lenient.is_ok(), "strict allows what lenient does not");
        }
        if let Ok(text) = path.print_json(&data::OBJECT) {
            let documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
            documents.for_each(|document| assert!(document.is_ok_and(|document| document.is_array())));
        }
    }
});
