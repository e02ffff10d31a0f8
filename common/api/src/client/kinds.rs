//! The kinds that a server has, whether or not this release knows them.

use serde_json::Value;

use super::api::Api;
use super::error::ApiError;
use super::resources::Resources;
use crate::types::{KindInfo, NameRule, Scope};

/// Discovery of all groups in one answer, as Kubernetes aggregates it.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// A kind as the server announces it.
#[derive(Debug, Clone)]
pub struct ServedKind {
    /// Names, group and scope.
    pub info: KindInfo,
    /// What clients may do with it.
    pub verbs: Vec<String>,
    /// Groups of kinds it belongs to, such as `all`.
    pub categories: Vec<String>,
}

impl Api {
    /// Every kind of the server, core group first.
    pub async fn kinds(&self) -> Result<Vec<ServedKind>, ApiError> {
        let mut kinds = Vec::new();
        for path in ["/api", "/apis"] {
            let answer = self
                .send(None, |http| http.get(path).accept(AGGREGATED))
                .await?;
            read(&answer.json::<Value>()?, &mut kinds);
        }
        Ok(kinds)
    }

    /// Objects of a kind as JSON, in the default namespace.
    #[must_use]
    pub fn of_kind(&self, info: &KindInfo) -> Resources<Value> {
        Resources::of_kind(self.clone(), Some(self.namespace().to_owned()), *info)
    }
}

fn read(document: &Value, kinds: &mut Vec<ServedKind>) {
    for group in array(&document["items"]) {
        let name = text(&group["metadata"]["name"]);
        for version in array(&group["versions"]) {
            let served = |entry| kind(name, text(&version["version"]), entry);
            kinds.extend(array(&version["resources"]).iter().map(served));
        }
    }
}

fn kind(group: &str, version: &str, entry: &Value) -> ServedKind {
    let scope = match text(&entry["scope"]) {
        "Cluster" => Scope::Cluster,
        _ => Scope::Namespaced,
    };
    let short_names = texts(&entry["shortNames"]).into_iter().map(leak).collect();
    ServedKind {
        info: KindInfo {
            group: leak(group.to_owned()),
            version: leak(version.to_owned()),
            kind: leak(text(&entry["responseKind"]["kind"]).to_owned()),
            plural: leak(text(&entry["resource"]).to_owned()),
            singular: leak(text(&entry["singularResource"]).to_owned()),
            short_names: Vec::leak(short_names),
            scope,
            names: NameRule::Subdomain,
        },
        verbs: texts(&entry["verbs"]),
        categories: texts(&entry["categories"]),
    }
}

/// A tool reads discovery once and ends soon after, so its few names may stay as long as those of the kinds it was built with.
fn leak(text: String) -> &'static str {
    text.leak()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    array(value)
        .iter()
        .map(|item| text(item).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_read_from_aggregated_discovery() {
        let document = json!({"items": [{
            "metadata": {"name": "backup.example.com"},
            "versions": [{"version": "v2", "resources": [{
                "resource": "backups", "singularResource": "backup", "scope": "Cluster",
                "responseKind": {"kind": "Backup"}, "shortNames": ["bk"], "verbs": ["get", "list"],
                "categories": ["all"],
            }]}],
        }]});
        let mut kinds = Vec::new();
        read(&document, &mut kinds);
        let [backup] = kinds.as_slice() else {
            panic!("{kinds:?}")
        };
        assert!(backup.info.is_called("bk") && backup.info.is_called("backups.backup.example.com"));
        assert_eq!(
            backup.info.item_path(Some("x"), "a"),
            "/apis/backup.example.com/v2/backups/a"
        );
        assert_eq!(
            (backup.verbs.len(), backup.categories.as_slice()),
            (2, &["all".to_owned()][..])
        );
    }
}
