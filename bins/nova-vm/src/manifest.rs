//! Objects from files: YAML documents, a JSON list, concatenated JSON and JSON Lines.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use nova_core::{Context, Failure, Kind, Result};
use serde_json::Value;

/// No source may be larger.
const LIMIT: u64 = 64 * 1024 * 1024;
/// What a directory is searched for.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// Reads every object of `sources` in order: files, directories (sorted, not recursive), and `-`
/// for standard input.
pub(crate) fn read_all(sources: &[String]) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    for source in sources {
        if source == "-" {
            parse(&read_stdin()?, "standard input", &mut objects)?;
            continue;
        }
        for path in files_of(Path::new(source))? {
            parse(
                &read_file(&path)?,
                &path.display().to_string(),
                &mut objects,
            )?;
        }
    }
    Ok(objects)
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let doing = || format!("cannot read {}", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(path).context(Kind::Config, doing)? {
        let file = entry.context(Kind::Config, doing)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        let message = format!("{} holds no .json, .yaml or .yml files", path.display());
        return Err(Failure::new(Kind::Config, message));
    }
    Ok(files)
}

fn read_file(path: &Path) -> Result<String> {
    let file =
        fs::File::open(path).context(Kind::Config, || format!("cannot read {}", path.display()))?;
    read_limited(file, &path.display().to_string())
}

fn read_stdin() -> Result<String> {
    read_limited(std::io::stdin().lock(), "standard input")
}

fn read_limited(reader: impl Read, name: &str) -> Result<String> {
    let mut text = String::new();
    reader
        .take(LIMIT + 1)
        .read_to_string(&mut text)
        .context(Kind::Config, || format!("cannot read {name}"))?;
    if text.len() as u64 > LIMIT {
        return Err(Failure::new(
            Kind::Config,
            format!("{name} is larger than 64 MiB"),
        ));
    }
    Ok(text)
}

fn parse(text: &str, name: &str, objects: &mut Vec<Value>) -> Result<()> {
    let documents = if text.trim_start().starts_with(['{', '[']) {
        json_documents(text, name)?
    } else {
        yaml_documents(text, name)?
    };
    for document in documents {
        flatten(document, objects);
    }
    Ok(())
}

fn json_documents(text: &str, name: &str) -> Result<Vec<Value>> {
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        documents.push(document.map_err(|error| {
            let place = format!("{name}:{}:{}", error.line(), error.column());
            Failure::new(Kind::Config, format!("{place}: {error}"))
        })?);
    }
    Ok(documents)
}

fn yaml_documents(text: &str, name: &str) -> Result<Vec<Value>> {
    serde_saphyr::from_multiple(text)
        .map_err(|error| Failure::new(Kind::Config, format!("{name}: {error}")))
}

/// Lists are their items; empty documents are nothing.
fn flatten(document: Value, objects: &mut Vec<Value>) {
    match document {
        Value::Null => {}
        Value::Array(items) => items.into_iter().for_each(|item| flatten(item, objects)),
        Value::Object(mut map)
            if map
                .get("kind")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind.ends_with("List")) =>
        {
            let items = map.remove("items").unwrap_or_default();
            flatten(items, objects);
        }
        object => objects.push(object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Value>> {
        let mut objects = Vec::new();
        parse(text, "x", &mut objects)?;
        Ok(objects)
    }

    #[test]
    fn every_form_of_several_objects_is_read() {
        let forms = [
            "a: 1\n---\n# nothing\n---\na: 2\n",
            "{\"a\": 1}\n{\"a\": 2}\n",
            "{\"a\": 1}{\"a\": 2}",
            "[{\"a\": 1}, {\"a\": 2}]",
            "kind: List\nitems:\n- a: 1\n- a: 2\n",
            "{\"kind\": \"VirtualMachineList\", \"items\": [{\"a\": 1}, {\"a\": 2}]}",
        ];
        for form in forms {
            let objects = read(form).unwrap();
            assert_eq!(
                objects,
                [serde_json::json!({"a": 1}), serde_json::json!({"a": 2})],
                "{form}"
            );
        }
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn faults_name_their_place() {
        assert!(
            read("{\"a\": }")
                .unwrap_err()
                .message()
                .starts_with("x:1:7")
        );
        let twice = read("a: 1\na: 2\n").unwrap_err();
        assert_eq!(twice.kind(), Kind::Config);
        assert!(twice.message().starts_with("x: "), "{twice}");
    }
}
