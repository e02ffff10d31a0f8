//! A quantity that parses is worth what its canonical form is worth; sizes, durations and ages of anything never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nova_api::Quantity;
use nova_core::units::{format_age, format_bytes, format_duration, parse_duration};

fuzz_target!(|text: &str| {
    if let Ok(quantity) = text.parse::<Quantity>() {
        let canonical = quantity.canonical();
        let again: Quantity = canonical.parse().expect("the canonical form parses");
        assert_eq!(again, quantity, "{text:?} became {canonical:?}");
        assert_eq!(again.canonical(), canonical);
        let _ = (quantity.bytes(), quantity.millis(), quantity.whole(), quantity.human_size());
    }
    if let Ok(size) = Quantity::parse_vm_size(text) {
        let _ = size.human_size();
    }
    if let Ok(duration) = parse_duration(text) {
        let shown = format_duration(duration);
        assert!(parse_duration(&shown).is_ok(), "{shown}");
    }
    if let Ok(number) = text.parse::<i64>() {
        let _ = (format_age(number), format_bytes(number.unsigned_abs()));
    }
});
