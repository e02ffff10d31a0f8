//! The file of the simulated machines: one line for each change of one, the newest last.
//!
//! A line is written by one call and nobody waits for the disk: what a killed server wrote is there, and after a power cut
//! no simulated machine is missed. Written anew when the server starts and when most of it is history.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::engine::Uid;

/// Lines of history that are never worth writing the file anew.
const SLACK: usize = 4096;

/// One line; without a record the machine is gone.
#[derive(Serialize, Deserialize)]
struct Entry<U, R> {
    uid: U,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<R>,
}

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
    lines: usize,
    /// The last write failed and may have left half a line.
    torn: bool,
}

impl Journal {
    /// The journal in `dir`; nothing is opened yet.
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            path: dir.join("machines.jsonl"),
            file: None,
            lines: 0,
            torn: false,
        }
    }

    /// Reads the machines. A line that was cut off is as if it had never been written.
    pub(super) fn read(&self) -> io::Result<HashMap<Uid, Record>> {
        let text = match std::fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
            text => text?,
        };
        let mut machines = HashMap::new();
        for line in text.split(|byte| *byte == b'\n') {
            match serde_json::from_slice::<Entry<Uid, Record>>(line) {
                Ok(Entry {
                    uid,
                    record: Some(record),
                }) => drop(machines.insert(uid, record)),
                Ok(Entry { uid, record: None }) => drop(machines.remove(&uid)),
                Err(_) => {}
            }
        }
        Ok(machines)
    }

    /// Adds the newest state of one machine.
    pub(super) fn append(&mut self, uid: &str, record: Option<&Record>) -> io::Result<()> {
        let mut line = Vec::with_capacity(1024);
        if self.torn {
            line.push(b'\n');
        }
        encode(&mut line, uid, record)?;
        self.torn = true;
        self.file()?.write_all(&line)?;
        self.torn = false;
        self.lines += 1;
        Ok(())
    }

    /// Whether most of it is history, of so many machines.
    pub(super) fn is_long(&self, machines: usize) -> bool {
        self.lines > SLACK + 8 * machines
    }

    /// Writes the file anew with these machines only; without any there is none.
    pub(super) fn rewrite<'a>(
        &mut self,
        machines: impl Iterator<Item = serde_json::Result<(&'a Uid, Record)>>,
    ) -> io::Result<()> {
        let mut text = Vec::new();
        let mut lines = 0;
        for machine in machines {
            let (uid, record) = machine?;
            encode(&mut text, uid, Some(&record))?;
            lines += 1;
        }
        if lines > 0 {
            nova_core::fs::write_atomic(&self.path, &text, 0o600)?;
        } else {
            remove(&self.path)?;
        }
        (self.file, self.lines, self.torn) = (None, lines, false);
        Ok(())
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            if let Some(dir) = self.path.parent() {
                nova_core::fs::create_private_dir(dir)?;
            }
            let opened = File::options().create(true).append(true).open(&self.path)?;
            self.file = Some(opened);
        }
        self.file
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn encode(line: &mut Vec<u8>, uid: &str, record: Option<&Record>) -> io::Result<()> {
    serde_json::to_writer(&mut *line, &Entry { uid, record })?;
    line.push(b'\n');
    Ok(())
}
