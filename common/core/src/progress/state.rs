//! What is known about one operation.

use std::time::{Duration, Instant};

use super::meter::Meter;
use super::{Amount, since};

/// The operation as its owner describes it.
#[derive(Debug)]
pub(super) struct State {
    pub(super) operation: String,
    pub(super) phase: String,
    pub(super) started: Instant,
    pub(super) phase_started: Instant,
    pub(super) meter: Meter,
    pub(super) unit: String,
    /// Something of it was shown as a live line.
    pub(super) live: bool,
    /// When a plain line was written last.
    pub(super) said: Option<Instant>,
    /// The phase of that line.
    pub(super) said_phase: String,
    pub(super) over: bool,
}

/// A moment of a [`State`].
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) operation: String,
    pub(super) phase: String,
    pub(super) elapsed: Duration,
    pub(super) current: u64,
    pub(super) total: u64,
    pub(super) unit: String,
    pub(super) percent: Option<u8>,
    pub(super) rate: Option<f64>,
    pub(super) eta: Option<Duration>,
    pub(super) stalled: Option<Duration>,
    pub(super) live: bool,
}

impl State {
    pub(super) fn new(operation: &str) -> Self {
        let now = Instant::now();
        Self {
            operation: operation.to_owned(),
            phase: String::new(),
            started: now,
            phase_started: now,
            meter: Meter::default(),
            unit: String::new(),
            live: false,
            said: None,
            said_phase: String::new(),
            over: false,
        }
    }

    /// Enters a phase and answers the end of the one before.
    pub(super) fn enter(&mut self, name: &str) -> Option<Snapshot> {
        let ended = (!self.phase.is_empty()).then(|| self.snapshot());
        name.clone_into(&mut self.phase);
        self.phase_started = Instant::now();
        self.meter = Meter::default();
        self.unit.clear();
        ended
    }

    pub(super) fn update(&mut self, amount: Amount<'_>) {
        let elapsed = since(self.phase_started);
        self.meter.update(elapsed, amount.current, amount.total);
        amount.unit.clone_into(&mut self.unit);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let elapsed = since(self.phase_started);
        Snapshot {
            operation: self.operation.clone(),
            phase: self.phase.clone(),
            elapsed,
            current: self.meter.current(),
            total: self.meter.total(),
            unit: self.unit.clone(),
            percent: self.meter.percent(),
            rate: self.meter.rate(elapsed),
            eta: self.meter.eta(elapsed),
            stalled: self.meter.stalled(elapsed),
            live: self.live,
        }
    }
}
