//! What simulated guests print and tell.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::record::Record;
use super::seconds;
use crate::engine::{GuestAddress, GuestInfo, Machine, Usage};

/// Kernel release that the simulated guests claim.
pub(super) const KERNEL: &str = "6.1.0-sim";

/// Writes what a guest prints while it boots. A console that cannot be written stops no machine.
pub(super) fn log_boot(dir: &Path, machine: &Machine) {
    let path = dir.join("console.log");
    let text = format!(
        "Linux version {KERNEL} (simulated)\nMemory: {}K available, {} CPUs\n{} login:\n",
        machine.memory / 1024,
        machine.cpus,
        machine.name
    );
    let opened = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    if let Ok(mut file) = opened {
        drop(std::io::Write::write_all(&mut file, text.as_bytes()));
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
