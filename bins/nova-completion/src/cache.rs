//! Names in files: one sorted line each, `NAME<TAB>ABOUT`.
//!
//! A Tab reads the whole file at once and finds its range by bisection, so that ten thousand names
//! cost as little as ten. The files live below `CACHE/complete/SCOPE/NAMESPACE/` and may go at
//! any time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_core::complete::Candidate;

/// Names this old are taken as they are.
pub(crate) const FRESH: Duration = Duration::from_secs(5);
/// Names older than this are no longer worth showing.
pub(crate) const STALE: Duration = Duration::from_hours(1);
/// Something that was just made is not in names older than this.
pub(crate) const JUST_READ: Duration = Duration::from_millis(500);

/// Sorted lines as they were last read from the server.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: String,
    /// How long ago; absent when there is no file.
    pub(crate) age: Option<Duration>,
}

impl Lines {
    /// Reads a file; a missing or broken one is empty.
    pub(crate) fn read(path: &Path) -> Self {
        Self {
            age: age(path).filter(|age| *age < STALE),
            text: std::fs::read_to_string(path).unwrap_or_default(),
        }
    }

    /// The lines that begin with `prefix`.
    pub(crate) fn matching(&self, prefix: &str) -> &str {
        if self.age.is_none() {
            return "";
        }
        let start = bisect(&self.text, |line| line < prefix);
        let end = bisect(&self.text, |line| line < prefix || line.starts_with(prefix));
        &self.text[start..end]
    }

    /// The lines that begin with `prefix`, as words with a line about each.
    pub(crate) fn candidates(&self, prefix: &str) -> Vec<Candidate> {
        let split = |line: &str| match line.split_once('\t') {
            Some((name, about)) => Candidate::new(name, about),
            None => Candidate::new(line, ""),
        };
        self.matching(prefix).lines().map(split).collect()
    }
}

/// How long ago a file was written; in the future counts as now.
pub(crate) fn age(path: &Path) -> Option<Duration> {
    let written = path.metadata().ok()?.modified().ok()?;
    Some(written.elapsed().unwrap_or_default())
}

/// The offset of the first line for which `before` no longer holds.
fn bisect(text: &str, before: impl Fn(&str) -> bool) -> usize {
    let bytes = text.as_bytes();
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = bytes[low..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(low, |at| low + at + 1);
        let length = bytes[start..].iter().position(|byte| *byte == b'\n');
        let end = length.map_or(text.len(), |length| start + length);
        if before(&text[start..end]) {
            low = (end + 1).min(text.len());
        } else {
            high = start;
        }
    }
    low
}

/// The content of a cache file.
pub(crate) fn lines(sorted: &[String]) -> String {
    sorted
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect()
}

/// The file of the labels that the objects of a file of names carry.
pub(crate) fn labels_of(names: &Path) -> PathBuf {
    names.with_extension("labels")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Lines {
        Lines {
            text: text.to_owned(),
            age: Some(Duration::ZERO),
        }
    }

    #[test]
    fn the_range_of_a_prefix_is_found_anywhere() {
        let lines = of("a\nb-1\tRunning\nb-2\tStopped\nc\n");
        assert_eq!(lines.matching("b"), "b-1\tRunning\nb-2\tStopped\n");
        assert_eq!(lines.matching("b-2"), "b-2\tStopped\n");
        assert_eq!(lines.matching("a"), "a\n");
        assert_eq!(lines.matching("c"), "c\n");
        assert_eq!(lines.matching("d"), "");
        assert_eq!(lines.matching("0"), "");
        assert_eq!(lines.matching("").lines().count(), 4);
        assert_eq!(of("").matching("x"), "");
        assert_eq!(of("only").matching("on"), "only");
    }

    #[test]
    fn every_prefix_of_many_names_finds_exactly_its_own() {
        let mut names: Vec<String> = (0..1000).map(|n| format!("vm-{n}\tRunning")).collect();
        names.sort();
        let lines = of(&lines(&names));
        for prefix in ["vm-", "vm-1", "vm-99", "vm-999", "vm-5\t", "vn"] {
            let expected = names.iter().filter(|name| name.starts_with(prefix)).count();
            assert_eq!(lines.candidates(prefix).len(), expected, "{prefix}");
        }
    }

    #[test]
    fn without_a_file_there_is_nothing() {
        let lines = Lines::read(Path::new("/nonexistent/names"));
        assert!(lines.age.is_none() && lines.candidates("").is_empty());
    }
}
