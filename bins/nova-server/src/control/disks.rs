//! The disks of a machine, from specs and images.

use nova_api::types::{DiskSpec, Image, Quantity, RunState, VirtualMachine};
use serde_json::json;

use super::resolve::{Blocked, Faults, Library, is_direct, path, ready_image};
use crate::api::error::Cause;
use crate::engine::{Disk, DiskSource};

/// The disks of a VM, its image's first.
pub(super) fn resolve(
    vm: &VirtualMachine,
    image: Option<&Image>,
    library: &dyn Library,
    faults: &mut Faults,
) -> Result<Vec<Disk>, Blocked> {
    let mut specs = vm.spec.disks.clone().unwrap_or_default();
    if let Some(image) = image.filter(|image| !is_direct(image)) {
        image_becomes_first_disk(&mut specs, &image.metadata.name, faults);
    }
    let mut out = Vec::new();
    for (i, spec) in specs.iter().enumerate() {
        if let Some(disk) = disk(i, spec, library, faults)? {
            out.push(disk);
        }
    }
    // A machine that stays off may get its disks later.
    let off = vm.spec.run_state == Some(RunState::Stopped);
    if out.is_empty() && image.is_none() && !off {
        faults.push(Cause::required(
            "spec.image",
            "nothing to boot from: name an image or a disk",
        ));
    }
    Ok(out)
}

/// A disk image is the source of the first disk; there may be a first disk that only gives its size.
fn image_becomes_first_disk(specs: &mut Vec<DiskSpec>, image: &str, faults: &mut Faults) {
    let has_source = |d: &DiskSpec| d.image.is_some() || d.blank.is_some() || d.cdrom.is_some();
    match specs.first_mut() {
        Some(first) if !has_source(first) => first.image = Some(image.into()),
        Some(first) if first.image.is_some() => {
            let text = "an image on the first disk and spec.image exclude each other";
            faults.push(Cause::forbidden("spec.image", text));
        }
        _ => specs.insert(0, root_disk(image)),
    }
}

fn root_disk(image: &str) -> DiskSpec {
    DiskSpec {
        name: "root".into(),
        image: Some(image.into()),
        ..DiskSpec::default()
    }
}

fn disk(
    i: usize,
    spec: &DiskSpec,
    library: &dyn Library,
    faults: &mut Faults,
) -> Result<Option<Disk>, Blocked> {
    let field = format!("spec.disks[{i}]");
    let size = spec.size.as_ref().and_then(Quantity::bytes);
    let source = match (
        spec.image.as_deref().or(spec.cdrom.as_deref()),
        &spec.volume,
    ) {
        (Some(name), _) => from_image(name, library)?,
        (None, None) if size.is_some() => DiskSource::Blank,
        (None, None) => {
            faults.push(Cause::required(
                format!("{field}.size"),
                "a blank disk needs a size",
            ));
            return Ok(None);
        }
        (None, Some(_)) => {
            let text = "volumes are not supported by this server yet";
            faults.push(Cause::forbidden(format!("{field}.volume"), text));
            return Ok(None);
        }
    };
    if size == Some(0) {
        faults.push(Cause::invalid(
            format!("{field}.size"),
            &json!(spec.size),
            "must be positive",
        ));
    }
    Ok(Some(Disk {
        name: if spec.name.is_empty() {
            format!("disk{i}")
        } else {
            spec.name.clone()
        },
        source,
        size,
        read_only: spec.read_only.unwrap_or(spec.cdrom.is_some()),
        serial: spec.serial.clone(),
        boot_index: spec.boot_index.and_then(|n| u32::try_from(n).ok()),
    }))
}

fn from_image(name: &str, library: &dyn Library) -> Result<DiskSource, Blocked> {
    let image = ready_image(name, library)?;
    let file = image
        .spec
        .files
        .and_then(|files| files.disk)
        .unwrap_or_default();
    let path = path(Some(&file), library).ok_or_else(|| Blocked::ImageFailed(name.into()))?;
    Ok(DiskSource::Image {
        path,
        format: file.format.unwrap_or_else(|| "qcow2".into()),
    })
}
