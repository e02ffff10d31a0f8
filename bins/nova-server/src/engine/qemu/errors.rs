//! From what programs say to what the controller understands.

use std::io;
use std::path::Path;

use crate::engine::EngineError;

/// A file could not be written.
pub(super) fn write_error(path: &Path, error: &io::Error) -> EngineError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            EngineError::Insufficient(format!("no space left to write {}", path.display()))
        }
        _ => EngineError::Other(format!("cannot write {}: {error}", path.display())),
    }
}

/// The last line that QEMU or qemu-img printed, without program name and time stamp.
pub(super) fn last_line(output: &str) -> &str {
    let line = output
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())
        .unwrap_or_default();
    let stripped = ["qemu-system-x86_64: ", "qemu-img: "]
        .iter()
        .find_map(|program| line.split_once(program).map(|(_, rest)| rest));
    stripped.unwrap_or(line)
}

/// Why a start or a disk command failed, by what it printed last.
pub(super) fn explain(line: &str) -> EngineError {
    let has = |text: &str| line.contains(text);
    if let Some(path) = missing_file(line) {
        let what = if has("kernel") || has("initrd") {
            "boot file"
        } else {
            "image"
        };
        return EngineError::MissingFile { what, path };
    }
    let text = line.to_owned();
    match () {
        () if has("Could not set up host forwarding rule") => {
            EngineError::Conflict(busy_port(line))
        }
        () if has("another process using the image") || (has("lock") && has("Failed to get")) => {
            EngineError::Conflict(format!("another process uses the disk: {text}"))
        }
        () if has("Cannot allocate memory") => {
            EngineError::Insufficient(format!("this machine has not enough memory: {text}"))
        }
        () if has("No space left on device") || has("Disk quota exceeded") => {
            EngineError::Insufficient(text)
        }
        () if [
            "Image is not in",
            "CPU model",
            "Could not open",
            "Invalid SMP",
            "invalid kernel",
        ]
        .into_iter()
        .any(has) =>
        {
            EngineError::Invalid(text)
        }
        () if text.is_empty() => EngineError::Other("QEMU ended without a word".into()),
        () => EngineError::Other(text),
    }
}

/// The path in `… 'PATH': No such file or directory`.
fn missing_file(line: &str) -> Option<String> {
    let (before, _) = line.split_once(": No such file or directory")?;
    let mut quoted = before.rsplit('\'');
    quoted.next()?;
    Some(quoted.next()?.to_owned())
}

/// `Could not set up host forwarding rule 'tcp:127.0.0.1:8080-:80'` in words.
fn busy_port(line: &str) -> String {
    let rule = line
        .split('\'')
        .nth(1)
        .and_then(|rule| rule.split_once("-:"));
    match rule.and_then(|(host, _)| host.split_once(':')) {
        Some((protocol, address)) => format!("{protocol} port {address} of this machine is in use"),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_of_failures_is_understood() {
        let cases = [
            (
                "qemu-system-x86_64: -blockdev {}: Could not open '/i/a.qcow2': No such file or directory",
                "image /i/a.qcow2 does not exist",
            ),
            (
                "qemu: could not open kernel file '/k': No such file or directory",
                "boot file /k does not exist",
            ),
            (
                "qemu-system-x86_64: -netdev user: Could not set up host forwarding rule 'tcp:127.0.0.1:80-:80'",
                "tcp port 127.0.0.1:80 of this machine is in use",
            ),
            (
                "qemu-img: x: Failed to get \"write\" lock",
                "another process uses the disk: x: Failed to get \"write\" lock",
            ),
        ];
        for (output, expected) in cases {
            assert_eq!(explain(last_line(output)).to_string(), expected);
        }
        assert!(matches!(
            explain("cannot set up guest memory 'pc.ram': Cannot allocate memory"),
            EngineError::Insufficient(_)
        ));
        assert!(matches!(
            explain("unable to find CPU model 'x'"),
            EngineError::Invalid(_)
        ));
    }

    #[test]
    fn a_disk_that_another_process_holds_is_a_conflict() {
        let held = "Is another process using the image [/d/a.qcow2]?";
        assert!(matches!(explain(held), EngineError::Conflict(_)));
    }

    #[test]
    fn the_last_line_loses_its_time_stamp_and_program() {
        let output = "warning: a\n2026-01-01T00:00:00Z qemu-system-x86_64: it broke\n\n";
        assert_eq!(last_line(output), "it broke");
    }
}
