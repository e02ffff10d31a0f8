//! The status of a VM, computed from facts.

use nova_api::types::{DiskStatus, PortSpec, Quantity, Time, VmPhase, VmStatus};

use super::conditions::{Conditions, holds};
use super::op;
use super::plan::{Seen, View, Want};
use super::record::Fault;
use super::resolve::Blocked;
use super::subject::Facts;
use crate::engine::{Machine, Observation, Port, Protocol, Running};

/// What is true now. `view` is the same facts as the plan sees them.
pub(super) fn compose(facts: &Facts, view: &View, engine: &str) -> VmStatus {
    let subject = &facts.subject;
    let mut status = subject.status.clone();
    status.phase = Some(phase(facts, view));
    status.engine = Some(engine.to_owned());
    if facts.machine.is_ok() {
        status.node = Some(super::node::host_name().to_owned());
    }
    match &facts.observation {
        Observation::On { running, .. } => on(&mut status, running),
        Observation::Off { .. } | Observation::Absent => off(&mut status),
    }
    if view.applied || !view.seen.is_on() {
        status.observed_generation = Some(subject.generation());
    }
    if !view.seen.is_on() {
        status.pending_changes.clear();
    }
    if let Ok(machine) = &facts.machine {
        status.disks = disks(machine);
    }
    if subject.op.is_none() {
        status.current_operation = None;
    }
    conditions(&mut status, facts, view);
    status
}

fn on(status: &mut VmStatus, running: &Running) {
    status.pid = running.pid.map(i64::from);
    status.started_at = running
        .started_at
        .parse()
        .ok()
        .map(|at: jiff::Timestamp| Time::from(at));
    status.accelerator = Some(running.accelerator.clone());
    status.ports = running.ports.iter().map(port).collect();
}

fn off(status: &mut VmStatus) {
    status.pid = None;
    status.started_at = None;
    status.ports.clear();
    status.addresses.clear();
    status.guest_info = None;
}

/// Writes that the machine is down for `fault`, until the next reading says more.
pub(super) fn went_down(status: &mut VmStatus, facts: &Facts, fault: Option<&Fault>) {
    off(status);
    let phase = status.phase.clone().unwrap_or(VmPhase::Stopped);
    let generation = facts.subject.generation();
    let mut all = Conditions {
        list: &mut status.conditions,
        generation,
        now: facts.now,
    };
    for type_ in ["NetworkReady", "AgentConnected"] {
        all.set(type_, false, "NotRunning", "the machine is off");
    }
    match fault {
        Some(fault) => all.set("Ready", false, &fault.reason, &fault.message),
        None => all.set("Ready", false, phase.as_str(), ""),
    }
}

fn port(port: &Port) -> PortSpec {
    let protocol = if port.protocol == Protocol::Udp {
        "udp"
    } else {
        "tcp"
    };
    PortSpec {
        name: Some(port.name.clone()),
        host: Some(port.host),
        host_ip: Some(port.host_ip.to_string()),
        guest: port.guest,
        protocol: Some(protocol.to_owned()),
    }
}

fn disks(machine: &Machine) -> Vec<DiskStatus> {
    let one = |disk: &crate::engine::Disk| DiskStatus {
        name: disk.name.clone(),
        size: disk.size.map(Quantity::from_bytes),
        ..DiskStatus::default()
    };
    machine.disks.iter().map(one).collect()
}

/// Where the VM is in its life.
fn phase(facts: &Facts, view: &View) -> VmPhase {
    let before = facts.subject.phase();
    if view.deleting {
        return VmPhase::Deleting;
    }
    if view.task.as_ref().is_some_and(|task| task.stop.is_some()) {
        return VmPhase::Stopping;
    }
    match view.seen {
        Seen::On { paused: true, .. } => VmPhase::Paused,
        Seen::On { .. } => VmPhase::Running,
        Seen::Off | Seen::Absent if view.want == Want::Stopped => at_rest(view, before),
        Seen::Off | Seen::Absent => coming_up(view, before),
    }
}

fn at_rest(view: &View, before: VmPhase) -> VmPhase {
    let made = !matches!(before, VmPhase::Pending | VmPhase::Provisioning);
    match (view.seen, before) {
        (_, VmPhase::Failed) => VmPhase::Failed,
        (Seen::Absent, _) if !made && view.blocked => VmPhase::Pending,
        (Seen::Absent, _) if !made => VmPhase::Provisioning,
        _ => VmPhase::Stopped,
    }
}

fn coming_up(view: &View, before: VmPhase) -> VmPhase {
    let boots = view.task.as_ref().is_some_and(|task| task.boots);
    let waits = view.retry_at.is_some_and(|at| at > view.now);
    if !boots && (view.halted || waits) {
        let down = matches!(before, VmPhase::Stopped | VmPhase::Failed);
        return if down { before } else { VmPhase::Failed };
    }
    match view.seen {
        _ if view.blocked => match before {
            VmPhase::Stopped | VmPhase::Failed => before,
            _ => VmPhase::Pending,
        },
        Seen::Absent if !view.provisioned => VmPhase::Provisioning,
        _ => VmPhase::Starting,
    }
}

fn conditions(status: &mut VmStatus, facts: &Facts, view: &View) {
    let phase = status.phase.clone().unwrap_or(VmPhase::Pending);
    let generation = facts.subject.generation();
    let mut all = Conditions {
        list: &mut status.conditions,
        generation,
        now: facts.now,
    };
    scheduled(&mut all, facts);
    disks_ready(&mut all, facts, view);
    if view.seen.is_on() {
        all.set("NetworkReady", true, "Attached", "");
    } else {
        all.set("NetworkReady", false, "NotRunning", "the machine is off");
    }
    agent(&mut all, facts, view);
    ready(&mut all, facts, view, &phase);
    degraded(&mut all, view);
    if status.pending_changes.is_empty() {
        all.remove("RestartRequired");
    } else {
        let text = "changes wait for a restart: nova vm restart --cold";
        all.set("RestartRequired", true, "PendingChanges", text);
    }
}

/// A guest that nobody paused was frozen by the engine, as when the host's disk is full.
fn degraded(all: &mut Conditions<'_>, view: &View) {
    let frozen = matches!(view.seen, Seen::On { paused: true, .. });
    if frozen && view.want == Want::Running && view.task.is_none() && !view.deleting {
        let text = "the engine froze the guest; see its log, then resume it";
        all.set("Degraded", true, "FrozenByEngine", text);
    } else {
        all.remove("Degraded");
    }
}

fn scheduled(all: &mut Conditions<'_>, facts: &Facts) {
    if let Err(Blocked::NodeNotFound(node)) = &facts.machine {
        let text = format!("there is no node {node:?}");
        return all.set("Scheduled", false, "NodeNotFound", &text);
    }
    let text = format!("placed on {}", super::node::host_name());
    all.set("Scheduled", true, "Placed", &text);
}

fn disks_ready(all: &mut Conditions<'_>, facts: &Facts, view: &View) {
    if view.seen.is_on() {
        return all.set("DisksReady", true, "Provisioned", "");
    }
    if let Err(blocked) = &facts.machine {
        let (reason, text) = explain(blocked);
        return all.set("DisksReady", false, reason, &text);
    }
    match facts
        .subject
        .record
        .fault
        .as_ref()
        .filter(|_| view.seen == Seen::Absent)
    {
        Some(fault) => all.set("DisksReady", false, &fault.reason, &fault.message),
        None if view.seen == Seen::Absent => all.set("DisksReady", false, "Provisioning", ""),
        None => all.set("DisksReady", true, "Provisioned", ""),
    }
}

/// Reason and sentence of what keeps a VM from being made.
pub(super) fn explain(blocked: &Blocked) -> (&'static str, String) {
    match blocked {
        Blocked::ImageNotFound(name) => (
            "ImageNotFound",
            format!("there is no image {name:?} in this namespace or in `public`"),
        ),
        Blocked::ImageNotReady(name) => {
            ("ImageNotReady", format!("image {name:?} is not ready yet"))
        }
        Blocked::ImageFailed(name) => ("ImageFailed", format!("image {name:?} cannot be used")),
        Blocked::NodeNotFound(node) => ("NodeNotFound", format!("there is no node {node:?}")),
        Blocked::Invalid(_) => (
            "Invalid",
            "the spec asks for something impossible".to_owned(),
        ),
    }
}

fn agent(all: &mut Conditions<'_>, facts: &Facts, view: &View) {
    let had = holds(all.list, "AgentConnected");
    let (truth, reason, text) = match view.seen {
        Seen::On { paused: true, .. } => (false, "Paused", "a paused guest does not answer"),
        Seen::On { agent: true, .. } => (true, "Connected", ""),
        Seen::On { .. } if !facts.agent_expected() => {
            (false, "NoAgent", "the image has no guest agent")
        }
        Seen::On { .. } if had => (false, "Disconnected", "the guest agent stopped answering"),
        Seen::On { .. } => (
            false,
            "Waiting",
            "the guest agent has not answered since the boot",
        ),
        _ => (false, "NotRunning", "the machine is off"),
    };
    all.set("AgentConnected", truth, reason, text);
}

fn ready(all: &mut Conditions<'_>, facts: &Facts, view: &View, phase: &VmPhase) {
    let stopping = *phase == VmPhase::Stopping || *phase == VmPhase::Deleting;
    if facts.ready() && !stopping {
        let reason = if facts.agent_expected() {
            "AgentAnswers"
        } else {
            "Running"
        };
        return all.set("Ready", true, reason, "");
    }
    let fault = facts
        .subject
        .record
        .fault
        .as_ref()
        .filter(|_| !view.seen.is_on());
    match (fault, &facts.machine) {
        (Some(fault), _) => all.set("Ready", false, &fault.reason, &fault.message),
        (None, Err(blocked)) if !view.seen.is_on() => {
            let (reason, text) = explain(blocked);
            all.set("Ready", false, reason, &text);
        }
        _ if *phase == VmPhase::Running => {
            all.set(
                "Ready",
                false,
                "WaitingForAgent",
                "the guest agent has not answered yet",
            );
        }
        _ => all.set("Ready", false, phase.as_str(), ""),
    }
}

/// How far the operation is, as far as facts tell; answers whether anything is new.
pub(super) fn advance(facts: &Facts, view: &View, op: &mut serde_json::Value) -> bool {
    let now = facts.now;
    let before = op.clone();
    match &facts.machine {
        Ok(_) => {
            for name in ["validate", "schedule", "download-image"] {
                op::set_phase(op, name, "Succeeded", now);
            }
        }
        Err(blocked) => {
            op::set_phase(op, "validate", "Succeeded", now);
            op::set_phase(op, "download-image", "Running", now);
            op::note_phase_text(op, "download-image", &explain(blocked).1);
        }
    }
    if facts.provisioned || view.seen.is_on() {
        op::set_phase(op, "create-disk", "Succeeded", now);
        op::set_phase(op, "configure-network", "Succeeded", now);
    }
    if view.seen.is_on() && !op::stop_is_open(op) {
        advance_boot(facts, view, op);
    }
    *op != before
}

fn advance_boot(facts: &Facts, view: &View, op: &mut serde_json::Value) {
    let now = facts.now;
    op::set_phase(op, "start-process", "Succeeded", now);
    if op::state(op, "reboot") == "Running" || op::state(op, "reboot") == "Pending" {
        return;
    }
    let up = matches!(view.seen, Seen::On { agent: true, .. }) || !facts.agent_expected();
    op::set_phase(op, "boot", if up { "Succeeded" } else { "Running" }, now);
    if up && facts.agent_expected() {
        let state = if facts.ready() {
            "Succeeded"
        } else {
            "Running"
        };
        op::set_phase(op, "wait-agent", state, now);
    } else if up {
        op::set_phase(op, "wait-agent", "Skipped", now);
    }
}
