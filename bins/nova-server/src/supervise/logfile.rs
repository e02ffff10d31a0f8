//! `DATA/server.log`, with one older part beside it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nova_api::types::SERVER_LOG;
use nova_core::fs::{PRIVATE, write_failure};
use nova_core::{Cx, Failure, Result, env};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Size at which the log starts anew.
const ROTATE_AT: u64 = 10 * 1024 * 1024;
/// What is logged when nobody says otherwise.
const DEFAULT_FILTER: &str = "info";

/// Logs into the data directory, unless the caller asked for logs elsewhere.
pub(crate) fn start(cx: &Cx, data: &Path) -> Result<()> {
    let path = data.join(SERVER_LOG);
    let log = LogFile::open(&path).map_err(|error| write_failure(&path, &error))?;
    let filter = env::get(env::NOVA_LOG).or_else(|| cx.globals().log_level.clone());
    let filter = filter.as_deref().unwrap_or(DEFAULT_FILTER);
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::usage(format!("invalid log filter `{filter}`: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        // A full disk must not fill stderr as well.
        .log_internal_errors(false)
        .with_writer(log);
    // Somebody who said -v reads the log on stderr; that logger was there first and stays.
    drop(if cx.globals().log_json {
        builder.json().try_init()
    } else {
        builder.try_init()
    });
    Ok(())
}

/// A log that starts anew when it is large.
#[derive(Clone)]
struct LogFile(Arc<Mutex<Inner>>);

struct Inner {
    path: PathBuf,
    file: File,
    size: u64,
}

impl LogFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = append(path)?;
        let size = file.metadata()?.len();
        Ok(Self(Arc::new(Mutex::new(Inner {
            path: path.to_owned(),
            file,
            size,
        }))))
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(PRIVATE)
        .open(path)
}

impl Inner {
    fn rotate(&mut self) -> io::Result<()> {
        let mut older = self.path.clone().into_os_string();
        older.push(".1");
        std::fs::rename(&self.path, older)?;
        self.file = append(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.size >= ROTATE_AT {
            inner.rotate()?;
        }
        let count = inner.file.write(bytes)?;
        inner.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .file
            .flush()
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_log_starts_anew_and_keeps_the_older_part() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(SERVER_LOG);
        let mut log = LogFile::open(&path).unwrap();
        log.write_all(b"old\n").unwrap();
        log.0.lock().unwrap().size = ROTATE_AT;
        log.write_all(b"new\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
        let older = dir.path().join("server.log.1");
        assert_eq!(std::fs::read_to_string(older).unwrap(), "old\n");
    }
}
