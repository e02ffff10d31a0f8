//! Which objects of a collection a request is about.

use nova_api::types::{FieldSelector, Selector};

use super::error::ApiError;
use super::kinds::Kind;
use super::request::Call;
use crate::auth::Identity;
use crate::store::Object;

/// Largest selector of a caller that limits hold for.
const MAX_SELECTOR: usize = 4096;

/// Label and field selectors of a request.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// Whose eyes see; nobody's see everything.
    eyes: Option<Identity>,
    labels: Selector,
    fields: FieldSelector,
}

impl Selection {
    /// Reads `labelSelector` and `fieldSelector`.
    pub(crate) fn of(call: &Call) -> Result<Self, ApiError> {
        let (kind, query) = (call.kind, &call.query);
        let text = |name: &str| query.get(name).unwrap_or_default();
        let (labels, fields) = (text("labelSelector"), text("fieldSelector"));
        let long = labels.len() > MAX_SELECTOR || fields.len() > MAX_SELECTOR;
        if long && call.identity.is_limited() {
            return Err(ApiError::bad_selector(format!(
                "a selector may have at most {MAX_SELECTOR} characters"
            )));
        }
        let refuse =
            |error: nova_api::types::SelectorError| ApiError::bad_selector(error.to_string());
        let labels: Selector = labels.parse().map_err(refuse)?;
        let fields: FieldSelector = fields.parse().map_err(refuse)?;
        for term in fields.requirements() {
            if !is_meta(&term.path) && !kind.selectable.contains(&term.path.as_str()) {
                return Err(unsupported(kind, &term.path));
            }
        }
        // Only those who do not see everything are asked about each object.
        let eyes = Some(&call.identity).filter(|eyes| eyes.is_confined() || eyes.is_limited());
        Ok(Self {
            eyes: eyes.cloned(),
            labels,
            fields,
        })
    }

    /// Whether everything is selected.
    pub(crate) fn is_all(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected.
    pub(crate) fn matches(&self, object: &Object) -> bool {
        let seen = |eyes: &Identity| eyes.sees_object(object);
        if !self.eyes.as_ref().is_none_or(seen) {
            return false;
        }
        if !self.labels.matches_by(|key| object.label(key)) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        self.fields.requirements().iter().all(|term| {
            let is = match term.path.as_str() {
                "metadata.name" => object.key.name.clone(),
                "metadata.namespace" => object.key.namespace.clone(),
                // Event's `source` means the component in it.
                "source" => object.field("source.component"),
                path => object.field(path),
            };
            (is == term.value) != term.negated
        })
    }

    /// The selectors in one line, for continue tokens.
    pub(crate) fn canonical(&self) -> String {
        format!("{}|{}", self.labels, self.fields)
    }
}

fn is_meta(path: &str) -> bool {
    matches!(path, "metadata.name" | "metadata.namespace")
}

fn unsupported(kind: &Kind, path: &str) -> ApiError {
    let supported: Vec<&str> = ["metadata.name", "metadata.namespace"]
        .iter()
        .chain(kind.selectable)
        .copied()
        .collect();
    // Clients show Kubernetes' words; what is supported stands beside them.
    ApiError::bad_selector(format!("field label not supported: {path}"))
        .hint(format!("select by one of: {}", supported.join(", ")))
}
