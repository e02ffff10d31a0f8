//! Cases that were recorded of NuGet itself.

use serde_json::Value;

/// A file of cases.
pub(crate) fn recorded(name: &str) -> Value {
    let path = format!(
        "{}/../../tests/fixtures/nuget-vectors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Runs every case and shows all that differ; answers how many there were.
pub(crate) fn each(name: &str, list: &str, case: impl Fn(&Value) -> Result<(), String>) -> usize {
    let all = recorded(name);
    let cases = all[list].as_array().unwrap();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|each| case(each).err().map(|why| format!("{each}\n  {why}")))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    cases.len()
}

/// Whether the fields of `got` are as expected; those that differ otherwise.
pub(crate) fn same(got: &Value, expected: &Value) -> Result<(), String> {
    let fields = got.as_object().unwrap().iter();
    let wrong: Vec<String> = fields
        .filter(|(name, value)| expected[name.as_str()] != **value)
        .map(|(name, value)| format!("{name} is {value}"))
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join(", "))
    }
}

/// A field that is a text.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}
