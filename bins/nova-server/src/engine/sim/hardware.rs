//! The simulated machines of one data directory: kept in memory, written through to a journal.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::journal::Journal;
use super::record::Record;
use super::slot::Slot;
use crate::engine::{EngineError, EngineEvent, ExitReason, Observation, Running, Uid};

/// The machines and their files: `DIR/machines.jsonl` and, once somebody looked, `DIR/UID/console.log`.
#[derive(Debug)]
pub(super) struct Hardware {
    dir: PathBuf,
    machines: Mutex<Machines>,
    events: mpsc::UnboundedSender<EngineEvent>,
}

#[derive(Debug)]
struct Machines {
    slots: HashMap<Uid, Slot>,
    journal: Journal,
}

impl Hardware {
    pub(super) fn new(dir: PathBuf, events: mpsc::UnboundedSender<EngineEvent>) -> Self {
        let machines = Machines {
            slots: HashMap::new(),
            journal: Journal::new(&dir),
        };
        Self {
            dir,
            machines: Mutex::new(machines),
            events,
        }
    }

    fn dir(&self, uid: &str) -> PathBuf {
        self.dir.join(uid)
    }

    /// Where the machine's console is logged, once somebody looked.
    pub(super) fn console(&self, uid: &str) -> PathBuf {
        self.dir(uid).join("console.log")
    }

    fn machines(&self) -> MutexGuard<'_, Machines> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the machines of an earlier server; removes those not in `known` and answers them.
    pub(super) fn load(&self, known: &BTreeSet<Uid>) -> io::Result<Vec<Uid>> {
        let mut machines = self.machines();
        let mut removed = Vec::new();
        for (uid, record) in machines.journal.read()? {
            if known.contains(&uid) {
                machines.slots.insert(uid, Slot::of(record)?);
            } else {
                removed.push(uid);
            }
        }
        for uid in subdirectories(&self.dir)? {
            if !machines.slots.contains_key(&uid) {
                fs::remove_dir_all(self.dir(&uid))?;
            }
        }
        machines.rewrite()?;
        Ok(removed)
    }

    /// Reads one record.
    pub(super) fn read<T>(&self, uid: &str, look: impl FnOnce(&Record) -> T) -> Option<T> {
        self.machines().record(uid).map(|record| look(&record))
    }

    /// What can be seen of a machine.
    pub(super) fn observe(&self, uid: &str, now: Timestamp) -> Observation {
        let machines = self.machines();
        let slot = machines.slots.get(uid);
        slot.map_or(Observation::Absent, |slot| slot.observe(now))
    }

    /// The machine as it runs; nothing when it is off.
    pub(super) fn running(&self, uid: &str) -> Option<Running> {
        Some(self.machines().slots.get(uid)?.power()?.running())
    }

    /// A receiver that closes when the machine's power goes.
    pub(super) fn life(&self, uid: &str) -> Option<watch::Receiver<()>> {
        self.machines().slots.get_mut(uid)?.life()
    }

    pub(super) fn uids_on(&self) -> Vec<Uid> {
        let machines = self.machines();
        machines
            .slots
            .iter()
            .filter(|(_, slot)| slot.power().is_some())
            .map(|(uid, _)| uid.clone())
            .collect()
    }

    /// Whether another machine that is on holds this host port.
    pub(super) fn holds_port(&self, uid: &str, port: u16) -> bool {
        self.machines()
            .slots
            .iter()
            .any(|(other, slot)| other != uid && slot.holds(port))
    }

    /// Adds a machine, unless it is there.
    pub(super) fn insert(&self, uid: &str, record: Record) -> Result<(), EngineError> {
        let mut machines = self.machines();
        if !machines.slots.contains_key(uid) {
            self.save(&mut machines, uid, Some(&record))?;
            let slot = Slot::of(record).map_err(|error| failed(&self.dir, &error.into()))?;
            machines.slots.insert(uid.to_owned(), slot);
        }
        Ok(())
    }

    /// Changes one record and writes it; absent answers `None`.
    pub(super) fn change<T>(
        &self,
        uid: &str,
        act: impl FnOnce(&mut Record) -> T,
    ) -> Result<Option<T>, EngineError> {
        let mut machines = self.machines();
        let Some(mut record) = machines.record(uid) else {
            return Ok(None);
        };
        let answer = act(&mut record);
        self.save(&mut machines, uid, Some(&record))?;
        let Some(slot) = machines.slots.get_mut(uid) else {
            return Ok(None);
        };
        slot.keep(record)
            .map_err(|error| failed(&self.dir, &error.into()))?;
        Ok(Some(answer))
    }

    /// Forgets a machine and removes its files.
    pub(super) fn remove(&self, uid: &str) -> Result<(), EngineError> {
        let mut machines = self.machines();
        if machines.slots.contains_key(uid) {
            self.save(&mut machines, uid, None)?;
            machines.slots.remove(uid);
            if machines.slots.is_empty() {
                machines
                    .rewrite()
                    .map_err(|error| failed(&self.dir, &error))?;
            }
        }
        match fs::remove_dir_all(self.dir(uid)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed(&self.dir(uid), &error))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn emit(&self, event: EngineEvent) {
        // Without a listener there is nobody to tell.
        drop(self.events.send(event));
    }

    /// Does what is due for `uid` at `now`; answers how long until the next thing is.
    pub(super) fn advance(&self, uid: &str, now: Timestamp) -> Option<Duration> {
        let (on, has_agent) = {
            let machines = self.machines();
            let slot = machines.slots.get(uid)?;
            (slot.power()?.clone(), slot.has_agent())
        };
        if on.off_at.is_some_and(|at| at <= now) {
            self.power_off(uid, on.off_reason, on.off_at.unwrap_or(now));
            return None;
        }
        if has_agent && !on.announced && on.agent_at <= now {
            self.announce(uid);
        }
        let agent_due = (has_agent && on.agent_at > now).then_some(on.agent_at);
        let next = agent_due.into_iter().chain(on.off_at).min()?;
        Some(Duration::try_from(next.duration_since(now)).unwrap_or_default())
    }

    fn announce(&self, uid: &str) {
        if let Some(slot) = self.machines().slots.get_mut(uid) {
            slot.announce();
        }
        self.emit(EngineEvent::Agent {
            uid: uid.to_owned(),
            connected: true,
        });
    }

    /// Ends the machine and tells of it.
    pub(super) fn power_off(&self, uid: &str, reason: ExitReason, at: Timestamp) {
        let exit = self.change(uid, |record| record.switch_off(reason, at));
        if let Ok(Some(Some(exit))) = exit {
            self.emit(EngineEvent::Exited {
                uid: uid.to_owned(),
                exit,
            });
        }
    }

    fn save(
        &self,
        machines: &mut Machines,
        uid: &str,
        record: Option<&Record>,
    ) -> Result<(), EngineError> {
        let failed = |error: io::Error| failed(&self.dir, &error);
        if machines.journal.is_long(machines.slots.len()) {
            machines.rewrite().map_err(failed)?;
        }
        machines.journal.append(uid, record).map_err(failed)
    }
}

impl Machines {
    fn record(&self, uid: &str) -> Option<Record> {
        let record = self.slots.get(uid)?.record();
        record
            .inspect_err(|error| tracing::error!(uid, %error, "a simulated machine is lost"))
            .ok()
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let slots = self.slots.iter();
        let records = slots.map(|(uid, slot)| Ok((uid, slot.record()?)));
        self.journal.rewrite(records)
    }
}

fn subdirectories(dir: &Path) -> io::Result<Vec<String>> {
    match fs::read_dir(dir) {
        Ok(entries) => Ok(entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn failed(path: &Path, error: &io::Error) -> EngineError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            EngineError::Insufficient(format!("no space left for {}", path.display()))
        }
        _ => EngineError::Other(format!("cannot write {}: {error}", path.display())),
    }
}
