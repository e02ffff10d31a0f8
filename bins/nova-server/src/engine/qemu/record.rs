//! What is kept on disk of one VM.

use std::fs;

use serde::{Deserialize, Serialize};

use super::errors::write_error;
use super::layout::Layout;
use crate::engine::{EngineError, Exit, ExitReason, Machine};

/// `machine.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// The machine as provisioned, or as in force since it started.
    pub(super) machine: Machine,
    /// Set from before the spawn until the end of the process is known.
    pub(super) launch: Option<Launch>,
    /// Set once we began to end the process.
    pub(super) ending: Option<ExitReason>,
    /// How it last ended.
    pub(super) last_exit: Option<Exit>,
}

/// One run of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Launch {
    /// Boot of the host; pids of another one mean nothing.
    pub(super) boot_id: String,
    /// `kvm` or `tcg`.
    pub(super) accelerator: String,
    /// RFC 3339 UTC.
    pub(super) started_at: String,
    /// Whether the guest is to be held before its first instruction.
    pub(super) paused: bool,
    /// Where this run's part of QEMU's log begins.
    pub(super) log_from: u64,
    /// Absent between the decision to spawn and the spawn.
    pub(super) process: Option<Identity>,
}

/// What makes a process the one we mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// Clock ticks since the host's boot, field 22 of `/proc/PID/stat`.
    pub(super) start_time: u64,
    /// The executable.
    pub(super) exe: String,
}

impl Record {
    pub(super) fn new(machine: Machine) -> Self {
        Self {
            machine,
            launch: None,
            ending: None,
            last_exit: None,
        }
    }

    /// Reads the record of a VM; absent is `None`. One that cannot be read is an error, never taken
    /// for absent: disks lie beside it.
    pub(super) fn load(layout: &Layout) -> Result<Option<Self>, EngineError> {
        let path = layout.record();
        let unreadable = |error: &dyn std::fmt::Display| {
            EngineError::Other(format!("cannot read {}: {error}", path.display()))
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| unreadable(&error))
    }

    /// The machine that an unreadable record speaks of, as far as it is JSON at all.
    pub(super) fn uid_of_unreadable(layout: &Layout) -> Option<String> {
        let value: serde_json::Value =
            serde_json::from_slice(&fs::read(layout.record()).ok()?).ok()?;
        value["machine"]["uid"].as_str().map(str::to_owned)
    }

    /// Writes the record durably.
    pub(super) fn save(&self, layout: &Layout) -> Result<(), EngineError> {
        let path = layout.record();
        let text = serde_json::to_vec_pretty(self).map_err(|error| {
            EngineError::Other(format!("cannot encode {}: {error}", path.display()))
        })?;
        nova_core::fs::write_atomic(&path, &text, nova_core::fs::PRIVATE)
            .map_err(|error| write_error(&path, &error))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::engine::EngineDirs;
    use crate::engine::sample::machine;

    #[test]
    fn a_record_reads_back_and_is_private() {
        let home = tempfile::tempdir().unwrap();
        let dirs = EngineDirs {
            data: home.path().into(),
            run: home.path().into(),
        };
        let layout = Layout::create(&dirs).unwrap();
        assert_eq!(Record::load(&layout).unwrap(), None);
        let record = Record::new(machine());
        record.save(&layout).unwrap();
        assert_eq!(Record::load(&layout).unwrap(), Some(record));
        let mode = fs::metadata(layout.record()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let odd = r#"{"machine": {"uid": "u-1", "cpuCount": 1}}"#;
        nova_core::fs::write_atomic(&layout.record(), odd.as_bytes(), 0o600).unwrap();
        assert!(Record::load(&layout).is_err());
        assert_eq!(Record::uid_of_unreadable(&layout).as_deref(), Some("u-1"));
    }
}
