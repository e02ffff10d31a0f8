//! The VMs of this engine, on or off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use super::layout::Layout;
use super::probe::Probe;
use super::process::Process;
use super::qga::Qga;
use super::qmp::Qmp;
use super::record::Record;
use crate::engine::{EngineDirs, EngineError, EngineEvent, Machine, Running, Uid};

/// What all calls share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) dirs: EngineDirs,
    pub(super) probe: Probe,
    vms: Mutex<HashMap<Uid, Arc<Vm>>>,
    /// Machines of which the truth is not known now, and why. Nothing may be done to them.
    unsettled: Mutex<HashMap<Uid, String>>,
    events: mpsc::UnboundedSender<EngineEvent>,
}

/// One VM.
#[derive(Debug)]
pub(super) struct Vm {
    pub(super) uid: Uid,
    pub(super) layout: Layout,
    /// Held through a whole start, kill or destroy: a call that its caller gave up goes on behind, and
    /// the next one must not meet it halfway.
    pub(super) turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    record: Record,
    live: Option<Arc<Live>>,
}

/// A VM with a process.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) process: Process,
    pub(super) qmp: Qmp,
    pub(super) qga: Qga,
    facts: Mutex<Facts>,
    /// Turns true when the end is known and recorded.
    pub(super) ended: watch::Sender<bool>,
}

/// The guest's end of the agent's channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AgentPort {
    Closed,
    /// A program has it open.
    Open,
    /// The program answered as an agent.
    Answers,
}

/// What changes while a VM runs.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) running: Running,
    pub(super) paused: bool,
    /// Commands of an earlier server may still run in the guest.
    pub(super) unswept: bool,
    pub(super) port: AgentPort,
    /// Counts openings of the agent's port, so that a late answer is told from a fresh one.
    pub(super) opening: u64,
    /// Bytes that the guest last said it received and sent.
    pub(super) traffic: (u64, u64),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves these plain values whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(super) fn new(dirs: EngineDirs, events: mpsc::UnboundedSender<EngineEvent>) -> Self {
        Self {
            probe: Probe::new(&dirs),
            dirs,
            vms: Mutex::default(),
            unsettled: Mutex::default(),
            events,
        }
    }

    /// Fails while the truth about this machine is not known.
    pub(super) fn settled(&self, uid: &str) -> Result<(), EngineError> {
        match lock(&self.unsettled).get(uid) {
            Some(why) => Err(EngineError::Other(why.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn unsettle(&self, uid: &str, why: String) {
        lock(&self.unsettled).insert(uid.to_owned(), why);
    }

    pub(super) fn settle(&self, uid: &str) {
        lock(&self.unsettled).remove(uid);
    }

    pub(super) fn vm(&self, uid: &str) -> Option<Arc<Vm>> {
        lock(&self.vms).get(uid).cloned()
    }

    /// The VM of this machine, with its directory and record made if it is new.
    pub(super) fn vm_or_new(&self, machine: &Machine) -> Result<Arc<Vm>, EngineError> {
        let mut vms = lock(&self.vms);
        if let Some(vm) = vms.get(&machine.uid) {
            return Ok(Arc::clone(vm));
        }
        let layout = Layout::create(&self.dirs)?;
        let record = Record::new(machine.clone());
        if let Err(error) = record.save(&layout) {
            // The first error says what is wrong.
            drop(layout.remove());
            return Err(error);
        }
        let vm = Arc::new(Vm::new(layout, record));
        vms.insert(machine.uid.clone(), Arc::clone(&vm));
        Ok(vm)
    }

    pub(super) fn insert(&self, vm: Arc<Vm>) {
        lock(&self.vms).insert(vm.uid.clone(), vm);
    }

    pub(super) fn forget(&self, uid: &str) {
        lock(&self.vms).remove(uid);
    }

    /// The running VM of this uid.
    pub(super) fn live(&self, uid: &str) -> Result<Arc<Live>, EngineError> {
        self.vm(uid)
            .and_then(|vm| vm.live())
            .ok_or(EngineError::NotRunning)
    }

    pub(super) fn emit(&self, event: EngineEvent) {
        // Without a listener there is nobody to tell.
        drop(self.events.send(event));
    }

    /// Notes whether the guest's CPUs run, and tells if that is news.
    pub(super) fn note_paused(&self, uid: &str, live: &Live, paused: bool) {
        let was = std::mem::replace(&mut live.facts().paused, paused);
        if was != paused {
            self.emit(EngineEvent::Paused {
                uid: uid.to_owned(),
            });
        }
    }
}

impl Vm {
    pub(super) fn new(layout: Layout, record: Record) -> Self {
        Self {
            uid: record.machine.uid.clone(),
            layout,
            turn: tokio::sync::Mutex::default(),
            state: Mutex::new(State { record, live: None }),
        }
    }

    pub(super) fn live(&self) -> Option<Arc<Live>> {
        lock(&self.state).live.clone()
    }

    pub(super) fn set_live(&self, live: Option<Arc<Live>>) {
        lock(&self.state).live = live;
    }

    pub(super) fn record(&self) -> Record {
        lock(&self.state).record.clone()
    }

    /// Changes the record and writes it.
    pub(super) fn note(&self, change: impl FnOnce(&mut Record)) -> Result<(), EngineError> {
        let mut state = lock(&self.state);
        change(&mut state.record);
        state.record.save(&self.layout)
    }
}

impl Live {
    pub(super) fn new(process: Process, qmp: Qmp, qga: Qga, facts: Facts) -> Self {
        Self {
            process,
            qmp,
            qga,
            facts: Mutex::new(facts),
            ended: watch::channel(false).0,
        }
    }

    /// For a look or a change; never held across a wait.
    pub(super) fn facts(&self) -> MutexGuard<'_, Facts> {
        lock(&self.facts)
    }

    /// The agent's channel, if the agent answers now.
    pub(super) fn agent(&self) -> Result<&Qga, EngineError> {
        let facts = self.facts();
        let unavailable = |text: &str| Err(EngineError::AgentUnavailable(text.into()));
        match (facts.paused, facts.port == AgentPort::Answers) {
            (true, _) => unavailable("the machine is paused, and its guest agent with it"),
            (false, false) => unavailable("the guest agent does not answer"),
            (false, true) => Ok(&self.qga),
        }
    }

    /// Waits until the end is recorded.
    pub(super) async fn wait_ended(&self) {
        let mut ended = self.ended.subscribe();
        // The sender is ours, so this cannot fail before the end.
        drop(ended.wait_for(|ended| *ended).await);
    }
}
