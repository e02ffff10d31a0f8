//! Reading and comparing versions. Wanted: at most 60 ns a version.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark ends at the first thing that goes wrong"
)]

use nuget::version::{Range, Version};

fn main() {
    divan::main();
}

const TEXTS: [&str; 4] = ["13.0.3", "4.3.0", "10.0.0-preview.7.25380.108", "1.2.3.4"];

#[divan::bench(args = TEXTS)]
fn parse(text: &str) -> Version {
    Version::parse(divan::black_box(text)).unwrap()
}

#[divan::bench(args = ["[1.0.0, )", "1.*", "[13.0.3]"])]
fn parse_range(text: &str) -> Range {
    Range::parse(divan::black_box(text)).unwrap()
}

#[divan::bench]
fn compare(bencher: divan::Bencher<'_, '_>) {
    let (a, b) = (
        Version::parse("10.0.0-preview.7").unwrap(),
        Version::parse("10.0.0-preview.10").unwrap(),
    );
    bencher.bench_local(|| divan::black_box(&a) < divan::black_box(&b));
}
