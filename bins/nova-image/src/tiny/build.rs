//! Builds the tiny image from packages, or finds the one built before from the same packages.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_core::fs::Lock;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Error;
use super::catalog::{self, Checksum, Package};
use super::downloads::Downloads;
use super::modules::Modules;
use super::packages;
use super::rootfs::{self, Parts};
use crate::digest;

/// Raised when this program lays out the same packages differently.
const LAYOUT: u32 = 1;

/// What the agent's way to the host needs; loaded before everything else.
const REQUIRED: [&str; 2] = ["virtio_pci", "virtio_console"];

/// What a guest makes use of if its kernel has it.
const OPTIONAL: [&str; 8] = [
    "virtio_mmio",
    "virtio_net",
    "virtio_blk",
    "virtio_rng",
    "virtio_balloon",
    "evdev",
    "button",
    "ext4",
];

/// Parts of the kernel that cost tenths of a second and that this guest never uses: a self-test of
/// key derivation, kprobe events, and the speaker. Kernels without them ignore the names.
const SLOW_INITCALLS: &str = "crypto_kdf108_init,init_kprobe_trace,add_pcspkr";

/// How long a build waits for another one.
const PATIENCE: Duration = Duration::from_mins(10);

/// What a build is busy with, for a progress display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Asking apt for packages.
    Resolving,
    /// Fetching apt's package lists anew.
    Updating,
    /// Downloading packages.
    Downloading {
        /// Bytes so far.
        done: u64,
        /// Bytes to download.
        total: u64,
    },
    /// Unpacking packages.
    Unpacking,
    /// Writing the initial RAM disk.
    Packing,
}

/// A finished tiny image.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Built {
    /// Kernel file.
    pub kernel: ImageFile,
    /// Initial RAM disk file.
    pub initrd: ImageFile,
    /// Kernel command line.
    pub cmdline: String,
    /// Kernel release, such as `6.1.0-56-cloud-amd64`.
    pub release: String,
    /// Architecture as the compiler spells it, such as `x86_64`.
    pub arch: String,
    /// Versions of the packages it is made from, by name.
    pub packages: Vec<(String, String)>,
}

/// One file of an image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImageFile {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// Builds the image below `cache`, or returns the one already there for the same packages.
///
/// Needs apt and its package lists, `dpkg-deb`, and no privilege; `progress` hears of every step.
/// `anew` does not look for an earlier build.
pub fn build(cache: &Path, anew: bool, progress: &mut dyn FnMut(Step)) -> Result<Built, Error> {
    let dir = cache.join("packages");
    fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
    // Two builds at once would download everything twice; the second waits and finds the first's.
    let _guard = Lock::take(&cache.join("lock"), PATIENCE).map_err(Error::Run)?;
    let downloads = Downloads::new(dir);
    progress(Step::Resolving);
    let mut packages = packages::choose(progress)?;
    if !anew && let Some(built) = finished(&cache.join(key(&packages))) {
        return Ok(built);
    }
    if let Err(error) = fetch(&downloads, &packages, progress) {
        packages = chosen_again(error, progress)?;
        fetch(&downloads, &packages, progress)?;
    }
    let built = make(cache, &downloads, &packages, progress)?;
    forget_the_rest(cache, &key(&packages));
    downloads.forget_others(&packages);
    Ok(built)
}

/// Old lists name files that the mirror no longer has. Only root may fetch new ones; for others,
/// and for other errors, `error` stands.
fn chosen_again(error: Error, progress: &mut dyn FnMut(Step)) -> Result<Vec<Package>, Error> {
    if !matches!(error, Error::Download { .. }) {
        return Err(error);
    }
    progress(Step::Updating);
    catalog::update().map_err(|_| error)?;
    packages::choose(progress)
}

fn make(
    cache: &Path,
    downloads: &Downloads,
    packages: &[Package],
    progress: &mut dyn FnMut(Step),
) -> Result<Built, Error> {
    let tree = tempfile::tempdir_in(cache).map_err(Error::io("create a directory in", cache))?;
    progress(Step::Unpacking);
    for package in packages {
        downloads.unpack(package, tree.path())?;
    }
    progress(Step::Packing);
    write_image(tree.path(), &cache.join(key(packages)), packages)
}

/// Removes builds of other packages and what a kill left of unpacking. The server has the files
/// of its images itself, so whatever cannot be removed only takes space.
fn forget_the_rest(cache: &Path, key: &str) {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.path().is_dir()) {
        if entry.file_name() != key && entry.file_name() != "packages" {
            let removed = fs::remove_dir_all(entry.path());
            tracing::debug!(path = ?entry.path(), ?removed, "forgetting an old build");
        }
    }
}

fn fetch(
    downloads: &Downloads,
    packages: &[Package],
    progress: &mut dyn FnMut(Step),
) -> Result<(), Error> {
    let missing = packages.iter().filter(|package| !downloads.has(package));
    let total = missing.map(|package| package.size).sum();
    downloads.fetch(packages, |done| {
        progress(Step::Downloading {
            done: done.min(total),
            total,
        });
    })
}

/// Names a build by all that determines its bytes.
fn key(packages: &[Package]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!(
        "{LAYOUT} {REQUIRED:?} {OPTIONAL:?} {}\n",
        cmdline()
    ));
    for file in rootfs::OWN_FILES {
        hasher.update(Sha256::digest(file));
    }
    for package in packages {
        let (Checksum::Sha256(checksum) | Checksum::Sha512(checksum)) = &package.checksum;
        hasher.update(format!("{} {checksum}\n", package.file));
    }
    digest::hex(&hasher.finalize())[..16].to_owned()
}

fn finished(home: &Path) -> Option<Built> {
    let text = fs::read(home.join("build.json")).ok()?;
    let built: Built = serde_json::from_slice(&text).ok()?;
    let intact = |file: &ImageFile| describe(&file.path).is_ok_and(|now| now.sha256 == file.sha256);
    (intact(&built.kernel) && intact(&built.initrd)).then_some(built)
}

fn write_image(tree: &Path, home: &Path, packages: &[Package]) -> Result<Built, Error> {
    let (release, kernel) = find_kernel(tree)?;
    let busybox = rootfs::busybox(tree)?;
    let modules_dir = first_existing(tree, &release)?;
    let index = Modules::index(&modules_dir, &busybox)?;
    let optional = OPTIONAL.into_iter().filter(|name| index.knows(name));
    let wanted: Vec<_> = REQUIRED.into_iter().chain(optional).collect();
    let modules = index.closure(&wanted)?;
    let archive = rootfs::assemble(&Parts {
        tree,
        release: &release,
        modules: &modules,
    })?;

    fs::create_dir_all(home).map_err(Error::io("create", home))?;
    let initrd = home.join("initrd");
    let kernel_copy = home.join("kernel");
    fs::copy(&kernel, &kernel_copy).map_err(Error::io("copy", &kernel))?;
    write_whole(&initrd, |out| archive.write_gzip(out))?;
    let built = Built {
        kernel: describe(&kernel_copy)?,
        initrd: describe(&initrd)?,
        cmdline: cmdline(),
        release,
        arch: std::env::consts::ARCH.into(),
        packages: packages
            .iter()
            .map(|package| (package.name.clone(), package.version.clone()))
            .collect(),
    };
    write_whole(&home.join("build.json"), |out| {
        serde_json::to_writer_pretty(out, &built).map_err(io::Error::from)
    })?;
    Ok(built)
}

fn find_kernel(tree: &Path) -> Result<(String, PathBuf), Error> {
    let boot = tree.join("boot");
    let entries = fs::read_dir(&boot).map_err(Error::io("read", &boot))?;
    let mut kernels = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some((name.strip_prefix("vmlinuz-")?.to_owned(), entry.path()))
    });
    kernels.next().ok_or_else(|| Error::KernelIncomplete {
        what: "`vmlinuz`".into(),
    })
}

fn first_existing(tree: &Path, release: &str) -> Result<PathBuf, Error> {
    let places = ["lib/modules", "usr/lib/modules"].map(|place| tree.join(place).join(release));
    let found = places.into_iter().find(|place| place.is_dir());
    found.ok_or_else(|| Error::KernelIncomplete {
        what: "modules".into(),
    })
}

/// Every word is for speed under emulation, where boots are tests: no messages on the slow serial
/// line, no self-tests of ciphers, no relocation of the kernel. Mitigations guard boundaries within
/// a guest, and this one has none: all in it is root.
fn cmdline() -> String {
    let console = if cfg!(target_arch = "aarch64") {
        "ttyAMA0"
    } else {
        "ttyS0"
    };
    format!(
        "console={console} quiet panic=1 nokaslr mitigations=off cryptomgr.notests initcall_blacklist={SLOW_INITCALLS}"
    )
}

fn describe(path: &Path) -> Result<ImageFile, Error> {
    let (size, sha256) = digest::of_file::<Sha256>(path).map_err(Error::io("read", path))?;
    Ok(ImageFile {
        path: path.to_owned(),
        size,
        sha256,
    })
}

/// Writes beside `path` and renames, so that a reader never sees half a file.
fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> Result<(), Error> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(dir).map_err(Error::io("create a file in", dir))?;
    let mut out = BufWriter::new(file.as_file());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(Error::io("write", path))?;
    drop(out);
    file.persist(path)
        .map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}
