//! Chooses the packages that the image is made from.

use super::catalog::{self, Package};
use super::{Error, Step};

/// Kernel packages to look for, by preference: small kernels for virtual machines first.
const KERNELS: [&str; 3] = [
    "linux-image-cloud-{arch}",
    "linux-image-virtual",
    "linux-image-{arch}",
];

/// The packages of the image as apt would install them today, sorted.
pub(crate) fn choose(progress: &mut dyn FnMut(Step)) -> Result<Vec<Package>, Error> {
    match resolve() {
        // A fresh machine has no package lists. Only root may fetch them; others get the hint.
        Err(error @ Error::UnknownPackage { .. }) => {
            progress(Step::Updating);
            catalog::update().map_err(|_| error)?;
            resolve()
        }
        other => other,
    }
}

fn resolve() -> Result<Vec<Package>, Error> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => return Err(Error::Architecture { arch: other.into() }),
    };
    let mut names = kernel_packages(arch)?;
    names.push("busybox-static".into());
    names.extend(catalog::with_libraries("qemu-guest-agent")?);
    names.sort();
    names.dedup();
    catalog::locate(&names)
}

/// The image package behind the meta package, and its modules where they are apart.
fn kernel_packages(arch: &str) -> Result<Vec<String>, Error> {
    let mut last = None;
    for meta in KERNELS.map(|name| name.replace("{arch}", arch)) {
        match catalog::depends(&meta) {
            Ok(needed) => {
                let mut names: Vec<_> = needed
                    .into_iter()
                    .filter(|name| name.starts_with("linux-image-"))
                    .collect();
                for image in names.clone() {
                    let needed = catalog::depends(&image)?;
                    names.extend(
                        needed
                            .into_iter()
                            .filter(|name| name.starts_with("linux-modules-")),
                    );
                }
                return Ok(names);
            }
            Err(error) => last = last.or(Some(error)),
        }
    }
    Err(last.unwrap_or(Error::KernelIncomplete {
        what: "package".into(),
    }))
}
