//! No template makes the Go template engine panic or run without end; printing twice prints the same.
#![no_main]

mod data;

use libfuzzer_sys::fuzz_target;
use nova_core::output::template::{Surroundings, Template};

fuzz_target!(|text: &str| {
    let Ok(template) = Template::parse(text) else { return };
    let (printed, end) = template.print(&data::OBJECT, Surroundings::default());
    let (again, same_end) = template.print(&data::OBJECT, Surroundings::default());
    assert_eq!((printed, end), (again, same_end));
    let (_, _) = template.strict(true).print(&data::OBJECT, Surroundings::default());
});
