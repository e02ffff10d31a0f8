//! Lays out the files of the tiny guest: one busybox, the agent, its libraries, modules, our boot.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::cpio::Archive;
use super::libraries;
use super::modules::{self, Module};
use super::run::run;

const INIT: &str = include_str!("files/init");
const SHUTDOWN: &str = include_str!("files/shutdown");
const UDHCPC: &str = include_str!("files/udhcpc");
const PROFILE: &str = include_str!("files/profile");

/// What our own files amount to, for the key of the build cache.
pub(crate) const OWN_FILES: [&str; 4] = [INIT, SHUTDOWN, UDHCPC, PROFILE];

/// Applets that our own program replaces: without a process 1 of busybox they would do nothing.
const REPLACED: [&str; 5] = ["poweroff", "reboot", "halt", "shutdown", "init"];

/// The parts that come from packages.
pub(crate) struct Parts<'a> {
    /// Directory of the unpacked packages.
    pub(crate) tree: &'a Path,
    /// Kernel release, such as `6.1.0-56-cloud-amd64`.
    pub(crate) release: &'a str,
    /// Modules in load order.
    pub(crate) modules: &'a [Module],
}

/// Makes the archive of the guest's files.
pub(crate) fn assemble(parts: &Parts) -> Result<Archive, Error> {
    let mut archive = Archive::default();
    skeleton(&mut archive, parts.release);
    add_busybox(&mut archive, &busybox(parts.tree)?)?;
    add_agent(&mut archive, parts.tree)?;
    add_modules(&mut archive, parts);
    Ok(archive)
}

/// The static busybox of the unpacked packages.
pub(crate) fn busybox(tree: &Path) -> Result<PathBuf, Error> {
    first_of(tree, &["bin/busybox", "usr/bin/busybox"])
}

fn first_of(tree: &Path, paths: &[&str]) -> Result<PathBuf, Error> {
    let mut found = paths
        .iter()
        .map(|path| tree.join(path))
        .filter(|path| path.is_file());
    found.next().ok_or_else(|| Error::Io {
        action: "find",
        path: tree.join(paths[0]),
        source: std::io::ErrorKind::NotFound.into(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(Error::io("read", path))
}

// Merged /usr: the loader is found at /lib64 as well as the libraries at /usr/lib.
fn skeleton(archive: &mut Archive, release: &str) {
    for (link, target) in [
        ("bin", "usr/bin"),
        ("sbin", "usr/sbin"),
        ("lib", "usr/lib"),
        ("lib64", "usr/lib"),
    ] {
        archive.link(link, target);
    }
    for dir in [
        "dev",
        "proc",
        "sys",
        "run",
        "mnt",
        "usr/bin",
        "usr/lib",
        "var/lib",
        "var/log",
        "etc/acpi/PWRF",
    ] {
        archive.dir(dir, 0o755);
    }
    archive.dir("root", 0o700);
    archive.dir("tmp", 0o1777);
    archive.link("var/run", "/run");
    archive.link("var/tmp", "/tmp");
    archive.link("etc/mtab", "/proc/mounts");
    // The kernel opens these for process 1 before /dev is mounted.
    archive.device("dev/console", 0o600, (5, 1));
    archive.device("dev/null", 0o666, (1, 3));
    own_files(archive, release);
}

fn own_files(archive: &mut Archive, release: &str) {
    archive.file("init", 0o755, INIT);
    archive.file("usr/sbin/shutdown", 0o755, SHUTDOWN);
    for name in ["poweroff", "reboot", "halt"] {
        archive.link(&format!("usr/sbin/{name}"), "shutdown");
    }
    archive.link("etc/acpi/PWRF/00000080", "/usr/sbin/poweroff");
    archive.file("usr/share/udhcpc/default.script", 0o755, UDHCPC);
    archive.file("etc/profile", 0o644, PROFILE);
    archive.file(
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    );
    archive.file(
        "etc/shadow",
        0o600,
        "root:*:0:0:99999:7:::\nnobody:*:0:0:99999:7:::\n",
    );
    archive.file(
        "etc/group",
        0o644,
        "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    );
    archive.file("etc/hosts", 0o644, "127.0.0.1 localhost\n::1 localhost\n");
    archive.file("etc/shells", 0o644, "/bin/sh\n");
    let os_release =
        format!("NAME=\"Nova tiny\"\nID=nova-tiny\nPRETTY_NAME=\"Nova tiny ({release})\"\n");
    archive.file("etc/os-release", 0o644, os_release);
}

fn add_busybox(archive: &mut Archive, busybox: &Path) -> Result<(), Error> {
    archive.file("usr/bin/busybox", 0o755, read(busybox)?);
    let listed = run(busybox, |program| program.arg("--list"))?;
    let listed = String::from_utf8_lossy(&listed);
    let applets: BTreeSet<_> = listed
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    for applet in applets {
        let path = format!("usr/bin/{applet}");
        if !REPLACED.contains(&applet) && !archive.has(&path) {
            archive.link(&path, "busybox");
        }
    }
    Ok(())
}

fn add_agent(archive: &mut Archive, tree: &Path) -> Result<(), Error> {
    let agent = first_of(tree, &["usr/sbin/qemu-ga", "usr/bin/qemu-ga"])?;
    let needs = libraries::resolve(tree, &agent)?;
    archive.file("usr/sbin/qemu-ga", 0o755, read(&agent)?);
    for (soname, path) in &needs.libraries {
        archive.file(&format!("usr/lib/{soname}"), 0o755, read(path)?);
    }
    // The loader is mostly among the libraries; a link where it already is would be a circle.
    if let Some(loader) = needs.loader
        && let Some(name) = Path::new(&loader)
            .file_name()
            .and_then(|name| name.to_str())
        && !archive.has(&format!("usr/lib/{name}"))
    {
        let file = first_of(
            tree,
            &[loader.trim_start_matches('/'), &format!("usr{loader}")],
        )?;
        archive.file(&format!("usr/lib/{name}"), 0o755, read(&file)?);
    }
    Ok(())
}

fn add_modules(archive: &mut Archive, parts: &Parts) {
    let dir = format!("usr/lib/modules/{}", parts.release);
    for module in parts.modules {
        archive.file(
            &format!("{dir}/{}", module.path),
            0o644,
            module.data.as_slice(),
        );
    }
    archive.file(
        &format!("{dir}/modules.dep"),
        0o644,
        modules::dep_file(parts.modules),
    );
}
