//! Who may import whom, which licences and crates are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Crates that must never enter the dependency graph.
const BANNED: [&str; 9] = [
    "openssl",
    "openssl-sys",
    "native-tls",
    "aws-lc-sys",
    "git2",
    "libssh2-sys",
    "serde_yaml",
    "serde_yml",
    "failure",
];

/// Licences that every dependency must offer at least one of.
const LICENCES: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "MPL-2.0",
    "Unlicense",
    "0BSD",
];

fn metadata(extra: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .args(extra)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn packages(metadata: &Value) -> Vec<&Value> {
    metadata["packages"].as_array().unwrap().iter().collect()
}

/// The level of a crate and the workspace crates that it may use.
fn allowed(name: &str) -> Option<Vec<&'static str>> {
    Some(match name {
        "nova-core" | "nova-dispatch" => vec![],
        "nova-http" => vec!["nova-core"],
        "nova-api" | "nuget" => vec!["nova-core", "nova-http"],
        // The root package owns nova-box, which alone may use the tools.
        "nova-toolkit" => return None,
        "nova" => vec!["nova-dispatch"],
        _ => vec!["nova-core", "nova-dispatch", "nova-http", "nova-api"],
    })
}

#[test]
fn no_crate_reaches_upwards_or_sideways() {
    let metadata = metadata(&["--no-deps"]);
    let members: BTreeSet<&str> = packages(&metadata)
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    for package in packages(&metadata) {
        let name = package["name"].as_str().unwrap();
        let Some(allowed) = allowed(name) else {
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            if members.contains(used) {
                assert!(allowed.contains(&used), "{name} may not depend on {used}");
            }
            let banned_name = dependency["rename"].as_str().unwrap_or(used);
            assert!(
                !["core", "std", "alloc"].contains(&banned_name),
                "{name}: {banned_name}"
            );
        }
    }
}

#[test]
fn the_kit_stays_free_of_runtime_network_and_clap_stays_out_of_the_dispatcher() {
    let metadata = metadata(&["--no-deps"]);
    let forbidden = BTreeMap::from([
        ("nova-core", vec!["tokio", "reqwest", "rusqlite", "axum"]),
        (
            "nova-dispatch",
            vec!["clap", "tokio", "reqwest", "serde_json"],
        ),
        ("nova-config", vec!["tokio", "reqwest"]),
    ]);
    for package in packages(&metadata) {
        let Some(forbidden) = forbidden.get(package["name"].as_str().unwrap()) else {
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            assert!(
                !forbidden.contains(&used),
                "{} uses {used}",
                package["name"]
            );
        }
    }
}

#[test]
fn licences_and_banned_crates_follow_the_rules() {
    let metadata = metadata(&[]);
    for package in packages(&metadata) {
        let name = package["name"].as_str().unwrap();
        assert!(!BANNED.contains(&name), "{name} is banned");
        let licence = package["license"].as_str().unwrap_or_default();
        // `A OR B` needs one of them, `A AND B` needs all.
        let fine = licence.replace('/', " OR ").split(" OR ").any(|choice| {
            choice
                .trim_matches(['(', ')', ' '])
                .split(" AND ")
                .all(|one| {
                    let one = one
                        .trim_matches(['(', ')', ' '])
                        .split(" WITH ")
                        .next()
                        .unwrap_or(one);
                    LICENCES.contains(&one)
                })
        });
        assert!(fine, "{name} has the licence `{licence}`");
    }
}

#[test]
fn the_top_level_is_what_was_agreed() {
    let agreed = BTreeSet::from([
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE",
        "README.md",
        "bins",
        "common",
        "install.sh",
        "man",
        "tests",
    ]);
    let output = Command::new("git")
        .args(["ls-files"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    for path in String::from_utf8(output.stdout).unwrap().lines() {
        let top = path.split('/').next().unwrap();
        assert!(
            top.starts_with('.') || agreed.contains(top),
            "{top} is not agreed"
        );
    }
}
