//! Every recorded case of kubectl's printing, run through the renderer.
//!
//! The cases that need a server (`get/…`) are in the black-box suite; selectors and ages are tested
//! where their code is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::list::ListWriter;
use super::template::Surroundings;
use super::{Item, Listing, Object, Output, Row, sort};
use crate::Result;

#[derive(Deserialize)]
struct Vectors {
    objects: BTreeMap<String, Value>,
    targets: BTreeMap<String, Target>,
    cases: Vec<Case>,
    sorting: Vec<Sorting>,
}

#[derive(Deserialize)]
struct Target {
    object: Option<String>,
    list: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    output: String,
    template: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    exit: i32,
    stdout: Option<String>,
}

#[derive(Deserialize)]
struct Sorting {
    target: String,
    sort_by: String,
    names: Vec<String>,
}

/// What the vectors' own list of deviations makes of a case: our exit code and text.
const DEVIATIONS: [(&str, &str); 3] = [
    // Integers compare with other numbers.
    ("jsonpath/114", "web-1 db-1"),
    ("go-template/027", "y"),
    // Line ends are shown, so that rows stay rows.
    (
        "scalars/019",
        "E                 Z\nfirst\\nsecond\\n   1\n",
    ),
];

fn vectors() -> Vectors {
    let text = include_str!("../../../../tests/fixtures/output/vectors.json");
    serde_json::from_str(text).unwrap()
}

impl Vectors {
    fn rows(&self, target: &str) -> (bool, Vec<Row>) {
        let target = &self.targets[target];
        let single = target.object.clone();
        let names = single.iter().chain(target.list.iter().flatten());
        let row = |name: &String| Row {
            full_name: format!(
                "virtualmachine.nova.dev/{}",
                name.rsplit('/').next().unwrap()
            ),
            object: Some(Object::from_value(&self.objects[name]).unwrap()),
            ..Row::default()
        };
        (single.is_some(), names.map(row).collect())
    }

    fn print(&self, case: &Case) -> (String, Result<()>) {
        let mut out = Vec::new();
        let end = self.write(case, &mut out);
        (String::from_utf8(out).unwrap(), end)
    }

    fn write(&self, case: &Case, out: &mut Vec<u8>) -> Result<()> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let argument = match &case.template {
            Some(text) if case.output.ends_with("-file") => {
                std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
                format!("={}", file.path().display())
            }
            Some(text) => format!("={text}"),
            None => String::new(),
        };
        let output = Output::parse(&format!("{}{argument}", case.output))?;
        let (single, rows) = self.rows(&case.target);
        let mut listing = Listing::new(std::iter::empty());
        listing.single = single;
        listing.no_headers = case.args.iter().any(|arg| arg == "--no-headers");
        let mut writer = ListWriter::new(&output, Surroundings::default(), listing);
        rows.into_iter()
            .try_for_each(|row| writer.item(Item::Row(row), out))?;
        writer.finish(out)
    }

    /// Nothing when the case passes.
    fn fault(&self, case: &Case) -> Option<String> {
        let (text, end) = self.print(case);
        let deviation = DEVIATIONS
            .iter()
            .find(|(id, _)| *id == case.id)
            .map(|(_, text)| *text);
        let fails = case.exit != 0 && deviation.is_none();
        let wanted = deviation.or(case.stdout.as_deref());
        let same = match (case.output.as_str(), wanted) {
            // YAML is compared by value.
            ("yaml", _) => {
                let target = self.targets[&case.target].object.as_ref().unwrap();
                as_yaml(&text) == self.objects[target]
            }
            (_, Some(wanted)) => text == wanted,
            (_, None) => true,
        };
        let code = end.as_ref().err().map(crate::Failure::code);
        if same && code == fails.then_some(2) {
            return None;
        }
        Some(format!(
            "{}: {:?}\n  wanted {wanted:?}\n  got    {text:?} {code:?} {:?}",
            case.id,
            case.template,
            end.err()
        ))
    }
}

fn as_yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn every_recorded_case_prints_as_kubectl_did() {
    let vectors = vectors();
    let cases: Vec<&Case> = vectors
        .cases
        .iter()
        .filter(|case| !case.id.starts_with("get/"))
        .collect();
    assert_eq!(cases.len(), 299);
    let faults: Vec<String> = cases
        .iter()
        .filter_map(|case| vectors.fault(case))
        .collect();
    assert!(
        faults.is_empty(),
        "{} of {} fail:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
}

#[test]
fn every_recorded_order_is_ours() {
    let vectors = vectors();
    assert_eq!(vectors.sorting.len(), 6);
    for case in &vectors.sorting {
        let (_, mut rows) = vectors.rows(&case.target);
        sort::sort(&mut rows, &super::parse_sort(&case.sort_by).unwrap(), false).unwrap();
        let mut names: Vec<&str> = rows
            .iter()
            .map(|row| row.full_name.rsplit('/').next().unwrap())
            .collect();
        let mut wanted: Vec<&str> = case.names.iter().map(String::as_str).collect();
        if case.sort_by == ".spec.opt" {
            // The order among those that lack the field is unspecified in kubectl.
            names[..3].sort_unstable();
            wanted[..3].sort_unstable();
        }
        assert_eq!(names, wanted, "{}", case.sort_by);
    }
}
