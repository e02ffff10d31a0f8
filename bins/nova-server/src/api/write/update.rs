//! `PUT` of an item, and what all changes of stored objects share.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::body::{known_fields, object};
use super::create::{check, same_namespace};
use super::options::{Of, Options};
use super::{Shown, Written, answer, meta, owners, put, run};
use crate::api::error::{ApiError, Cause};
use crate::api::item::tag_matches;
use crate::api::kinds::{Context, Kind, text};
use crate::api::request::Call;
use crate::store::{Key, Object, Tx};

/// Keeps a VM's object until the engine has nothing of it. The server puts it there.
pub(super) const ENGINE_FINALIZER: &str = "nova.dev/engine";

/// Members of metadata that a deletion sets.
const DELETION: [&str; 2] = ["deletionTimestamp", "deletionGracePeriodSeconds"];

/// Which part of an object a request changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything but the status.
    Main,
    /// The status alone.
    Status,
}

/// What a change goes by beside the new object.
pub(super) struct Terms {
    pub(super) kind: &'static Kind,
    pub(super) key: Key,
    pub(super) part: Part,
    pub(super) context: Context,
    pub(super) options: Options,
    pub(super) if_match: Option<String>,
    /// Whether a change without a revision overwrites whatever is there.
    pub(super) force: bool,
}

impl Terms {
    pub(super) fn of(call: &Call, part: Part, options: Options) -> Self {
        // Kubernetes' own kinds are replaced without a revision; a patch builds on what is there.
        let core = call.kind.info.group.is_empty();
        Self {
            kind: call.kind,
            key: call.key(),
            part,
            context: call.context(),
            force: core || options.force,
            options,
            if_match: call.header("if-match").map(str::to_owned),
        }
    }
}

pub(crate) async fn replace(call: &Call, body: Body, part: Part) -> Result<Response, ApiError> {
    let bytes = call.read(body).await?;
    let options = Options::of(call, Of::Update)?;
    let mut body = object(call, &bytes)?;
    let mut warnings = known_fields(call.kind, &mut body, options.validation)?;
    let mut value = body.value;
    same_namespace(call.namespace.as_deref(), call.kind, &value)?;
    same_name(&call.name, &value)?;
    warnings.extend(doubled_owners(&mut value, ""));
    let terms = Terms::of(call, part, options);
    let written = run(call, move |tx| {
        let before = tx.require(&terms.key)?;
        let uid = text(&value, "/metadata/uid");
        if !uid.is_empty() && uid != before.uid() {
            return Err(wrong_uid(terms.kind, &terms.key, uid, before.uid()));
        }
        let stored = before.value();
        if terms.part == Part::Main {
            keep(&mut value, &stored, "status");
        }
        let author = owners::author(tx.now(), terms.kind, terms.part, &terms.options);
        owners::changed(&stored, &mut value, &author);
        store(tx, &terms, &before, value)
    })
    .await?;
    finish(call, written, warnings)
}

/// The warning of owners that are there twice; `when` is a part of its words.
pub(super) fn doubled_owners(value: &mut Value, when: &str) -> Option<String> {
    let doubles = meta::single_owners(value);
    (!doubles.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner \
             references in 1.20+, and may reject such requests as early as 1.24; please fix your \
             requests; duplicate UID(s) observed: {}",
            doubles.join(", ")
        )
    })
}

/// The answer to a change.
pub(super) fn finish(
    call: &Call,
    written: Written,
    mut warnings: Vec<String>,
) -> Result<Response, ApiError> {
    warnings.extend(written.warnings.iter().cloned());
    answer(call, StatusCode::OK, written, &warnings)
}

/// Refuses an object of another name than that of the path.
pub(super) fn same_name(wanted: &str, value: &Value) -> Result<(), ApiError> {
    match text(value, "/metadata/name") {
        name if name == wanted => Ok(()),
        "" => Err(ApiError::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: \
             name must be provided"
        ))),
        name => Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        ))),
    }
}

/// Stores a changed object, its owners in it: only the part that the request may change, only if
/// nothing else changed meanwhile, only if it is valid.
pub(super) fn store(
    tx: &mut Tx<'_>,
    terms: &Terms,
    before: &Object,
    mut after: Value,
) -> Result<Written, ApiError> {
    let stored = before.value();
    preconditions(terms, before, &after)?;
    match terms.part {
        Part::Main => keep(&mut after, &stored, "status"),
        Part::Status => after = with_status(&stored, &after),
    }
    keep_metadata(&mut after, &stored);
    let mut operation = None;
    if terms.part == Part::Main {
        let causes = changes(&stored, &after);
        check(terms.kind, &terms.key, &after, Some(&stored), causes)?;
        operation = terms
            .kind
            .rules
            .admit(tx, Some(&stored), &mut after, &terms.context)?;
    }
    let warnings = meta::warnings(Some(&stored), &after);
    let object = put(tx, &terms.key, after)?;
    Ok(Written {
        rv: object.rv,
        shown: Shown::Stored(object),
        before: Some(before.rv),
        operation,
        warnings,
    })
}

/// The stored object with another status, and its owners.
fn with_status(stored: &Value, after: &Value) -> Value {
    let mut object = stored.clone();
    match after.get("status") {
        Some(status) => object["status"] = status.clone(),
        None => keep(&mut object, &json!({}), "status"),
    }
    keep(&mut object["metadata"], &after["metadata"], "managedFields");
    object
}

fn preconditions(terms: &Terms, before: &Object, after: &Value) -> Result<(), ApiError> {
    if let Some(tags) = &terms.if_match
        && !tag_matches(tags, before.rv)
    {
        let error = ApiError::conflict(&terms.key, before.rv);
        return Err(error.with_status(StatusCode::PRECONDITION_FAILED));
    }
    match text(after, "/metadata/resourceVersion") {
        // Kubernetes reads a zero as nothing.
        "" | "0" if terms.force || terms.if_match.is_some() => Ok(()),
        "" | "0" => {
            let detail = "must be specified for an update";
            let cause = Cause::invalid("metadata.resourceVersion", &json!(0), detail);
            // Kubernetes names the plural here.
            Err(ApiError::invalid(
                &terms.key,
                terms.kind.info.plural,
                vec![cause],
            ))
        }
        rv if rv == before.rv.to_string() => Ok(()),
        rv if rv.parse::<u64>().is_err() => Err(ApiError::unclassified(format!(
            "strconv.ParseUint: parsing {rv:?}: invalid syntax"
        ))),
        _ => Err(ApiError::conflict(&terms.key, before.rv)),
    }
}

/// The words of a uid that is another object's.
fn wrong_uid(kind: &Kind, key: &Key, wanted: &str, found: &str) -> ApiError {
    let path = [kind.info.group, key.kind, &key.namespace, &key.name];
    let path = path.map(|part| {
        if part.is_empty() {
            String::new()
        } else {
            format!("/{part}")
        }
    });
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry{}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, \
         UID in object meta: {found}",
        path.concat()
    );
    ApiError::conflict_because(key, &why)
}

/// Puts back a member as it was stored.
fn keep(after: &mut Value, stored: &Value, member: &str) {
    let Some(object) = after.as_object_mut() else {
        return;
    };
    match stored.get(member) {
        Some(value) => drop(object.insert(member.to_owned(), value.clone())),
        None => drop(object.remove(member)),
    }
}

/// Members of metadata that only the server sets stay.
fn keep_metadata(after: &mut Value, stored: &Value) {
    if !after["metadata"].is_object() {
        after["metadata"] = json!({});
    }
    let (metadata, old) = (&mut after["metadata"], &stored["metadata"]);
    keep(metadata, old, "selfLink");
    for member in DELETION {
        // What is not there yet, nobody but a deletion may set; it is refused.
        if !old[member].is_null() || metadata[member].is_null() {
            keep(metadata, old, member);
        }
    }
    let held = meta::texts(&old["finalizers"]).contains(&ENGINE_FINALIZER);
    let holds = meta::texts(&metadata["finalizers"]).contains(&ENGINE_FINALIZER);
    if held && !holds {
        // The machine has not ended: its object must outlive it, whatever a client says.
        match metadata["finalizers"].as_array_mut() {
            Some(all) => all.push(json!(ENGINE_FINALIZER)),
            None => metadata["finalizers"] = json!([ENGINE_FINALIZER]),
        }
    }
    for member in ["finalizers", "ownerReferences"] {
        if metadata[member].is_null() || metadata[member] == json!([]) {
            keep(metadata, &json!({}), member);
        }
    }
}

/// Faults of the change itself: a dying object takes no new finalizers, identities stay.
fn changes(stored: &Value, after: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (metadata, old) = (&after["metadata"], &stored["metadata"]);
    let had = meta::texts(&old["finalizers"]);
    let mut new = meta::texts(&metadata["finalizers"]);
    new.retain(|finalizer| !had.contains(finalizer));
    new.sort_unstable();
    if !new.is_empty() && old["deletionTimestamp"].is_string() {
        let new: Vec<String> = new
            .iter()
            .map(|finalizer| format!("{finalizer:?}"))
            .collect();
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, \
             found new finalizers []string{{{}}}",
            new.join(", ")
        );
        causes.push(Cause::forbidden("metadata.finalizers", &detail));
    }
    let set = |member: &&str| !metadata[*member].is_null() && metadata[*member] != old[*member];
    for member in ["uid"].into_iter().chain(DELETION).filter(set) {
        let field = format!("metadata.{member}");
        causes.push(Cause::invalid(
            field,
            &metadata[member],
            "field is immutable",
        ));
    }
    causes
}
