//! No description of columns makes their parser or their cells panic.
#![no_main]

mod data;

use libfuzzer_sys::fuzz_target;
use nova_core::output::{Output, parse_columns, parse_columns_file, parse_sort};

fuzz_target!(|spec: &str| {
    for columns in [parse_columns(spec), parse_columns_file(spec)].into_iter().flatten() {
        assert!(!columns.is_empty());
        for column in &columns {
            drop(column.cell(&data::OBJECT));
        }
    }
    drop(Output::parse(&format!("csv={spec}")));
    drop(parse_sort(spec));
});
