//! Columns that the user describes: `HEADER:PATH,…` and lists of column names.

use serde_json::Value;

use super::go;
use super::jsonpath::{self, JsonPath};
use crate::{Failure, Kind, Result, suggest};

/// A header and the path of its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct PathColumn {
    /// Header, shown as it is.
    pub header: String,
    path: JsonPath,
}

impl PathColumn {
    fn new(header: &str, path: &str) -> Result<Self> {
        let parsed = JsonPath::parse_relaxed(path)
            .map_err(|error| Failure::usage(format!("column `{header}`: {error}")))?;
        Ok(Self {
            header: header.to_owned(),
            path: parsed,
        })
    }

    /// Every value that is found, joined by commas.
    pub fn cell(&self, object: &Value) -> Result<String, jsonpath::Error> {
        let found = self.path.find(object)?;
        let mut cells: Vec<String> = found
            .iter()
            .flatten()
            .map(|value| go::print(value))
            .collect();
        if found.first().is_none_or(Vec::is_empty) {
            cells.insert(0, "<none>".to_owned());
        }
        Ok(cells.join(","))
    }
}

/// Reads `HEADER:PATH[,HEADER:PATH…]`.
pub fn parse_columns(spec: &str) -> Result<Vec<PathColumn>> {
    if spec.is_empty() {
        return Err(missing());
    }
    let column = |part: &str| match part.split_once(':') {
        Some((header, path)) => PathColumn::new(header, path),
        None => Err(Failure::usage(format!(
            "column `{part}` is not of the form HEADER:PATH, such as NAME:.metadata.name"
        ))),
    };
    spec.split(',').map(column).collect()
}

/// Reads two lines: headers and paths, separated by blanks.
pub fn parse_columns_file(text: &str) -> Result<Vec<PathColumn>> {
    let mut lines = text.lines();
    let (Some(headers), Some(paths)) = (lines.next(), lines.next()) else {
        return Err(Failure::usage(
            "a file of columns has two lines: one of headers, one of as many paths",
        ));
    };
    let headers: Vec<&str> = headers.split_whitespace().collect();
    let paths: Vec<&str> = paths.split_whitespace().collect();
    if headers.is_empty() {
        return Err(missing());
    }
    if headers.len() != paths.len() {
        return Err(Failure::usage(format!(
            "there are {} headers but {} paths",
            headers.len(),
            paths.len()
        )));
    }
    headers
        .iter()
        .zip(paths)
        .map(|(header, path)| PathColumn::new(header, path))
        .collect()
}

pub(super) fn missing() -> Failure {
    Failure::usage("the output format needs columns")
        .with_hint("write for example: -o custom-columns=NAME:.metadata.name,PHASE:.status.phase")
}

/// Where the named columns stand among the server's; names count without regard to case.
pub(super) fn pick(names: &[String], known: &[&str]) -> Result<Vec<usize>> {
    let find = |name: &String| {
        let at = known.iter().position(|column| same_name(column, name));
        at.ok_or_else(|| unknown(name, known))
    };
    names.iter().map(find).collect()
}

fn same_name(column: &str, name: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace([' ', '-', '_'], "");
    plain(column) == plain(name)
}

fn unknown(name: &str, known: &[&str]) -> Failure {
    let names: Vec<String> = known.iter().map(|column| column.to_lowercase()).collect();
    let failure = Failure::new(
        Kind::Usage,
        format!("no column `{name}`; known are {}", names.join(", ")),
    );
    let near = suggest::nearest(&name.to_lowercase(), names.iter().map(String::as_str));
    match near.first() {
        Some(near) => failure.with_hint(format!("did you mean `{near}`?")),
        None => failure.with_hint("any path can be a column: --columns NAME:.metadata.name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_join_what_is_found() {
        let object = json!({"a": {"n": "x"}, "l": [1, 2], "z": null});
        let columns = parse_columns("A:.a.n,L:l[*],M:{.a},Z:.z,N:.no,E:").unwrap();
        let cells: Vec<String> = columns
            .iter()
            .map(|column| column.cell(&object).unwrap())
            .collect();
        assert_eq!(cells, ["x", "1,2", "map[n:x]", "<nil>", "<none>", "<none>"]);
    }

    #[test]
    fn broken_specs_are_usage_errors() {
        for spec in ["", "NAME", "A:.a,", "A:.a[", "A:{.a"] {
            assert_eq!(parse_columns(spec).unwrap_err().code(), 2, "{spec}");
        }
        for text in ["", "A B", "A B\n.a\n", "\n \n"] {
            assert_eq!(parse_columns_file(text).unwrap_err().code(), 2, "{text}");
        }
        assert_eq!(parse_columns_file("A  B\n.a b.c\n").unwrap().len(), 2);
    }

    #[test]
    fn names_pick_columns_and_wrong_ones_are_explained() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            pick(&names(&["cpu", "NAME"]), &["Name", "CPU"]).unwrap(),
            [1, 0]
        );
        let error = pick(&names(&["cpuu"]), &["Name", "CPU"]).unwrap_err();
        assert_eq!(error.hints(), ["did you mean `cpu`?"]);
    }
}
