//! What the fuzz targets call: the pure parts of writes, without a server. No other crate uses it.

use serde_json::{Map, Value};

use crate::api::apply::{self, Author, Managers, Scope};
use crate::api::write::json_patch;

/// Applies a JSON patch; `None` when it cannot be.
#[must_use]
pub fn json_patch(document: &Value, patch: &[Map<String, Value>]) -> Option<Value> {
    let mut document = document.clone();
    json_patch::apply(&mut document, patch).ok()?;
    Some(document)
}

/// Applies a configuration for `manager` to an object with its `managedFields`, taking what others
/// own; answers the object with its owners.
#[must_use]
pub fn apply(live: &Value, config: &Value, manager: &str) -> Value {
    let mut live = live.clone();
    let owners = apply::take(&mut live);
    let author = Author {
        manager: manager.to_owned(),
        api_version: "nova.dev/v1".to_owned(),
        scope: Scope::Main,
        time: "2026-01-01T00:00:00Z".to_owned(),
    };
    let managers = Managers::stored(&owners);
    let Ok(applied) = apply::apply(&live, config, &managers, &author, true) else {
        return live;
    };
    let mut value = applied.value.unwrap_or(live);
    apply::put(&mut value, applied.managers.write());
    value
}
