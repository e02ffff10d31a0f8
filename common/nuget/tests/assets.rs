//! The recorded cases of what a project gets of a package.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that goes wrong"
)]

mod recorded;

use nuget::assets::{Kind, PackageFiles, Wanted};
use nuget::framework::{Framework, RuntimeGraph};
use recorded::{each, recorded, same, text};
use serde_json::{Value, json};

const KINDS: [(&str, Kind); 11] = [
    ("compileRef", Kind::CompileRef),
    ("compileLib", Kind::CompileLib),
    ("runtime", Kind::Runtime),
    ("native", Kind::Native),
    ("resource", Kind::Resource),
    ("build", Kind::Build),
    ("buildMultiTargeting", Kind::BuildMultiTargeting),
    ("buildTransitive", Kind::BuildTransitive),
    ("contentFiles", Kind::ContentFiles),
    ("tools", Kind::Tools),
    ("embed", Kind::Embed),
];

/// The graph of the cases, in the form of a file.
fn graph() -> RuntimeGraph {
    let all = recorded("content-model");
    let runtimes = all["runtimeGraph"].as_object().unwrap().iter();
    let runtimes = runtimes.map(|(rid, imports)| (rid.clone(), json!({"#import": imports})));
    let runtimes: serde_json::Map<String, Value> = runtimes.collect();
    RuntimeGraph::parse(&json!({"runtimes": runtimes}).to_string()).unwrap()
}

#[test]
fn every_kind_of_file_is_chosen() {
    let runtimes = graph();
    let count = each("content-model", "cases", |case| {
        let paths = case["files"].as_array().unwrap().iter();
        let files = PackageFiles::new(paths.map(|path| path.as_str().unwrap().to_owned()));
        let framework = Framework::parse(text(case, "framework")).unwrap();
        let wanted = Wanted {
            framework: &framework,
            rid: case["rid"].as_str(),
            runtimes: &runtimes,
        };
        let asked = case["selected"].as_object().unwrap();
        let asked = KINDS
            .into_iter()
            .filter(|(name, _)| asked.contains_key(*name));
        let chosen = asked.map(|(name, kind)| {
            let files = files.best(kind, &wanted).map(|group| group.files);
            // Of these two the recording has no difference between nothing and no group.
            let always = matches!(kind, Kind::Resource | Kind::ContentFiles);
            let shown = if always {
                json!(files.unwrap_or_default())
            } else {
                json!(files)
            };
            (name.to_owned(), shown)
        });
        same(&Value::Object(chosen.collect()), &case["selected"])
    });
    assert_eq!(count, 72);
}
