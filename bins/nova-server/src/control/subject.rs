//! One reading of a VM: the object, its operation, its record, and what the engine sees.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use nova_api::types::{Image, RestartPolicy, RunState, VirtualMachine, VmPhase, VmStatus};
use serde_json::Value;

use super::clock;
use super::doc::text;
use super::intent::VMS;
use super::op;
use super::plan::{Seen, View, Want};
use super::record::{self, Record};
use super::resolve::{Blocked, Library, resolve};
use crate::app::App;
use crate::engine::{Machine, Observation};
use crate::store::{Key, Store};

/// Namespace whose images every VM may use.
const PUBLIC: &str = "public";

/// A VM as the store has it.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) key: Key,
    pub(super) rv: u64,
    pub(super) uid: String,
    pub(super) value: Value,
    pub(super) vm: VirtualMachine,
    pub(super) status: VmStatus,
    /// The active operation, with the revision that was read.
    pub(super) op: Option<(Key, u64, Value)>,
    pub(super) record: Record,
}

impl Subject {
    /// Reads the VM; nothing when this object is gone.
    pub(super) fn read(store: &Store, key: &Key, uid: &str) -> Option<Self> {
        let object = store.get(key).filter(|object| object.uid() == uid)?;
        let value = object.value();
        let vm: VirtualMachine = object.decode().ok()?;
        let status = vm.status.clone().unwrap_or_default();
        let record = store.get(&record::key(&key.namespace, uid));
        Some(Self {
            op: active(store, &value),
            record: record
                .map(|object| Record::read(&object))
                .unwrap_or_default(),
            key: key.clone(),
            rv: object.rv,
            uid: uid.to_owned(),
            value,
            vm,
            status,
        })
    }

    pub(super) fn generation(&self) -> i64 {
        self.vm.metadata.generation.unwrap_or(1)
    }

    pub(super) fn phase(&self) -> VmPhase {
        self.status.phase.clone().unwrap_or(VmPhase::Pending)
    }

    pub(super) fn deleting(&self) -> bool {
        self.vm.metadata.deletion_timestamp.is_some()
    }

    pub(super) fn policy(&self) -> RestartPolicy {
        self.vm
            .spec
            .restart_policy
            .clone()
            .unwrap_or(RestartPolicy::OnFailure)
    }

    pub(super) fn op_value(&self) -> Option<&Value> {
        self.op.as_ref().map(|(_, _, op)| op)
    }

    fn want(&self) -> Want {
        match self.vm.spec.run_state {
            Some(RunState::Stopped | RunState::Suspended) => Want::Stopped,
            Some(RunState::Paused) => Want::Paused,
            _ => Want::Running,
        }
    }

    /// Down by itself, and nothing but a new order brings it up.
    fn halted(&self) -> bool {
        let changed = self.status.observed_generation != Some(self.generation());
        match self.phase() {
            VmPhase::Stopped => true,
            VmPhase::Failed => self.record.retry_at.is_none() && !changed,
            _ => false,
        }
    }
}

fn active(store: &Store, vm: &Value) -> Option<(Key, u64, Value)> {
    let name = text(vm, "/status/currentOperation");
    if name.is_empty() {
        return None;
    }
    let key = Key::new(op::KIND, text(vm, "/metadata/namespace"), name);
    let object = store.get(&key)?;
    let value = object.value();
    op::is_active(&value).then_some((key, object.rv, value))
}

/// Everything that one turn of a driver decides from.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) subject: Subject,
    pub(super) observation: Observation,
    pub(super) machine: Result<Machine, Blocked>,
    pub(super) now: Timestamp,
    /// The engine made the disks for the newest spec.
    pub(super) provisioned: bool,
    /// The guest answered through its agent since it booted.
    pub(super) guest_answered: bool,
}

impl Facts {
    pub(super) fn new(app: &App, subject: Subject, observation: Observation) -> Self {
        let shelf = Shelf {
            app,
            namespace: subject.key.namespace.clone(),
        };
        let machine = resolve(&subject.vm, &shelf);
        let now = clock::now();
        Self {
            subject,
            observation,
            machine,
            now,
            provisioned: false,
            guest_answered: false,
        }
    }

    /// The same facts about a newer reading of the object.
    pub(super) fn with(&self, subject: Subject) -> Self {
        Self {
            subject,
            observation: self.observation.clone(),
            machine: self.machine.clone(),
            ..*self
        }
    }

    pub(super) fn seen(&self) -> Seen {
        match &self.observation {
            Observation::Absent => Seen::Absent,
            Observation::Off { .. } => Seen::Off,
            Observation::On { paused, agent, .. } => Seen::On {
                paused: *paused,
                agent: *agent,
            },
        }
    }

    /// Whether something of the open stop part was tried.
    pub(super) fn ended_by_stop(&self) -> bool {
        let tried = |op: &Value| {
            op::STOP[..3]
                .iter()
                .any(|name| !matches!(op::state(op, name), "" | "Pending"))
        };
        self.subject.op_value().is_some_and(tried)
    }

    /// Whether an agent is expected to answer.
    pub(super) fn agent_expected(&self) -> bool {
        match (&self.subject.record.machine, &self.machine) {
            (Some(running), _) if self.seen().is_on() => running.agent,
            (_, Ok(machine)) => machine.agent,
            (Some(running), Err(_)) => running.agent,
            (None, Err(_)) => false,
        }
    }

    /// Executing, and answering where an agent is expected.
    pub(super) fn ready(&self) -> bool {
        match self.seen() {
            Seen::On {
                paused: false,
                agent,
            } => !self.agent_expected() || (agent && self.guest_answered),
            _ => false,
        }
    }

    pub(super) fn view(&self) -> View {
        let subject = &self.subject;
        let task = subject
            .op_value()
            .and_then(|op| op::task(op, &subject.value, self.agent_expected(), self.now));
        View {
            deleting: subject.deleting(),
            want: subject.want(),
            seen: self.seen(),
            task,
            halted: subject.halted(),
            retry_at: subject.record.retry_at,
            blocked: self.machine.is_err(),
            hopeless: self.machine.as_ref().is_err_and(Blocked::is_hopeless),
            provisioned: self.provisioned,
            applied: subject.record.generation == subject.generation() || self.machine.is_err(),
            ready: self.ready(),
            now: self.now,
        }
    }
}

/// The images that a VM of one namespace may use.
pub(super) struct Shelf<'a> {
    pub(super) app: &'a App,
    pub(super) namespace: String,
}

impl Shelf<'_> {
    /// The names of all of them.
    pub(super) fn names(&self) -> Vec<String> {
        let of = |namespace| self.app.store.list("images", Some(namespace));
        let all = of(self.namespace.as_str()).into_iter().chain(of(PUBLIC));
        all.map(|image| image.key.name.clone()).collect()
    }
}

impl Library for Shelf<'_> {
    fn image(&self, name: &str) -> Option<Image> {
        let find = |namespace: &str| self.app.store.get(&Key::new("images", namespace, name));
        find(&self.namespace)
            .or_else(|| find(PUBLIC))?
            .decode()
            .ok()
    }

    fn file(&self, sha256: &str) -> PathBuf {
        self.app.images.path(sha256)
    }

    fn node(&self) -> &str {
        super::node::host_name()
    }
}

/// The key of a VM.
pub(super) fn vm_key(namespace: &str, name: &str) -> Key {
    Key::new(VMS, namespace, name)
}

/// Shorthand for the shared application.
pub(super) type Shared = Arc<App>;
