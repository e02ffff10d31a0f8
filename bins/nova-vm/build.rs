//! Leaves the unwinding tables out of executables that never unwind.
//!
//! A program that aborts on a panic has no use for them, but the standard library is compiled with them and takes the tables
//! of everything else along: 0.6 MB of a 4 MB budget.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=no-unwind.ld");
    if is_dist(&variable("OUT_DIR")) && variable("CARGO_CFG_TARGET_OS").as_os_str() == "linux" {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/no-unwind.ld");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{script}");
        // Relocations in their short form, 150 kB less; glibc reads it since 2.36, which Debian 12 has.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        if variable("CARGO_CFG_TARGET_ARCH").as_os_str() == "x86_64" {
            // Functions of the same code are one, 60 kB less. Rust's own linker, which is the default there, can do that.
            println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
        }
    }
}

/// Cargo tells nothing of the profile's panic strategy, but the profile's name is in `TARGET/dist/build/PACKAGE/out`.
fn is_dist(out: &Path) -> bool {
    out.ancestors()
        .nth(3)
        .is_some_and(|profile| profile.ends_with("dist"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is how Cargo talks to build scripts"
)]
fn variable(name: &str) -> PathBuf {
    std::env::var_os(name)
        .map(PathBuf::from)
        .unwrap_or_default()
}
