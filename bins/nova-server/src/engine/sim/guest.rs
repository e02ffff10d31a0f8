//! What simulated guests print and tell.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::record::Record;
use super::seconds;
use crate::engine::{GuestAddress, GuestInfo, Machine, Usage};

/// Kernel release that the simulated guests claim.
pub(super) const KERNEL: &str = "6.1.0-sim";

/// What a guest prints while it boots.
fn boot_text(machine: &Machine) -> String {
    format!(
        "Linux version {KERNEL} (simulated)\nMemory: {}K available, {} CPUs\n{} login:\n",
        machine.memory / 1024,
        machine.cpus,
        machine.name
    )
}

/// Adds a boot to the console's log, if somebody ever looked at it. A console that cannot be written stops no machine.
pub(super) fn log_boot(path: &Path, machine: &Machine) {
    if let Ok(mut file) = File::options().append(true).open(path) {
        drop(file.write_all(boot_text(machine).as_bytes()));
    }
}

/// Makes the console's log with all boots so far: fleets have many consoles, and few are looked at.
pub(super) fn make_log(path: &Path, record: &Record) {
    let text = boot_text(&record.machine).repeat(record.boots);
    let dir = path.parent().unwrap_or(path);
    let made = nova_core::fs::create_private_dir(dir)
        .and_then(|()| File::options().write(true).create_new(true).open(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            tracing::warn!(%error, "the log of a simulated console cannot be made");
        }
        _ => {}
    }
}

pub(super) fn info_of(machine: &Machine) -> GuestInfo {
    let hostname = machine
        .cloud_init
        .as_ref()
        .map_or(&machine.name, |seed| &seed.hostname);
    let address = |nic: &crate::engine::Nic| GuestAddress {
        mac: nic.mac.clone(),
        ip: "10.0.2.15".into(),
    };
    GuestInfo {
        os: Some("Simulated Linux".into()),
        kernel: Some(KERNEL.into()),
        hostname: Some(hostname.clone()),
        agent_version: Some(env!("CARGO_PKG_VERSION").into()),
        addresses: machine.networks.iter().map(address).collect(),
    }
}

/// Usage that depends on the time since power-on alone: it always grows and is the same on a rerun.
pub(super) fn usage_of(record: &Record, now: Timestamp) -> Option<Usage> {
    let on = record.power.as_ref()?;
    let up = now.duration_since(on.started_at).as_millis().max(0);
    let up = u64::try_from(up).unwrap_or_default();
    Some(Usage {
        cpu_time_seconds: Duration::from_millis(up * u64::from(record.machine.cpus) / 20)
            .as_secs_f64(),
        memory_used: record.machine.memory / 2,
        memory_balloon: Some(record.machine.memory),
        net_rx: up * 3,
        net_tx: up,
        disk_read: up * 40,
        disk_write: up * 10,
        sampled_at: seconds(now),
    })
}
