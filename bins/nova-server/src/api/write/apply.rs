//! Server-side apply.

use serde_json::{Value, json};

use super::body::{Body, strip_unknown, yaml};
use super::create::{create_applied, same_namespace};
use super::decode::apply_faults;
use super::options::FieldValidation;
use super::update::{Part, Terms, doubled_owners, same_name, store};
use super::{Written, go, owners};
use crate::api::error::ApiError;
use crate::api::kinds::{Kind, text};
use crate::store::Tx;

/// What an applier wants.
pub(super) struct Config(Body);

impl Config {
    /// Reads the body of an apply.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        let refused = |why: String| ApiError::bad_request(format!("error decoding YAML: {why}"));
        let mut body = yaml(bytes)
            .map_err(|error| refused(format!("error converting YAML to JSON: yaml: {error}")))?;
        if body.value.is_null() {
            body.value = json!({});
        }
        if !body.value.is_object() {
            let why = go::cannot(&body.value, "value of type map[string]interface {}");
            return Err(refused(format!(
                "error unmarshaling JSON: while decoding JSON: {why}"
            )));
        }
        Ok(Self(body))
    }

    /// Refuses what can never be applied.
    fn check(&mut self, kind: &Kind) -> Result<(), ApiError> {
        let config = &mut self.0.value;
        let (version, name) = (text(config, "/apiVersion"), text(config, "/kind"));
        if version != kind.info.api_version() || name != kind.info.kind {
            let version = if version.is_empty() { "/" } else { version };
            let message = format!("invalid object type: {version}, Kind={name}");
            return Err(ApiError::bad_request(message));
        }
        if let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut)
            && metadata
                .remove("managedFields")
                .is_some_and(|given| !given.is_null())
        {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        let faults = apply_faults(kind, config);
        if faults.is_empty() {
            return Ok(());
        }
        let (namespace, name) = (
            text(config, "/metadata/namespace"),
            text(config, "/metadata/name"),
        );
        Err(ApiError::unclassified(format!(
            "failed to create typed patch object ({namespace}/{name}; {}, Kind={}): {faults}",
            kind.info.api_version(),
            kind.info.kind
        )))
    }

    /// Members that are there twice, in the words of YAML.
    fn doubles(&self, mode: FieldValidation) -> Result<Vec<String>, ApiError> {
        let doubles = self.0.doubles.iter().map(|path| {
            let name = path.rsplit('.').next().unwrap_or(path);
            format!("line 1: key {name:?} already set in map")
        });
        let doubles: Vec<String> = doubles.collect();
        match mode {
            FieldValidation::Ignore => Ok(Vec::new()),
            FieldValidation::Strict if !doubles.is_empty() => Err(ApiError::bad_request(format!(
                "error strict decoding YAML: error converting YAML to JSON: \
                 yaml: unmarshal errors:\n  {}",
                doubles.join("\n  ")
            ))),
            FieldValidation::Strict | FieldValidation::Warn => Ok(doubles),
        }
    }
}

/// Applies a configuration; answers whether the object is new, and the warnings.
pub(super) fn apply(
    tx: &mut Tx<'_>,
    terms: &Terms,
    namespace: Option<&str>,
    mut config: Config,
) -> Result<(bool, Written, Vec<String>), ApiError> {
    let before = tx.get(&terms.key);
    if before.is_none() && terms.part == Part::Status {
        return Err(ApiError::not_found(&terms.key));
    }
    config.check(terms.kind)?;
    let stored = before.as_ref().map(|before| before.value());
    let author = owners::author(tx.now(), terms.kind, terms.part, &terms.options);
    let config_value = &config.0.value;
    let mut value = owners::applied(stored.as_ref(), config_value, &author, terms.options.force)?;
    let mut warnings = config.doubles(terms.options.validation)?;
    let uid = text(&value, "/metadata/uid");
    if before.is_none() && !uid.is_empty() {
        let why = format!(
            "uid mismatch: the provided object specified uid {uid}, \
             and no existing object was found"
        );
        return Err(ApiError::conflict_because(&terms.key, &why));
    }
    same_namespace(namespace, terms.kind, &value)?;
    same_name(&terms.key.name, &value)?;
    warnings.extend(doubled_owners(
        &mut value,
        " after mutating admission happens",
    ));
    strip_unknown(terms.kind, &mut value, &[])?;
    let Some(before) = before else {
        let written = create_applied(tx, terms, value)?;
        warnings.extend(written.warnings.iter().cloned());
        return Ok((true, written, warnings));
    };
    let written = store(tx, terms, &before, value)?;
    Ok((false, written, warnings))
}
