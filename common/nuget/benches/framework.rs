//! Reading, comparing and choosing frameworks. Wanted: well under 1 µs a name, and nothing
//! allocated to compare those of today.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark ends at the first thing that goes wrong"
)]

use divan::{AllocProfiler, Bencher, black_box};
use nuget::framework::{Framework, nearest};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

fn framework(text: &str) -> Framework {
    text.parse().unwrap()
}

const TEXTS: [&str; 6] = [
    "net8.0",
    "net472",
    "netstandard2.0",
    "net8.0-windows10.0.19041",
    ".NETCoreApp,Version=v8.0",
    "portable-net45+win8+wp8+wpa81",
];

#[divan::bench(args = TEXTS)]
fn parse(text: &str) -> Framework {
    framework(black_box(text))
}

#[divan::bench(args = TEXTS)]
fn short_folder_name(bencher: Bencher<'_, '_>, text: &str) {
    let framework = framework(text);
    bencher.bench_local(|| black_box(&framework).short_folder_name());
}

const PAIRS: [(&str, &str); 5] = [
    ("net8.0", "net6.0"),
    ("net8.0", "netstandard2.0"),
    ("net8.0", "net472"),
    ("net472", "netstandard2.0"),
    ("uap10.0", "portable-net45+win8"),
];

#[divan::bench(args = PAIRS)]
fn accepts(bencher: Bencher<'_, '_>, (project, package): (&str, &str)) {
    let (project, package) = (framework(project), framework(package));
    bencher.bench_local(|| black_box(&project).accepts(black_box(&package)));
}

/// The folders of a package of many targets.
#[divan::bench(args = ["net8.0", "net9.0-android35.0", "net481", "uap10.0.16299"])]
fn nearest_of_ten(bencher: Bencher<'_, '_>, project: &str) {
    let project = framework(project);
    let folders = [
        "net20",
        "net35",
        "net40",
        "net45",
        "netstandard1.0",
        "netstandard1.3",
        "netstandard2.0",
        "net6.0",
        "portable-net40+sl5+win8+wp8+wpa81",
        "portable-net45+win8+wp8+wpa81",
    ];
    let folders = folders.map(framework);
    let folders: Vec<&Framework> = folders.iter().collect();
    bencher.bench_local(|| nearest(black_box(&project), black_box(&folders)));
}
