//! How simulated machines start, stop and change.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::options::{Call, Effect};
use super::record::Record;
use super::{Sim, guest};
use crate::engine::pending::{Change, changes};
use crate::engine::{
    EngineError, EngineEvent, ExitReason, Machine, PendingChange, Progress, RebootMode, Recovery,
    Running, ShutdownMethod, Uid,
};

impl Sim {
    pub(super) fn strike(&self, call: Call, uid: &str) -> Result<Option<Effect>, EngineError> {
        if self.faults.are_none() {
            return Ok(None);
        }
        let name = self
            .hardware
            .read(uid, |record| record.machine.name.clone());
        self.faults.strike(call, &name.unwrap_or_default())
    }

    pub(super) fn recover_machines(&self, known: &BTreeSet<Uid>) -> Result<Recovery, EngineError> {
        let removed = self
            .hardware
            .load(known)
            .map_err(|error| EngineError::Other(error.to_string()))?;
        let adopted = self.hardware.uids_on();
        for uid in &adopted {
            self.schedule(uid);
        }
        let removed = removed
            .iter()
            .map(|uid| format!("simulated machine {uid}"))
            .collect();
        Ok(Recovery { adopted, removed })
    }

    pub(super) async fn provision_machine(
        &self,
        machine: &Machine,
        progress: &Progress,
    ) -> Result<(), EngineError> {
        self.faults.strike(Call::Provision, &machine.name)?;
        let total = u64::try_from(machine.disks.len()).unwrap_or_default();
        for (done, _) in (0..).zip(&machine.disks) {
            progress.report("disks", done, total, "disks");
            tokio::time::sleep(self.options.provision).await;
        }
        progress.report("disks", total, total, "disks");
        self.hardware
            .insert(&machine.uid, Record::new(machine.clone()))
    }

    pub(super) async fn start_machine(
        &self,
        machine: &Machine,
        paused: bool,
    ) -> Result<Running, EngineError> {
        let effect = self.faults.strike(Call::Start, &machine.name)?;
        self.hardware
            .insert(&machine.uid, Record::new(machine.clone()))?;
        self.check_ports(machine)?;
        let delay = signed(self.options.boot + self.options.agent_delay);
        let fresh = self.hardware.change(&machine.uid, |record| {
            let off = record.power.is_none();
            if off {
                record.machine = machine.clone();
                record.switch_on(paused, Timestamp::now(), delay);
            }
            off
        })?;
        if fresh == Some(true) {
            guest::log_boot(&self.hardware.console(&machine.uid), machine);
            tokio::time::sleep(self.options.boot).await;
        } else if !paused {
            self.set_paused(&machine.uid, false)?;
        }
        if effect == Some(Effect::Crash) {
            self.hardware
                .power_off(&machine.uid, ExitReason::Crashed, Timestamp::now());
        }
        self.schedule(&machine.uid);
        // A machine that died meanwhile says so by its event; its start was still a start.
        self.hardware
            .running(&machine.uid)
            .ok_or(EngineError::NotRunning)
    }

    pub(super) fn check_ports(&self, machine: &Machine) -> Result<(), EngineError> {
        let busy = machine
            .ports
            .iter()
            .find(|port| port.host != 0 && self.hardware.holds_port(&machine.uid, port.host));
        busy.map_or(Ok(()), |port| {
            Err(EngineError::Conflict(format!(
                "port {}:{} is in use",
                port.host_ip, port.host
            )))
        })
    }

    pub(super) fn set_paused(&self, uid: &str, paused: bool) -> Result<(), EngineError> {
        let call = if paused { Call::Pause } else { Call::Resume };
        if self.strike(call, uid)?.is_some() {
            return Ok(());
        }
        let off_at = Timestamp::now() + signed(self.options.shutdown);
        let changed = self.hardware.change(uid, |record| {
            let on = record.power.as_mut()?;
            let changed = on.paused != paused;
            on.paused = paused;
            if !paused && std::mem::take(&mut on.off_wanted) {
                on.off_at = Some(off_at);
            }
            Some(changed)
        })?;
        match changed.flatten() {
            None => return Err(EngineError::NotRunning),
            Some(true) => self.hardware.emit(EngineEvent::Paused {
                uid: uid.to_owned(),
            }),
            Some(false) => {}
        }
        self.schedule(uid);
        Ok(())
    }

    pub(super) fn ask_to_power_down(
        &self,
        uid: &str,
        method: ShutdownMethod,
    ) -> Result<(), EngineError> {
        let ignored = self.strike(Call::Shutdown, uid)?.is_some();
        if method == ShutdownMethod::Agent {
            self.need_agent(uid)?;
        }
        let off_at = Timestamp::now() + signed(self.options.shutdown);
        let asked = self.hardware.change(uid, |record| {
            let on = record.power.as_mut()?;
            if on.paused {
                on.off_wanted = !ignored;
            } else if !ignored {
                on.off_at = Some(on.off_at.unwrap_or(off_at));
            }
            Some(())
        })?;
        asked.flatten().ok_or(EngineError::NotRunning)?;
        self.schedule(uid);
        Ok(())
    }

    pub(super) fn reboot_machine(&self, uid: &str, mode: RebootMode) -> Result<(), EngineError> {
        if self.strike(Call::Reboot, uid)?.is_some() {
            return Ok(());
        }
        if mode == RebootMode::Soft {
            self.need_agent(uid)?;
        }
        let now = Timestamp::now();
        let agent_at = now + signed(self.options.boot + self.options.agent_delay);
        let rebooted = self.hardware.change(uid, |record| {
            record.boots += usize::from(record.power.is_some());
            let on = record.power.as_mut()?;
            (on.booted_at, on.agent_at, on.announced, on.off_at) = (now, agent_at, false, None);
            Some(record.machine.clone())
        })?;
        let machine = rebooted.flatten().ok_or(EngineError::NotRunning)?;
        guest::log_boot(&self.hardware.console(uid), &machine);
        self.hardware.emit(EngineEvent::Agent {
            uid: uid.to_owned(),
            connected: false,
        });
        self.hardware.emit(EngineEvent::Rebooted {
            uid: uid.to_owned(),
        });
        self.schedule(uid);
        Ok(())
    }

    pub(super) fn need_agent(&self, uid: &str) -> Result<(), EngineError> {
        let answers = self.hardware.read(uid, |record| {
            record
                .power
                .as_ref()
                .map(|_| record.agent_answers(Timestamp::now()))
        });
        match answers.flatten() {
            Some(true) => Ok(()),
            Some(false) => Err(EngineError::AgentUnavailable(
                "the guest agent does not answer".into(),
            )),
            None => Err(EngineError::NotRunning),
        }
    }

    pub(super) fn apply(
        &self,
        old: &Machine,
        new: &Machine,
    ) -> Result<Vec<PendingChange>, EngineError> {
        let (live, pending): (Vec<_>, Vec<_>) =
            changes(old, new).into_iter().partition(Change::grows);
        self.hardware.change(&new.uid, |record| {
            if live
                .iter()
                .any(|change| matches!(change, Change::Ports { .. }))
            {
                record.machine.ports.clone_from(&new.ports);
            }
            for change in &live {
                if let Change::DiskSize { index, new, .. } = change
                    && let Some(disk) = record.machine.disks.get_mut(*index)
                {
                    disk.size = Some(*new);
                }
            }
            record.machine.cpus = record.machine.cpus.max(new.cpus);
            record.machine.memory = record.machine.memory.max(new.memory);
            record.refresh_ports();
        })?;
        Ok(pending.into_iter().map(Change::pending).collect())
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
