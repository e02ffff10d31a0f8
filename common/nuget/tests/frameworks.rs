//! The recorded cases of target frameworks and runtime identifiers.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that goes wrong"
)]

use nuget::framework::{
    Framework, FrameworkError, Numbers, RuntimeGraph, nearest, nearest_or_fallback,
    nearest_with_imports, reduce_down, reduce_equivalent, reduce_up,
};
use serde_json::{Value, json};

mod recorded;

use recorded::{each, recorded, same, text};

fn framework(text: &str) -> Framework {
    text.parse().unwrap()
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap()).collect()
}

fn frameworks(list: &Value) -> Vec<Framework> {
    texts(list).into_iter().map(framework).collect()
}

fn parts(read: Result<Framework, FrameworkError>) -> Value {
    let Ok(read) = read else {
        return json!({"error": true});
    };
    let dotted = |[a, b, c, d]: Numbers| format!("{a}.{b}.{c}.{d}");
    json!({
        "identifier": read.identifier(), "version": dotted(read.version()),
        "profile": read.profile(), "platform": read.platform(),
        "platformVersion": dotted(read.platform_version()),
        "targetFrameworkMoniker": read.moniker(),
        "targetPlatformMoniker": read.platform_moniker().unwrap_or_default(),
        "isUnsupported": read.is_unsupported(), "isPackageBased": read.is_package_based(),
        "shortFolderName": read.short_folder_name().ok(),
    })
}

/// What was recorded of an error is how .NET fails to find its text.
fn same_parts(read: Result<Framework, FrameworkError>, case: &Value) -> Result<(), String> {
    let got = parts(read);
    match (got.get("error"), case.get("error")) {
        (Some(_), Some(_)) => Ok(()),
        (None, None) => same(&got, case),
        _ => Err(got.to_string()),
    }
}

#[test]
fn frameworks_are_read_and_written() {
    let count = each("framework-parse", "cases", |case| {
        same_parts(Framework::parse(text(case, "input")), case)
    });
    assert_eq!(count, 528);
    let count = each("framework-components", "cases", |case| {
        let framework = text(case, "targetFrameworkMonikerInput");
        let platform = case["targetPlatformMonikerInput"].as_str();
        same_parts(Framework::from_monikers(framework, platform), case)
    });
    assert_eq!(count, 92);
}

#[test]
fn a_project_accepts_what_its_framework_can_use() {
    let count = each("framework-compatibility", "cases", |case| {
        let package = framework(text(case, "package"));
        let compatible = framework(text(case, "project")).accepts(&package);
        same(&json!({"compatible": compatible}), case)
    });
    assert_eq!(count, 1014);
}

#[test]
fn every_pair_of_common_frameworks_is_right() {
    let matrix = recorded("framework-matrix");
    let packages = texts(&matrix["frameworks"]);
    let projects = &matrix["compatiblePackageFrameworksByProject"];
    let mut pairs = 0;
    for project in &packages {
        let accepts = |package: &&&str| framework(project).accepts(&framework(package));
        let accepted: Vec<&str> = packages.iter().filter(accepts).copied().collect();
        assert_eq!(json!(accepted), projects[project], "{project}");
        pairs += packages.len();
    }
    assert_eq!(pairs, 73 * 73);
}

#[test]
fn the_nearest_framework_is_taken() {
    let count = each("framework-nearest", "cases", |case| {
        let candidates = frameworks(&case["candidates"]);
        let candidates: Vec<&Framework> = candidates.iter().collect();
        let taken = nearest(&framework(text(case, "project")), &candidates);
        same_candidate(taken, case)
    });
    assert_eq!(count, 525);
}

#[test]
fn fallbacks_are_taken_only_when_nothing_else_goes() {
    let name = "framework-nearest-asset-target-fallback";
    let fallbacks = frameworks(&recorded(name)["assetTargetFallback"]);
    let count = each(name, "cases", |case| {
        let candidates = frameworks(&case["candidates"]);
        let candidates: Vec<&Framework> = candidates.iter().collect();
        let project = framework(text(case, "project"));
        let taken = nearest_or_fallback(&project, &fallbacks, &candidates);
        let is_fallback = taken.is_some_and(|taken| taken.is_fallback);
        same(&json!({"usedFallback": is_fallback}), case)?;
        same_candidate(taken.map(|taken| taken.framework), case)
    });
    assert_eq!(count, 138);
}

/// Candidates were recorded as they were written, which need not be how we write them.
fn same_candidate(taken: Option<&Framework>, case: &Value) -> Result<(), String> {
    let expected = case["nearest"].as_str().map(framework);
    if taken == expected.as_ref() {
        return Ok(());
    }
    Err(taken.map_or_else(|| "nothing".to_owned(), Framework::to_string))
}

#[test]
fn sets_are_reduced() {
    let count = each("framework-reduce", "cases", |case| {
        let input = frameworks(&case["input"]);
        let input: Vec<&Framework> = input.iter().collect();
        let reduced = match text(case, "direction") {
            "up" => reduce_up(&input),
            "down" => reduce_down(&input),
            _ => reduce_equivalent(&input),
        };
        let names = reduced.iter().map(|each| each.short_folder_name().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        same(&json!({"reduced": names}), case)
    });
    assert_eq!(count, 30);
}

#[test]
fn runtime_identifiers_include_others() {
    let graph = recorded("runtime-identifiers-3.1").to_string();
    let graph = RuntimeGraph::parse(&graph).unwrap();
    let expansions = each("rid-graph", "expansion", |case| {
        same(&json!({"expanded": graph.expand(text(case, "rid"))}), case)
    });
    let pairs = each("rid-graph", "compatibility", |case| {
        let compatible = graph.accepts(text(case, "projectRid"), text(case, "packageRid"));
        same(&json!({"compatible": compatible}), case)
    });
    assert_eq!((expansions, pairs), (25, 15));
}

#[test]
fn imports_stand_in_for_what_goes_with_all() {
    let candidates = frameworks(&json!(["any", "net472", "net45"]));
    let candidates: Vec<&Framework> = candidates.iter().collect();
    let imports = frameworks(&json!(["netcoreapp1.0", "net46"]));
    let taken = |project, imports| {
        let taken = nearest_with_imports(&framework(project), imports, &candidates);
        taken.map(Framework::moniker)
    };
    let net45 = Some(".NETFramework,Version=v4.5".to_owned());
    assert_eq!(taken("net8.0", &[]), Some("Any,Version=v0.0".to_owned()));
    // An import is asked like a project, so `any` goes with the first of them.
    assert_eq!(taken("net8.0", &imports), taken("net8.0", &[]));
    assert_eq!(taken("net8.0", &imports[1..]), net45);
    assert_eq!(taken("net46", &imports), net45);
}

#[test]
fn names_are_equal_in_any_case_and_have_equal_hashes() {
    use std::hash::{BuildHasher, RandomState};
    let state = RandomState::new();
    let pairs = [
        ("NET8.0-Windows7.0", "net8.0-windows7.0"),
        ("Foo,Version=v1.0,Profile=A", "foo,Version=v1.0,Profile=a"),
        ("portable-net45%2Bwin8", "Portable-win8+net45"),
        (".NETFramework,Version=v4.0", "net40-full"),
    ];
    for (a, b) in pairs {
        let (a, b) = (framework(a), framework(b));
        assert_eq!(a, b);
        assert_eq!(state.hash_one(&a), state.hash_one(&b));
    }
    assert_ne!(framework("net8.0"), framework("net8.0-windows"));
}

#[test]
fn frameworks_are_shown_as_messages_have_them() {
    for (text, shown) in [
        ("net8.0-windows7.0", "net8.0-windows7.0"),
        ("netcoreapp3.1", ".NETCoreApp,Version=v3.1"),
        ("net40-client", ".NETFramework,Version=v4.0,Profile=Client"),
        ("what", "Unsupported,Version=v0.0"),
    ] {
        assert_eq!(framework(text).to_string(), shown);
    }
}

/// Pseudo-random numbers, always the same ones.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// The text with a few pieces put in or taken out.
    fn changed(&mut self, text: &str) -> String {
        const PIECES: [&str; 12] = [
            "%2B",
            "%E6%97",
            "%",
            ",",
            "Version=v",
            "profile=",
            "-",
            "+",
            "99999999999",
            "日",
            "\0",
            ".",
        ];
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(chars.len() + 1);
            let piece = PIECES[self.below(PIECES.len())];
            let end = (at + self.below(3)).min(chars.len());
            chars.splice(at..end, piece.chars());
        }
        chars.into_iter().collect()
    }
}

#[test]
fn any_text_is_read_without_a_panic() {
    let known = frameworks(&json!(["net8.0-android", "uap10.0", "portable-net45+win8"]));
    let all = recorded("framework-parse");
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for case in all["cases"].as_array().unwrap() {
        for _ in 0..40 {
            let changed = dice.changed(text(case, "input"));
            let _pair = Framework::from_monikers(&changed, Some(&changed));
            let Ok(read) = Framework::parse(&changed) else {
                continue;
            };
            let _name = read.short_folder_name();
            let _again = Framework::parse(&read.moniker());
            let candidates = [&read, &known[0], &known[1], &known[2]];
            assert!(known.iter().all(|each| each.accepts(each)));
            let _nearest = nearest(&read, &candidates);
            let _nearest = nearest(&known[0], &candidates);
            let _reduced = (reduce_up(&candidates), reduce_down(&candidates));
        }
    }
}

#[test]
fn lists_in_lists_are_no_frameworks_however_many() {
    let deep = "portable-".repeat(100_000);
    assert!(Framework::parse(&format!("{deep}net45")).is_err());
    assert!(Framework::parse(&deep).is_err());
    assert!(Framework::parse("portable-portable-net45").is_err());
    let empty = framework("portable-portable+net45");
    assert_eq!(empty.profile(), "portable+net45");
}

#[test]
fn packages_add_to_the_graph_of_the_sdk() {
    let sdk = json!({"win": {"#import": ["any"]}, "win-x64": {"#import": ["win"]}});
    let package = json!({
        "win": {"#import": ["other"], "A": {"A.all": "[2.0, 3.0)", "A.win": "1.0.0"}},
        "tv": {"#import": ["win"]},
    });
    let newer = json!({"win": {"a": {"A.win": "1.5.0"}}});
    let graph = |runtimes: &Value| {
        let json = json!({"runtimes": runtimes, "supports": {"x": {}}}).to_string();
        RuntimeGraph::parse(&json).unwrap()
    };
    let mut all = RuntimeGraph::default();
    assert!(all.is_empty());
    assert_eq!(all.expand("win"), ["win"]);
    all.merge(graph(&sdk));
    all.merge(graph(&package));
    assert_eq!(all.expand("tv"), ["tv", "win", "any"]);
    let needs = |graph: &RuntimeGraph, rid| {
        let needs = graph.needs(rid, "A").iter();
        let needs = needs.map(|(id, range)| format!("{id} {}", range.normalized()));
        needs.collect::<Vec<String>>()
    };
    let first = ["A.all [2.0.0, 3.0.0)", "A.win [1.0.0, )"];
    assert_eq!(needs(&all, "win-x64"), first);
    assert!(needs(&all, "any").is_empty());
    all.merge(graph(&newer));
    assert_eq!(needs(&all, "win-x64"), ["A.win [1.5.0, )"]);
}

#[test]
fn what_is_no_graph_is_an_error() {
    let bad = json!({"runtimes": {"win": {"A": {"B": "x"}}}}).to_string();
    for json in ["", "[]", &bad] {
        assert!(RuntimeGraph::parse(json).is_err(), "{json}");
    }
    assert!(RuntimeGraph::parse("\u{feff}{}").unwrap().is_empty());
}
