//! The recorded cases of versions and ranges.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that goes wrong"
)]

use std::cmp::Ordering;

use nuget::version::{Comparison, Float, Range, Version};
use serde_json::{Value, json};

mod recorded;

use recorded::{each, same, text};

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn range(text: &str) -> Range {
    text.parse().unwrap()
}

#[test]
fn versions_are_read_and_written() {
    let count = each("version-parse", "cases", |case| {
        let input = text(case, "input");
        let strict = Version::is_strict(input);
        let Some(version) = Version::parse(input) else {
            return same(
                &json!({"valid": false, "isStrictSemVer2Input": strict}),
                case,
            );
        };
        let [major, minor, patch, revision] = version.numbers();
        let got = json!({
            "valid": true, "isStrictSemVer2Input": strict,
            "normalized": version.normalized(), "full": version.full(), "toString": version.to_string(),
            "major": major, "minor": minor, "patch": patch, "revision": revision,
            "release": version.release(), "releaseLabels": version.labels().collect::<Vec<_>>(),
            "metadata": version.metadata(), "isPrerelease": version.is_prerelease(),
            "isSemVer2": version.is_semver2(), "isLegacyVersion": version.is_legacy(),
        });
        same(&got, case)
    });
    assert_eq!(count, 369);
}

#[test]
fn versions_are_compared_in_every_mode() {
    let count = each("version-compare", "cases", |case| {
        let (a, b) = (version(text(case, "a")), version(text(case, "b")));
        let sign = |by| a.compare(&b, by) as i8;
        let back = |by| b.compare(&a, by) as i8;
        let got = json!({
            "default": sign(Comparison::Default), "versionOnly": sign(Comparison::Numbers),
            "versionRelease": sign(Comparison::Default), "versionReleaseMetadata": sign(Comparison::Everything),
        });
        assert_eq!(sign(Comparison::Everything), -back(Comparison::Everything));
        same(&got, case)
    });
    assert_eq!(count, 175);
    let count = each("version-sort", "cases", |case| {
        let mut versions: Vec<Version> = case["input"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| version(text.as_str().unwrap()))
            .collect();
        versions.sort();
        let sorted: Vec<String> = versions.iter().map(Version::full).collect();
        same(&json!({"sorted": sorted}), case)
    });
    assert_eq!(count, 3);
}

#[test]
fn equal_versions_have_equal_hashes() {
    use std::hash::{BuildHasher, RandomState};
    let state = RandomState::new();
    let hash = |text: &str| state.hash_one(version(text));
    assert_eq!(hash("1.0"), hash("1.0.0.0+x"));
    assert_eq!(hash("1.0-RC.1"), hash("1.0.0-rc.1"));
    assert_ne!(hash("1.0-rc.1"), hash("1.0-rc.2"));
    assert_eq!(version("1.0-a").cmp(&version("1.0-A")), Ordering::Equal);
}

#[test]
fn ranges_are_read_and_written() {
    let count = each("range-parse", "cases", |case| {
        let input = text(case, "input");
        let fixed = Range::parse_fixed(input).is_some();
        let Some(range) = Range::parse(input) else {
            return same(
                &json!({"valid": false, "validWithoutFloating": fixed}),
                case,
            );
        };
        let end =
            |end: &Option<nuget::version::Bound>| end.as_ref().map(|end| end.version.normalized());
        let inclusive =
            |end: &Option<nuget::version::Bound>| end.as_ref().is_some_and(|end| end.inclusive);
        let got = json!({
            "valid": true, "validWithoutFloating": fixed,
            "normalized": range.normalized(), "pretty": range.pretty(), "shorthand": range.shorthand(),
            "legacy": range.legacy(), "legacyShorthand": range.legacy_shorthand(),
            "minVersion": end(&range.lower), "maxVersion": end(&range.upper),
            "minInclusive": inclusive(&range.lower), "maxInclusive": inclusive(&range.upper),
            "isFloating": range.is_floating(),
            "floatBehavior": range.is_floating().then(|| range.floating().name()),
        });
        same(&got, case)
    });
    assert_eq!(count, 332);
}

#[test]
fn floats_are_read_and_written() {
    let count = each("float-parse", "cases", |case| {
        let Some(float) = case["input"].as_str().and_then(Float::parse) else {
            return same(&json!({"valid": false}), case);
        };
        let got = json!({
            "valid": true, "behavior": float.floating.name(), "minVersion": float.lowest.normalized(),
            "releasePrefix": float.prefix, "toString": float.to_string(),
        });
        same(&got, case)
    });
    assert_eq!(count, 40);
}

#[test]
fn ranges_take_the_right_version() {
    let satisfies = each("range-satisfies", "cases", |case| {
        let satisfies = range(text(case, "range")).satisfies(&version(text(case, "version")));
        same(&json!({"satisfies": satisfies}), case)
    });
    let better = each("range-is-better", "cases", |case| {
        let current = case["current"].as_str().map(version);
        let other = version(text(case, "considering"));
        let better = range(text(case, "range")).is_better(current.as_ref(), &other);
        same(&json!({"isBetter": better}), case)
    });
    let best = each("range-best-match", "cases", |case| {
        let available: Vec<Version> = case["available"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| version(text.as_str().unwrap()))
            .collect();
        let best = range(text(case, "range"))
            .best(&available)
            .map(Version::normalized);
        same(&json!({"best": best}), case)
    });
    assert_eq!((satisfies, better, best), (229, 117, 158));
}

#[test]
fn ranges_are_sets() {
    let name = "range-set-operations";
    let subset = each(name, "subset", |case| {
        let within = range(text(case, "subset")).is_within(&range(text(case, "superset")));
        same(&json!({"isSubset": within}), case)
    });
    let all = |case: &Value| -> Vec<Range> {
        case["ranges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| range(text.as_str().unwrap()))
            .collect()
    };
    let combine = each(name, "combine", |case| {
        same(
            &json!({"combined": Range::covering(&all(case)).normalized()}),
            case,
        )
    });
    let common = each(name, "commonSubset", |case| {
        same(
            &json!({"common": Range::common(&all(case)).normalized()}),
            case,
        )
    });
    assert_eq!((subset, combine, common), (21, 14, 10));
}
