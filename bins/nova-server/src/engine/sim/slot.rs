//! A simulated machine as it is held in memory, where thousands of them must cost little.

use jiff::Timestamp;
use tokio::sync::watch;

use super::record::{Power, Record};
use crate::engine::{Exit, Observation};
use crate::pack::{MACHINES, Packed};

/// One machine: what is rarely asked for is packed, or boxed where it is rarely there.
#[derive(Debug)]
pub(super) struct Slot {
    machine: Packed,
    agent: bool,
    power: Option<Box<Power>>,
    last_exit: Option<Box<Exit>>,
    boots: usize,
    /// Dropped with the machine's power; what runs in the guest watches it. Made when somebody does.
    life: Option<watch::Sender<()>>,
}

impl Slot {
    pub(super) fn of(record: Record) -> serde_json::Result<Self> {
        Ok(Self {
            machine: Packed::new(MACHINES, &serde_json::to_string(&record.machine)?),
            agent: record.machine.agent,
            power: record.power.map(Box::new),
            last_exit: record.last_exit.map(Box::new),
            boots: record.boots,
            life: None,
        })
    }

    /// Keeps a newer record. What runs in the guest ends with its power.
    pub(super) fn keep(&mut self, record: Record) -> serde_json::Result<()> {
        let life = self.life.take().filter(|_| record.power.is_some());
        *self = Self {
            life,
            ..Self::of(record)?
        };
        Ok(())
    }

    /// Its record.
    pub(super) fn record(&self) -> serde_json::Result<Record> {
        Ok(Record {
            machine: self.machine.with(|text| serde_json::from_str(text))?,
            power: self.power.as_deref().cloned(),
            last_exit: self.last_exit.as_deref().cloned(),
            boots: self.boots,
        })
    }

    /// A receiver that closes when the machine's power goes; nothing when it is off.
    pub(super) fn life(&mut self) -> Option<watch::Receiver<()>> {
        let life = &mut self.life;
        self.power
            .as_ref()
            .map(|_| life.get_or_insert_with(|| watch::channel(()).0).subscribe())
    }

    pub(super) fn has_agent(&self) -> bool {
        self.agent
    }

    pub(super) fn power(&self) -> Option<&Power> {
        self.power.as_deref()
    }

    pub(super) fn announce(&mut self) {
        if let Some(on) = &mut self.power {
            on.announced = true;
        }
    }

    /// Whether it is on and holds this host port.
    pub(super) fn holds(&self, port: u16) -> bool {
        self.power()
            .is_some_and(|on| on.ports.iter().any(|p| p.host == port))
    }

    /// What can be seen of it at a time.
    pub(super) fn observe(&self, now: Timestamp) -> Observation {
        match self.power() {
            Some(on) => Observation::On {
                running: on.running(),
                paused: on.paused,
                agent: self.agent && on.agent_at <= now,
            },
            None => Observation::Off {
                last_exit: self.last_exit.as_deref().cloned(),
            },
        }
    }
}
