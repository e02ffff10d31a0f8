//! `Image`: files by digest. An image is Ready when each file that it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use nova_api::types::{Image, Quantity, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Context, DeleteOptions, Deletion, FULL, Kind, Rules, mark_or_delete, text, unknown_of,
};
use crate::api::columns::{Cell, Column};
use crate::api::error::{ApiError, Cause};
use crate::app::{App, ImageFiles};
use crate::store::{Durability, Object, Tx};

pub(crate) static KIND: Kind = Kind {
    info: Image::INFO,
    categories: &["all"],
    verbs: FULL,
    columns: &[
        Column::name(),
        Column::text(
            "Status",
            ".status.phase",
            Cell::At("/status/phase"),
            "State of the image",
        ),
        Column::text("Type", ".spec.type", Cell::By(kind_of), "disk or direct"),
        Column::text("OS", ".spec.os", Cell::At("/spec/os"), "Operating system"),
        Column::text(
            "Arch",
            ".spec.arch",
            Cell::At("/spec/arch"),
            "Processor architecture",
        ),
        Column::text(
            "Size",
            ".status.size",
            Cell::By(size_for_people),
            "Size of its files",
        ),
        Column::age(),
        Column::text(
            "Agent",
            ".spec.agent",
            Cell::At("/spec/agent"),
            "Agent inside",
        )
        .wide(),
        Column::text(
            "Digest",
            ".status.digest",
            Cell::At("/status/digest"),
            "Digest",
        )
        .wide(),
    ],
    selectable: &["status.phase", "spec.type", "spec.os", "spec.arch"],
    subresources: &[
        ("status", &["get", "patch", "update"]),
        ("content", &["get", "update"]),
    ],
    unknown: unknown_of::<Image>,
    rules: &Rule,
};

/// Time between a deletion and the removal of its files.
const SWEEP_AFTER: Duration = Duration::from_millis(500);

/// Roles of files.
pub(crate) const ROLES: &[&str] = &["disk", "kernel", "initrd"];

fn kind_of(image: &Value) -> Value {
    image
        .pointer("/spec/type")
        .cloned()
        .unwrap_or(json!("disk"))
}

/// `status.size` is exact; a column is read by people.
fn size_for_people(image: &Value) -> Value {
    let size: Option<Quantity> = text(image, "/status/size").parse().ok();
    size.map_or(Value::Null, |size| json!(size.human_size()))
}

struct Rule;

impl Rules for Rule {
    fn validate(&self, image: &Value, before: Option<&Value>) -> Vec<Cause> {
        let mut causes = Vec::new();
        let kind = kind_of(image);
        if !matches!(kind.as_str(), Some("disk" | "direct")) {
            causes.push(Cause::unsupported("spec.type", &kind, &["disk", "direct"]));
        }
        let needed = if kind == "direct" { "kernel" } else { "disk" };
        let files = image.pointer("/spec/files").and_then(Value::as_object);
        let uploads = image.pointer("/spec/source/url").is_none();
        if uploads && !files.is_some_and(|files| files.contains_key(needed)) {
            let field = format!("spec.files.{needed}");
            causes.push(Cause::required(
                field,
                &format!("an image of type {kind} has one"),
            ));
        }
        for (role, file) in files.into_iter().flatten() {
            let field = format!("spec.files.{role}.sha256");
            match file["sha256"].as_str() {
                None => causes.push(Cause::required(field, "64 hexadecimal digits")),
                Some(digest) if !is_digest(digest) => {
                    let detail = "must be 64 lower-case hexadecimal digits";
                    causes.push(Cause::invalid(field, &json!(digest), detail));
                }
                Some(_) => {}
            }
        }
        let changed =
            before.is_some_and(|b| b.pointer("/spec/files") != image.pointer("/spec/files"));
        if changed {
            let detail = "field is immutable: make another image";
            causes.push(Cause::forbidden("spec.files", detail));
        }
        causes
    }

    fn admit(
        &self,
        _tx: &mut Tx<'_>,
        before: Option<&Value>,
        after: &mut Value,
        context: &Context,
    ) -> Result<Option<String>, ApiError> {
        if before.is_none() {
            refresh(after, &context.app.images);
        }
        Ok(None)
    }

    fn delete(
        &self,
        tx: &mut Tx<'_>,
        object: &Object,
        _options: &DeleteOptions,
        _context: &Context,
    ) -> Result<Deletion, ApiError> {
        let users = users(tx, object);
        if !users.is_empty() {
            return Err(ApiError::in_use(&object.key, &users));
        }
        mark_or_delete(tx, object)
    }

    fn deleted(&self, app: &Arc<App>) {
        // Many deletions in a row are followed by one look at what is left.
        if !app.images.announce_sweep() {
            return;
        }
        let app = Arc::clone(app);
        tokio::spawn(async move {
            tokio::time::sleep(SWEEP_AFTER).await;
            app.images.begin_sweep();
            sweep(&app).await;
        });
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The digests of an image's files.
pub(crate) fn digests(image: &Value) -> impl Iterator<Item = &str> {
    let files = image.pointer("/spec/files").and_then(Value::as_object);
    files
        .into_iter()
        .flatten()
        .filter_map(|(_, file)| file["sha256"].as_str())
}

/// Sets the status by the files that are there.
pub(crate) fn refresh(image: &mut Value, files: &ImageFiles) {
    let sizes: Vec<Option<u64>> = digests(image).map(|digest| files.size(digest)).collect();
    let there: u64 = sizes.iter().flatten().sum();
    let ready = !sizes.is_empty() && sizes.iter().all(Option::is_some);
    let any = sizes.iter().any(Option::is_some);
    let phase = match (ready, any) {
        (true, _) => "Ready",
        (_, true) => "Uploading",
        _ => "Pending",
    };
    let main = ["/spec/files/disk/sha256", "/spec/files/kernel/sha256"];
    let digest = main
        .iter()
        .map(|pointer| text(image, pointer))
        .find(|d| !d.is_empty());
    let mut status = json!({"phase": phase, "size": Quantity::from_bytes(there).canonical()});
    if let Some(digest) = digest {
        status["digest"] = json!(format!("sha256:{digest}"));
    }
    if let Some(virtual_size) = image.pointer("/status/virtualSize") {
        status["virtualSize"] = virtual_size.clone();
    }
    image["status"] = status;
}

/// Machines that were made from an image, as `namespace/name`.
fn users(tx: &Tx<'_>, image: &Object) -> Vec<String> {
    let (namespace, name) = (&image.key.namespace, &image.key.name);
    let scope = (namespace != "public").then_some(namespace.as_str());
    let machines = tx.list("virtualmachines", scope);
    let hidden = |vm: &Object| {
        // An image of the machine's own namespace comes before one of `public`.
        let own = crate::store::Key::new("images", &*vm.key.namespace, &**name);
        vm.key.namespace != *namespace && tx.get(&own).is_some()
    };
    machines
        .iter()
        .filter(|vm| names_image(&vm.value(), name) && !hidden(vm))
        .map(|vm| format!("virtualmachine {}/{}", vm.key.namespace, vm.key.name))
        .collect()
}

fn names_image(vm: &Value, name: &str) -> bool {
    let disks = vm.pointer("/spec/disks").and_then(Value::as_array);
    text(vm, "/spec/image") == name || disks.into_iter().flatten().any(|d| d["image"] == name)
}

/// As much of an image as says which files it names.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    spec: NamedSpec,
}

#[derive(Default, Deserialize)]
struct NamedSpec {
    #[serde(default)]
    files: BTreeMap<String, NamedFile>,
}

#[derive(Deserialize)]
struct NamedFile {
    sha256: Option<String>,
}

/// Removes files that no image names any longer. It runs between writes, so that an image which is
/// being made cannot lose a file that it was just found to have.
pub(crate) async fn sweep(app: &Arc<App>) {
    let files = app.images.clone();
    let swept = app.store.write(Durability::Status, move |tx| {
        let images = tx.list("images", None);
        let used: BTreeSet<String> = images
            .iter()
            .filter_map(|image| image.decode::<Named>().ok())
            .flat_map(|image| {
                image
                    .spec
                    .files
                    .into_values()
                    .filter_map(|file| file.sha256)
            })
            .collect();
        Ok(files.sweep(&used))
    });
    match swept.await {
        Ok(Ok(removed)) if removed.is_empty() => {}
        Ok(Ok(removed)) => tracing::info!(files = ?removed, "removed files that no image names"),
        Ok(Err(error)) => tracing::warn!(%error, "cannot remove unused image files"),
        Err(error) => tracing::warn!(%error, "cannot look for unused image files"),
    }
}
