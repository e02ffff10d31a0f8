//! What this machine has and uses, from `/proc` and the file system of the data directory.

use std::fs;
use std::path::Path;

use nova_api::types::Quantity;
use serde_json::{Value, json};

/// Amounts of the host; bytes unless named otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) cpus: u64,
    pub(super) memory: u64,
    pub(super) available: u64,
    pub(super) disk: u64,
    pub(super) disk_free: u64,
    /// Thousandths of processors that were busy over the last minute.
    pub(super) busy_millis: u64,
    pub(super) kernel: String,
}

impl Host {
    /// Reads them; what cannot be read is zero.
    pub(super) fn read(data: &Path) -> Self {
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let cpus = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        let (disk, disk_free) = disk(data);
        Self {
            cpus,
            memory: kib(&meminfo, "MemTotal:") * 1024,
            available: kib(&meminfo, "MemAvailable:") * 1024,
            disk,
            disk_free,
            busy_millis: busy(&load).min(cpus * 1000),
            kernel: rustix::system::uname()
                .release()
                .to_string_lossy()
                .into_owned(),
        }
    }
}

fn disk(data: &Path) -> (u64, u64) {
    let Ok(stat) = rustix::fs::statvfs(data) else {
        return (0, 0);
    };
    (stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize)
}

/// The number of a line of `/proc/meminfo`.
fn kib(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// The first number of `/proc/loadavg` in thousandths, without floating point.
fn busy(text: &str) -> u64 {
    let first = text.split_whitespace().next().unwrap_or("0");
    let (whole, part) = first.split_once('.').unwrap_or((first, "0"));
    let part: u64 = format!("{part:0<3}")
        .get(..3)
        .and_then(|p| p.parse().ok())
        .unwrap_or(0);
    whole.parse::<u64>().unwrap_or(0) * 1000 + part
}

/// Amounts as a node shows them.
pub(super) fn amounts(millis: u64, memory: u64, storage: u64) -> Value {
    let mut out = json!({
        "cpu": Quantity::from_millis(millis).canonical(),
        "memory": Quantity::from_bytes(memory).canonical(),
    });
    if storage > 0 {
        out["storage"] = json!(Quantity::from_bytes(storage).canonical());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_proc() {
        assert_eq!(
            kib("MemTotal:  2048 kB\nMemFree: 1 kB\n", "MemTotal:"),
            2048
        );
        assert_eq!(kib("", "MemTotal:"), 0);
        assert_eq!(busy("1.25 0.50 0.10 1/100 4242"), 1250);
        assert_eq!(busy(""), 0);
    }

    #[test]
    fn this_machine_has_something() {
        let host = Host::read(Path::new("/"));
        assert!(
            host.cpus > 0 && host.memory > 0 && host.disk > 0,
            "{host:?}"
        );
    }
}
