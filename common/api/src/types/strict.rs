//! Finds what a body says that its type does not know.

use serde::de::DeserializeOwned;
use serde_ignored::Path;
use serde_json::Value;

/// Paths of unknown fields, such as `spec.disks[0].sise`, in the order of the body.
///
/// Fails as the type does when a known field has the wrong shape.
pub fn unknown_fields<T: DeserializeOwned>(body: &Value) -> Result<Vec<String>, serde_json::Error> {
    let mut found = Vec::new();
    serde_ignored::deserialize::<_, _, T>(body, |path| found.push(dotted(&path)))?;
    Ok(found)
}

fn dotted(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", dotted(parent)),
        Path::Map { parent, key } => match dotted(parent) {
            parent if parent.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => dotted(parent),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::types::VirtualMachine;

    #[test]
    fn unknown_fields_are_named_by_path() {
        let body = json!({
            "apiVersion": "nova.dev/v1", "kind": "VirtualMachine", "metadata": {"name": "a", "labels": {"any": "thing"}},
            "spec": {"cpus": 2, "disks": [{"name": "root", "size": "1Gi"}, {"name": "x", "sise": "1Gi"}]}, "extra": []
        });
        let mut found = unknown_fields::<VirtualMachine>(&body).unwrap();
        found.sort();
        assert_eq!(found, ["extra", "spec.cpus", "spec.disks[1].sise"]);
    }

    #[test]
    fn a_wrong_shape_is_an_error() {
        let body = json!({"spec": {"resources": {"memory": "lots"}}});
        let error = unknown_fields::<VirtualMachine>(&body)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`lots` is not a quantity"), "{error}");
    }
}
