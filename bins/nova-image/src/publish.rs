//! Gives an image to the server: the object first, then its files, until the server calls it Ready.

use std::path::PathBuf;
use std::time::Duration;

use nova_api::client::{ApiError, DeleteOptions, Resources, WaitFor, WriteOptions};
use nova_api::{Image, ImageSpec, Patch, Resource};
use nova_core::{Change, Cx, Failure, Kind, Outcome, Result};
use serde_json::{Value, json};

/// How long a replaced image may take to go, and a complete one to become Ready.
const SETTLE: Duration = Duration::from_mins(1);

/// An image to publish.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Name of the object.
    pub(crate) name: String,
    /// Its spec, with the digests of its files.
    pub(crate) spec: ImageSpec,
    /// Its files by role.
    pub(crate) files: Vec<(&'static str, PathBuf)>,
    /// The word for what was done: `built`.
    pub(crate) done: &'static str,
    /// What to do about an image of that name with other files.
    pub(crate) present: Present,
    /// Change nothing.
    pub(crate) dry_run: bool,
}

/// What to do about an image of the same name with other files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Present {
    /// Delete it first; the server refuses while VMs use it.
    Replace,
    /// Refuse.
    Keep,
}

/// What the server has under the name.
enum Found {
    Nothing,
    /// The same files; whether they are all there.
    Same {
        ready: bool,
    },
    Other,
}

/// Publishes `draft` among `images` and says what became of it.
pub(crate) async fn publish(cx: &Cx, images: &Resources<Image>, draft: &Draft) -> Outcome {
    let result = bring(cx, images, draft).await;
    let object = match &result {
        Ok(_) => images.get_value(&draft.name).await.ok(),
        Err(_) => None,
    };
    outcome(&draft.name, result, object)
}

/// The outcome of one image.
pub(crate) fn outcome(name: &str, result: Result<Change>, object: Option<Value>) -> Outcome {
    Outcome {
        target: format!("image/{name}"),
        full_name: format!("{}/{name}", Image::INFO.qualified_singular()),
        result,
        object,
    }
}

async fn bring(cx: &Cx, images: &Resources<Image>, draft: &Draft) -> Result<Change> {
    let found = look(images, draft).await?;
    if let Found::Same { ready: true } = found {
        return settle_details(images, draft).await;
    }
    if matches!(found, Found::Other) && draft.present == Present::Keep {
        return Err(other_content(&draft.name));
    }
    if draft.dry_run {
        return Ok(Change::WouldDo(draft.done.to_owned(), "client"));
    }
    if let Found::Other = found {
        replace(images, &draft.name).await?;
    }
    if !matches!(found, Found::Same { .. }) {
        let object = json!({
            "apiVersion": Image::INFO.api_version(),
            "kind": Image::INFO.kind,
            "metadata": {"name": draft.name},
            "spec": draft.spec,
        });
        images.create(&object, &WriteOptions::default()).await?;
    }
    upload(cx, images, draft).await?;
    Ok(Change::done(draft.done))
}

async fn look(images: &Resources<Image>, draft: &Draft) -> Result<Found> {
    let image = match images.get(&draft.name).await {
        Ok(image) => image,
        Err(error) if error.is_not_found() => return Ok(Found::Nothing),
        Err(error) => return Err(error.into()),
    };
    if digests(&image.spec) != digests(&draft.spec) {
        return Ok(Found::Other);
    }
    let phase = image.status.and_then(|status| status.phase);
    Ok(Found::Same {
        ready: phase.is_some_and(|phase| phase.to_string() == "Ready"),
    })
}

fn digests(spec: &ImageSpec) -> [Option<&str>; 3] {
    let files = spec.files.as_ref();
    let disk = files.and_then(|files| files.disk.as_ref());
    let kernel = files.and_then(|files| files.kernel.as_ref());
    let initrd = files.and_then(|files| files.initrd.as_ref());
    [disk, kernel, initrd].map(|file| file?.sha256.as_deref())
}

/// Files are immutable, the rest is not: a newer recipe may boot the same files differently.
async fn settle_details(images: &Resources<Image>, draft: &Draft) -> Result<Change> {
    let now = images.get_value(&draft.name).await?;
    let wanted = serde_json::to_value(&draft.spec).unwrap_or_default();
    let differs = wanted.as_object().is_some_and(|fields| {
        fields
            .iter()
            .any(|(key, value)| key != "files" && now["spec"][key] != *value)
    });
    if !differs {
        return Ok(Change::Unchanged);
    }
    if draft.dry_run {
        return Ok(Change::WouldDo("updated".to_owned(), "client"));
    }
    let mut spec = wanted;
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("files");
    }
    let patch = Patch::Merge(json!({ "spec": spec }));
    images
        .patch(&draft.name, &patch, &WriteOptions::default())
        .await?;
    Ok(Change::done("updated"))
}

async fn replace(images: &Resources<Image>, name: &str) -> Result<()> {
    if let Err(error) = images.delete(name, &DeleteOptions::default()).await {
        let failure = Failure::from(error);
        let hint =
            format!("delete those VMs first, or give the new image another name: --name {name}-2");
        return Err(if failure.kind() == Kind::Conflict {
            failure.with_hint(hint)
        } else {
            failure
        });
    }
    images.wait(name, &WaitFor::Delete, None, SETTLE).await?;
    Ok(())
}

async fn upload(cx: &Cx, images: &Resources<Image>, draft: &Draft) -> Result<()> {
    // The server may know the files from another image of the same content.
    if matches!(look(images, draft).await?, Found::Same { ready: true }) {
        return Ok(());
    }
    let progress = cx.progress(&format!("uploading image/{}", draft.name));
    for (role, file) in &draft.files {
        let sent = images
            .upload(&draft.name, role, file, Some(&progress))
            .await;
        sent.map_err(|error| broken_off(&draft.name, error))?;
    }
    progress.finish();
    let ready = WaitFor::Phase("Ready".to_owned());
    images.wait(&draft.name, &ready, None, SETTLE).await?;
    Ok(())
}

fn broken_off(name: &str, error: ApiError) -> Failure {
    Failure::from(error).with_hint(format!(
        "the image is kept without its files; try again, or: nova image delete {name}"
    ))
}

fn other_content(name: &str) -> Failure {
    Failure::new(
        Kind::Conflict,
        format!("image {name:?} exists with other content"),
    )
    .with_hint("choose another name with --name")
    .with_hint(format!("nova image delete {name}"))
}
