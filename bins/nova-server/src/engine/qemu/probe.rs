//! What this host offers: the programs, their versions, and an accelerator that really works.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::proc;
use crate::engine::{Accelerator, EngineDirs, EngineError};

pub(super) const QEMU: &str = "qemu-system-x86_64";
pub(super) const QEMU_IMG: &str = "qemu-img";

/// A probe that takes longer found nothing that works.
const PATIENCE: Duration = Duration::from_secs(5);

/// Boot sector: `mov dx, 0xf4; mov al, 0x2a; out dx, al; hlt`. The debug device ends QEMU with
/// `(0x2a << 1) | 1`, which nothing but a guest that executed these instructions can cause.
const PAYLOAD: [u8; 7] = [0xBA, 0xF4, 0x00, 0xB0, 0x2A, 0xEE, 0xF4];
const PAYLOAD_EXIT: i32 = (0x2A << 1) | 1;

/// What is known of one QEMU, kept so that no later server has to ask again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    /// Path, size and time of the executable: another file is another QEMU.
    file: String,
    version: String,
    sandbox: bool,
    /// Host under which `kvm` was found.
    host: String,
    /// Whether guests run under KVM here.
    kvm: Option<bool>,
}

/// A QEMU that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Qemu {
    pub(super) path: PathBuf,
    pub(super) version: String,
    /// Whether it has `-sandbox`.
    pub(super) sandbox: bool,
}

/// Finds programs and remembers what they can.
#[derive(Debug)]
pub(super) struct Probe {
    cache: PathBuf,
    facts: Mutex<Facts>,
}

impl Probe {
    pub(super) fn new(dirs: &EngineDirs) -> Self {
        let cache = dirs.data.join("qemu-probe.json");
        let facts = fs::read(&cache)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        Self {
            cache,
            facts: Mutex::new(facts.unwrap_or_default()),
        }
    }

    /// The emulator, asked for its version unless the same file was asked before.
    pub(super) fn qemu(&self) -> Result<Qemu, EngineError> {
        let path = find(QEMU, "running virtual machines")?;
        let file = fingerprint(&path);
        let mut facts = self.lock();
        if facts.file != file {
            *facts = Facts {
                file,
                version: version(&run(&path, &["--version"])?.1),
                sandbox: run(&path, &["-help"])?
                    .1
                    .lines()
                    .any(|line| line.starts_with("-sandbox on")),
                ..Facts::default()
            };
            self.keep(&facts);
        }
        Ok(Qemu {
            path,
            version: facts.version.clone(),
            sandbox: facts.sandbox,
        })
    }

    /// What executes guests: `kvm` or `tcg`.
    pub(super) fn accelerator(
        &self,
        qemu: &Qemu,
        wanted: Accelerator,
    ) -> Result<&'static str, EngineError> {
        match wanted {
            Accelerator::Auto | Accelerator::Kvm if self.kvm_works(qemu) => Ok("kvm"),
            Accelerator::Auto | Accelerator::Tcg => Ok("tcg"),
            Accelerator::Kvm => Err(EngineError::NotSupported(
                "KVM does not work on this machine; use accelerator auto or tcg".into(),
            )),
        }
    }

    /// Forgets that KVM works, after a guest showed otherwise.
    pub(super) fn distrust_kvm(&self) {
        let mut facts = self.lock();
        facts.kvm = Some(false);
        self.keep(&facts);
    }

    /// An openable `/dev/kvm` proves nothing: where virtualisation is nested badly, guests start and
    /// never execute an instruction. So a guest has to.
    fn kvm_works(&self, qemu: &Qemu) -> bool {
        let host = format!("{} {}", proc::kernel_release(), proc::boot_id());
        if let Facts {
            host: known,
            kvm: Some(works),
            ..
        } = &*self.lock()
            && *known == host
        {
            return *works;
        }
        let works = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_ok()
            && boots(qemu, "kvm", "host,migratable=on");
        let mut facts = self.lock();
        (facts.host, facts.kvm) = (host, Some(works));
        self.keep(&facts);
        works
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Without the cache the next server only asks again.
    fn keep(&self, facts: &Facts) {
        let text = serde_json::to_vec_pretty(facts).unwrap_or_default();
        let kept = nova_core::fs::create_private_dir(self.cache.parent().unwrap_or(Path::new("/")))
            .and_then(|()| nova_core::fs::write_atomic(&self.cache, &text, nova_core::fs::PUBLIC));
        if let Err(error) = kept {
            tracing::debug!(%error, "cannot keep what was found out about QEMU");
        }
    }
}

/// The path of a program.
pub(super) fn find(program: &str, feature: &str) -> Result<PathBuf, EngineError> {
    which::which(program).map_err(|_| EngineError::MissingProgram {
        program: missing(program),
        feature: feature.into(),
    })
}

/// The missing program with its package, and the other one where that is missing too: nobody wants
/// to learn of them one after the other.
fn missing(program: &str) -> String {
    let named = |program: &str| match program {
        QEMU => format!("{program} (package qemu-system-x86)"),
        QEMU_IMG => format!("{program} (package qemu-utils)"),
        other => other.to_owned(),
    };
    let other = if program == QEMU { QEMU_IMG } else { QEMU };
    match which::which(other) {
        Ok(_) => named(program),
        Err(_) => format!("{} and {}", named(program), named(other)),
    }
}

fn fingerprint(path: &Path) -> String {
    let facts = fs::metadata(path).map(|meta| format!("{} {}", meta.size(), meta.mtime()));
    format!("{} {}", path.display(), facts.unwrap_or_default())
}

/// `7.2.22` in `QEMU emulator version 7.2.22 (Debian …)`.
fn version(output: &str) -> String {
    let word = output
        .split_whitespace()
        .skip_while(|word| *word != "version")
        .nth(1);
    word.unwrap_or_default().to_owned()
}

/// Boots the payload.
fn boots(qemu: &Qemu, accelerator: &str, cpu: &str) -> bool {
    let Ok(mut disk) = tempfile::NamedTempFile::new() else {
        return false;
    };
    let mut sector = vec![0; 512];
    sector[..PAYLOAD.len()].copy_from_slice(&PAYLOAD);
    (sector[510], sector[511]) = (0x55, 0xAA);
    if std::io::Write::write_all(&mut disk, &sector).is_err() {
        return false;
    }
    let machine = format!("q35,accel={accelerator}");
    let drive = format!(
        "if=none,id=d,format=raw,read-only=on,file={}",
        disk.path().display()
    );
    let arguments = [
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-m",
        "32M",
        "-machine",
        &machine,
        "-cpu",
        cpu,
        "-device",
        "isa-debug-exit,iobase=0xf4,iosize=4",
        "-drive",
        &drive,
        "-device",
        "ide-hd,drive=d",
    ];
    run(&qemu.path, &arguments).is_ok_and(|(code, _)| code == Some(PAYLOAD_EXIT))
}

/// Runs a program to its end or the end of patience; answers its exit code and standard output.
fn run(program: &Path, arguments: &[&str]) -> Result<(Option<i32>, String), EngineError> {
    let failed = |error: &std::io::Error| {
        EngineError::Other(format!("cannot run {}: {error}", program.display()))
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&error))?;
    let mut output = String::new();
    let reader = child
        .stdout
        .take()
        .map(|stdout| std::thread::spawn(move || std::io::read_to_string(stdout)));
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().map_err(|error| failed(&error))? {
            Some(status) => break status.code(),
            None if Instant::now() > deadline => {
                // Both fail only for a process that is gone.
                drop(child.kill());
                drop(child.wait());
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    if let Some(Ok(Ok(text))) = reader.map(std::thread::JoinHandle::join) {
        output = text;
    }
    Ok((status, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_both_programs_words() {
        assert_eq!(
            version("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)\nCopyright"),
            "7.2.22"
        );
        assert_eq!(version("qemu-img version 10.0.3\n"), "10.0.3");
        assert_eq!(version("nonsense"), "");
    }

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let error = find("qemu-nosuch", "tests").unwrap_err();
        assert_eq!(
            error.to_string(),
            "qemu-nosuch is not installed, so tests is not possible"
        );
    }

    #[test]
    fn a_hanging_program_is_ended() {
        let before = Instant::now();
        let (code, _) = run(Path::new("/bin/sleep"), &["60"]).unwrap();
        assert_eq!(code, None);
        assert!(before.elapsed() < PATIENCE * 2);
    }
}
