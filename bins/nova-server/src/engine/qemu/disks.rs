//! The disks of a VM: overlays over images and blank ones, made whole or not at all.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::Instant;

use super::errors::{explain, last_line, write_error};
use super::layout::Layout;
use super::{probe, seed};
use crate::engine::{Disk, DiskSource, EngineError, Machine, Progress};

/// Making an overlay or growing a disk writes a few blocks only.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a program of a killed server may still hold a disk.
const OVERLAP: Duration = Duration::from_secs(2);

/// Makes what is missing of the machine's disks, and grows what is too small.
pub(super) async fn provide(
    layout: &Layout,
    machine: &Machine,
    progress: &Progress,
) -> Result<(), EngineError> {
    if machine.disks.is_empty() && machine.cloud_init.is_none() {
        return Ok(());
    }
    nova_core::fs::create_private_dir(&layout.disks())
        .map_err(|error| write_error(&layout.disks(), &error))?;
    let total = u64::try_from(machine.disks.len()).unwrap_or_default();
    for (done, disk) in (0..).zip(&machine.disks) {
        progress.report("disks", done, total, "disks");
        provide_disk(layout, disk).await?;
    }
    progress.report("disks", total, total, "disks");
    match &machine.cloud_init {
        Some(cloud_init) => seed::write(layout, &machine.uid, cloud_init),
        None => Ok(()),
    }
}

async fn provide_disk(layout: &Layout, disk: &Disk) -> Result<(), EngineError> {
    check(disk)?;
    if disk.read_only && matches!(disk.source, DiskSource::Image { .. }) {
        // QEMU opens the image itself.
        return Ok(());
    }
    let path = layout.disk(&disk.name);
    match virtual_size(&path) {
        Some(current) => grow(&path, &disk.name, current, disk.size.unwrap_or(current)).await,
        None => create(layout, disk, &path).await,
    }
}

fn check(disk: &Disk) -> Result<(), EngineError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if disk.name.is_empty() || disk.name.starts_with('.') || !disk.name.chars().all(plain) {
        return Err(EngineError::Invalid(format!(
            "{:?} cannot name a disk",
            disk.name
        )));
    }
    let DiskSource::Image { path, format } = &disk.source else {
        return Ok(());
    };
    if !path.exists() {
        return Err(EngineError::MissingFile {
            what: "image",
            path: path.display().to_string(),
        });
    }
    if !["qcow2", "raw"].contains(&format.as_str()) {
        return Err(EngineError::Invalid(format!(
            "disk {}: unknown image format {format:?}",
            disk.name
        )));
    }
    let least = source_size(path, format);
    if least.is_none() {
        let text = format!(
            "disk {}: {} is not in {format} format",
            disk.name,
            path.display()
        );
        return Err(EngineError::Invalid(text));
    }
    match (disk.size, least) {
        (Some(size), Some(least)) if size < least => Err(EngineError::Invalid(format!(
            "disk {}: {size} bytes are less than the {least} bytes of its image",
            disk.name
        ))),
        _ => Ok(()),
    }
}

fn source_size(path: &Path, format: &str) -> Option<u64> {
    match format {
        "qcow2" => virtual_size(path),
        _ => fs::metadata(path).ok().map(|meta| meta.len()),
    }
}

/// The size that a qcow2 file shows to its guest, read from its header; `None` if it is none.
pub(super) fn virtual_size(path: &Path) -> Option<u64> {
    let mut header = [0; 32];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    let size = header[24..].try_into().ok()?;
    header
        .starts_with(b"QFI\xFB")
        .then(|| u64::from_be_bytes(size))
}

/// Makes the disk beside its place and moves it there, so that a disk which exists is whole.
async fn create(layout: &Layout, disk: &Disk, path: &Path) -> Result<(), EngineError> {
    // A name of its own for each attempt: the program of a killed server may still hold an older one.
    let attempt = uuid::Uuid::new_v4().simple();
    let part = layout
        .disks()
        .join(format!(".{}.{attempt}.part", disk.name));
    let mut arguments: Vec<PathBuf> = ["create", "-q", "-f", "qcow2"].map(PathBuf::from).into();
    if let DiskSource::Image { path, format } = &disk.source {
        arguments.extend(["-b".into(), path.clone(), "-F".into(), format.into()]);
    }
    arguments.push(part.clone());
    match (disk.size, &disk.source) {
        (Some(size), _) => arguments.push(size.to_string().into()),
        (None, DiskSource::Image { .. }) => {}
        (None, DiskSource::Blank) => {
            return Err(EngineError::Invalid(format!(
                "disk {}: a blank disk needs a size",
                disk.name
            )));
        }
    }
    let made = qemu_img(&arguments)
        .await
        .and_then(|()| settle(&part, path));
    if made.is_err() {
        // Nothing may stay of a disk that could not be made; it may not have come to be at all.
        drop(fs::remove_file(&part));
    }
    made
}

/// Makes a finished file durable under its final name.
fn settle(part: &Path, path: &Path) -> Result<(), EngineError> {
    let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    let parent = path.parent().unwrap_or(Path::new("/"));
    sync(part)
        .and_then(|()| fs::rename(part, path))
        .and_then(|()| sync(parent))
        .map_err(|error| write_error(path, &error))
}

async fn grow(path: &Path, name: &str, current: u64, wanted: u64) -> Result<(), EngineError> {
    if wanted < current {
        return Err(EngineError::Invalid(format!(
            "disk {name}: shrinking from {current} to {wanted} bytes would cut off data"
        )));
    }
    // QEMU works in sectors and rounds up.
    if wanted.next_multiple_of(512) == current {
        return Ok(());
    }
    let arguments = ["resize", "-q", "-f", "qcow2"]
        .map(PathBuf::from)
        .into_iter();
    let arguments: Vec<_> = arguments
        .chain([path.into(), wanted.to_string().into()])
        .collect();
    qemu_img(&arguments).await
}

/// Runs qemu-img. One of a killed server may still be at work on the same disk, for a moment.
async fn qemu_img(arguments: &[PathBuf]) -> Result<(), EngineError> {
    let deadline = Instant::now() + OVERLAP;
    loop {
        match qemu_img_once(arguments).await {
            Err(EngineError::Conflict(_)) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            result => return result,
        }
    }
}

async fn qemu_img_once(arguments: &[PathBuf]) -> Result<(), EngineError> {
    let program = probe::find(probe::QEMU_IMG, "making disks")?;
    let run = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run)
        .await
        .map_err(|_| EngineError::Timeout {
            what: probe::QEMU_IMG.into(),
            after: PATIENCE,
        })?
        .map_err(|error| {
            EngineError::Other(format!("cannot run {}: {error}", program.display()))
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(explain(last_line(&String::from_utf8_lossy(&output.stderr))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(source: DiskSource, size: Option<u64>) -> Disk {
        Disk {
            name: "root".into(),
            source,
            size,
            read_only: false,
            serial: None,
            boot_index: None,
        }
    }

    #[test]
    fn the_size_in_a_header_is_read_and_other_files_have_none() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        let mut header = [0; 512];
        header[..4].copy_from_slice(b"QFI\xFB");
        header[24..32].copy_from_slice(&(3_u64 << 30).to_be_bytes());
        File::create(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, &header))
            .unwrap();
        assert_eq!(virtual_size(&path), Some(3 << 30));
        let image = DiskSource::Image {
            path: path.clone(),
            format: "qcow2".into(),
        };
        assert!(matches!(
            check(&disk(image.clone(), Some(1 << 30))),
            Err(EngineError::Invalid(_))
        ));
        assert!(check(&disk(image, Some(4 << 30))).is_ok());
        File::create(&path).unwrap();
        assert_eq!(virtual_size(&path), None);
        let image = DiskSource::Image {
            path,
            format: "qcow2".into(),
        };
        assert!(matches!(
            check(&disk(image, None)),
            Err(EngineError::Invalid(_))
        ));
    }

    #[test]
    fn a_missing_image_and_a_name_that_leaves_the_directory_are_refused() {
        let image = DiskSource::Image {
            path: "/nosuch.qcow2".into(),
            format: "qcow2".into(),
        };
        assert!(matches!(
            check(&disk(image, None)),
            Err(EngineError::MissingFile { .. })
        ));
        let escape = Disk {
            name: "../x".into(),
            ..disk(DiskSource::Blank, Some(1))
        };
        assert!(matches!(check(&escape), Err(EngineError::Invalid(_))));
    }
}
