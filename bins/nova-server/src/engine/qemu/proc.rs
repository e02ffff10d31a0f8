//! What `/proc` tells of processes.

use std::fs;
use std::path::Path;

use super::argv;
use super::layout::{self, Layout};
use super::record::Identity;
use crate::engine::EngineDirs;

/// A QEMU process that runs one of our VMs, as its own command line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) pid: u32,
    pub(super) uid: String,
    /// Engine id, from the path of its pid file.
    pub(super) id: String,
}

/// The id of this boot of the host.
pub(super) fn boot_id() -> String {
    read("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// Kernel release of the host.
pub(super) fn kernel_release() -> String {
    read("/proc/sys/kernel/osrelease").unwrap_or_default()
}

fn read(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// Who a process is; `None` once it is gone or a zombie.
pub(super) fn identity(pid: u32) -> Option<Identity> {
    let stat = Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    // An upgrade replaces the file under a running process.
    let exe = exe
        .to_string_lossy()
        .trim_end_matches(" (deleted)")
        .to_owned();
    (stat.state != 'Z').then_some(Identity {
        pid,
        start_time: stat.start_time,
        exe,
    })
}

/// The QEMU processes of these directories.
pub(super) fn scan(dirs: &EngineDirs) -> Vec<Found> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| found(pid, &fs::read(format!("/proc/{pid}/cmdline")).ok()?, dirs))
        .collect()
}

/// Ours is what names both our sockets and our data: a server of another data directory may share the
/// runtime directory, and its machines are not ours to end.
fn found(pid: u32, cmdline: &[u8], dirs: &EngineDirs) -> Option<Found> {
    let words: Vec<_> = cmdline.split(|byte| *byte == 0).collect();
    let value = |option: &[u8]| {
        let at = words.iter().position(|word| *word == option)?;
        std::str::from_utf8(words.get(at + 1)?).ok()
    };
    let own = Path::new(value(b"-pidfile")?)
        .strip_prefix(layout::sockets(dirs))
        .ok()?;
    let id = own.parent()?.to_str()?.to_owned();
    let log = argv::escaped(&Layout::of(dirs, &id).serial_log().display().to_string());
    let log = format!("logfile={log},");
    words
        .iter()
        .find(|word| String::from_utf8_lossy(word).contains(&log))?;
    Some(Found {
        pid,
        uid: value(b"-uuid")?.to_owned(),
        id,
    })
}

/// The fields used of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) state: char,
    /// User and system time, clock ticks.
    pub(super) cpu_ticks: u64,
    pub(super) start_time: u64,
}

impl Stat {
    /// Parses a line; the command in parentheses may itself hold blanks and parentheses.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        // `fields[0]` is field 3 of proc(5).
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            state: fields.first()?.chars().next()?,
            cpu_ticks: number(14)? + number(15)?,
            start_time: number(22)?,
        })
    }

    /// Reads that of a process.
    pub(super) fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_with_parentheses_in_its_command_is_parsed() {
        let line = "4711 (nova-a) (b) S 1 4711 4711 0 -1 4194560 1 2 3 4 100 50 0 0 20 0 3 0 987654 \
                    1000000 640 18446744073709551615 1 1 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(
            stat,
            Stat {
                state: 'S',
                cpu_ticks: 150,
                start_time: 987_654
            }
        );
        assert_eq!(Stat::parse("4711 (x"), None);
    }

    #[test]
    fn this_process_has_an_identity() {
        let me = identity(std::process::id()).unwrap();
        assert!(me.start_time > 0 && !me.exe.is_empty());
        assert_eq!(identity(u32::MAX), None);
    }

    #[test]
    fn a_command_line_of_ours_names_uid_and_id() {
        let dirs = EngineDirs {
            data: "/data".into(),
            run: "/run/user/0/nova".into(),
        };
        let line = b"qemu\0-uuid\0u-1\0-pidfile\0/run/user/0/nova/vm/0badcafe/pid\0-chardev\0\
                     socket,logfile=/data/vms/0badcafe/serial.log,logappend=on\0";
        let expected = Found {
            pid: 7,
            uid: "u-1".into(),
            id: "0badcafe".into(),
        };
        assert_eq!(found(7, line, &dirs), Some(expected));
        for other in [
            EngineDirs {
                run: "/elsewhere".into(),
                ..dirs.clone()
            },
            EngineDirs {
                data: "/other".into(),
                ..dirs.clone()
            },
        ] {
            assert_eq!(found(7, line, &other), None);
        }
        assert_eq!(found(7, b"qemu\0-uuid\0u-1\0", &dirs), None);
    }
}
