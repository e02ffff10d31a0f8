//! The recorded cases of small rules: values of properties, codes, and what a range means.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that goes wrong"
)]

mod recorded;

use nuget::project::{codes, has_clear, is_false, is_true, list, list_or_clear, trimmed};
use nuget::version::{Range, Version};
use recorded::{each, same, text};
use serde_json::{Value, json};

const FILE: &str = "msbuild-helpers";

fn or_empty<'v>(case: &'v Value, name: &str) -> &'v str {
    case[name].as_str().unwrap_or_default()
}

fn verdict(good: bool) -> Result<(), String> {
    if good {
        Ok(())
    } else {
        Err("it is the other way".to_owned())
    }
}

#[test]
fn lists_and_switches_are_read() {
    each(FILE, "splitSemicolonList", |case| {
        let values: Vec<&str> = list(or_empty(case, "input")).collect();
        same(&json!({"expected": values.join("|")}), case)
    });
    each(FILE, "invalidClearInList", |case| {
        let invalid = list_or_clear(text(case, "input")).is_err();
        same(&json!({"expected": invalid}), case)
    });
    each(FILE, "containsClearKeyword", |case| {
        same(&json!({"expected": has_clear(text(case, "input"))}), case)
    });
    each(FILE, "propertyTrim", |case| {
        same(&json!({"expected": trimmed(or_empty(case, "input"))}), case)
    });
    each(FILE, "propertyIsTrue", |case| {
        same(&json!({"expected": is_true(or_empty(case, "value"))}), case)
    });
    each(FILE, "propertyIsFalse", |case| {
        same(
            &json!({"expected": is_false(or_empty(case, "value"))}),
            case,
        )
    });
}

#[test]
fn codes_are_found_among_other_words() {
    each(FILE, "logCodeListsWithTwoCodes", |case| {
        let mut found = codes(text(case, "property"));
        found.sort();
        verdict(found == ["NU1107", "NU1701"])
    });
    each(FILE, "logCodeListsInvalid", |case| {
        verdict(codes(text(case, "property")).is_empty())
    });
}

#[test]
fn ranges_say_what_they_ask_for() {
    let range = |case: &Value| Range::parse(text(case, "s")).unwrap();
    let bounded = |case: &Value| range(case).has_inclusive_lower();
    each(FILE, "lowerBoundMissing", |case| verdict(!bounded(case)));
    each(FILE, "lowerBoundPresent", |case| verdict(bounded(case)));
    let prerelease = |case: &Value| range(case).takes_prereleases();
    each(FILE, "rangePrereleaseNotAllowed", |case| {
        verdict(!prerelease(case))
    });
    each(FILE, "rangePrereleaseAllowed", |case| {
        verdict(prerelease(case))
    });
    each(FILE, "packageDownloadInvalidVersions", |case| {
        let exact = |text: &str| Range::parse(text).is_some_and(|range| range.is_exact());
        verdict(!list(text(case, "versionString")).all(exact))
    });
    each(FILE, "nearestVersionShownInNU1102", |case| {
        let versions = text(case, "versionStrings").split(',');
        let versions: Vec<Version> = versions.map(|text| text.parse().unwrap()).collect();
        let range = Range::parse(text(case, "versionRange")).unwrap();
        let nearest = range.nearest(&versions).map(ToString::to_string);
        same(&json!({"expectedVersion": nearest}), case)
    });
}
