//! What QEMU and the guest's console printed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::errors;
use super::process::Ending;
use super::vm::Vm;

/// A console log larger than this begins anew with the next start.
const LOG_MAX: u64 = 16 << 20;

/// How much of the log's end is looked at for the reason of an end.
const TAIL: u64 = 4096;

/// Empties a log that grew too large. A log that cannot be is only large.
pub(super) fn trim(path: &Path) {
    if fs::metadata(path).is_ok_and(|meta| meta.len() > LOG_MAX)
        && let Err(error) = OpenOptions::new().write(true).truncate(true).open(path)
    {
        tracing::debug!(path = %path.display(), %error, "cannot empty a log");
    }
}

/// How a process ended that was not meant to.
pub(super) fn last_words(vm: &Vm, ending: Ending) -> String {
    let output = tail(vm);
    let said = match errors::last_line(&output) {
        "" => String::new(),
        line => format!(": {line}"),
    };
    match (ending.code, ending.signal) {
        (_, Some(signal)) => format!("QEMU was ended by signal {signal}{said}"),
        (Some(code), None) => format!("QEMU exited with code {code}{said}"),
        (None, None) => format!("QEMU ended unexpectedly{said}"),
    }
}

/// The end of what QEMU printed in this run.
pub(super) fn tail(vm: &Vm) -> String {
    let from = vm.record().launch.map_or(0, |launch| launch.log_from);
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(vm.layout.qemu_log())?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}
