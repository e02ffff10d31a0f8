//! What changed in a status, as events; and what the guest told, as status.

use nova_api::types::{Address, Condition, GuestInfo as GuestStatus, VmPhase, VmStatus};

use super::conditions::holds;
use super::events::Note;
use super::subject::Facts;
use crate::engine::GuestInfo;

/// Writes what the guest told of itself.
pub(super) fn guest(status: &mut VmStatus, facts: &Facts, info: Option<&GuestInfo>) {
    let Some(info) = info else { return };
    status.guest_info = Some(GuestStatus {
        os: info.os.clone(),
        kernel: info.kernel.clone(),
        hostname: info.hostname.clone(),
        agent_version: info.agent_version.clone(),
    });
    let nics = facts
        .subject
        .record
        .machine
        .as_ref()
        .map_or(&[][..], |m| &m.networks);
    let one = |address: &crate::engine::GuestAddress| Address {
        network: nics
            .iter()
            .find(|nic| nic.mac == address.mac)
            .map(|nic| nic.name.clone()),
        ip: Some(address.ip.clone()),
        mac: Some(address.mac.clone()),
        source: Some("agent".to_owned()),
    };
    status.addresses = info.addresses.iter().map(one).collect();
}

/// The news between the stored status and the new one.
pub(super) fn news(facts: &Facts, new: &VmStatus) -> Vec<Note> {
    let old = &facts.subject.status;
    let mut notes = Vec::new();
    if old.conditions.is_empty() {
        notes.push(Note::normal("Created", "the virtual machine was accepted"));
    }
    let turned = |type_: &str| !holds(&old.conditions, type_) && holds(&new.conditions, type_);
    if turned("Scheduled") {
        notes.push(Note::normal(
            "Scheduled",
            message(&new.conditions, "Scheduled"),
        ));
    }
    if turned("DisksReady") && old.phase != Some(VmPhase::Running) {
        notes.push(Note::normal("Provisioned", "its disks are ready"));
    }
    if new.started_at.is_some() && old.started_at.is_none() {
        let engine = new.accelerator.as_deref().unwrap_or("an engine");
        notes.push(Note::normal("Started", format!("started on {engine}")));
    }
    if turned("AgentConnected") {
        notes.push(Note::normal("AgentConnected", "the guest agent answers"));
    }
    if turned("Ready") {
        notes.push(Note::normal("Ready", "the virtual machine is ready"));
    }
    phase_news(old, new, &mut notes);
    waiting_news(old, new, &mut notes);
    notes
}

fn phase_news(old: &VmStatus, new: &VmStatus, notes: &mut Vec<Note>) {
    if old.phase == new.phase {
        return;
    }
    match (&old.phase, &new.phase) {
        (_, Some(VmPhase::Stopped)) => {
            notes.push(Note::normal("Stopped", "the virtual machine is off"));
        }
        (_, Some(VmPhase::Paused)) => {
            notes.push(Note::normal("Paused", "the virtual machine is paused"));
        }
        (Some(VmPhase::Paused), Some(VmPhase::Running)) => {
            notes.push(Note::normal("Resumed", "the virtual machine goes on"));
        }
        _ => {}
    }
}

/// Says once what a VM waits for.
fn waiting_news(old: &VmStatus, new: &VmStatus, notes: &mut Vec<Note>) {
    let reason = |list: &[Condition]| {
        let found = list
            .iter()
            .find(|condition| condition.type_ == "DisksReady");
        found
            .and_then(|condition| condition.reason.clone())
            .unwrap_or_default()
    };
    let now = reason(&new.conditions);
    let waits = matches!(&*now, "ImageNotFound" | "ImageNotReady" | "ImageFailed");
    if waits && now != reason(&old.conditions) {
        notes.push(Note::warning(&now, message(&new.conditions, "DisksReady")));
    }
}

fn message(list: &[Condition], type_: &str) -> String {
    let found = list.iter().find(|condition| condition.type_ == type_);
    found
        .and_then(|condition| condition.message.clone())
        .unwrap_or_default()
}
