//! The calls of the controller on simulated machines.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::options::{Call, Effect};
use super::record::Record;
use super::{Sim, seconds, session};
use crate::engine::pending::{Change, changes};
use crate::engine::{
    Engine, EngineError, EngineEvent, ExecRequest, ExecSession, ExitReason, GuestAddress,
    GuestInfo, LogSource, Machine, Observation, PendingChange, Progress, RebootMode, Recovery,
    Running, ShutdownMethod, Uid, Usage, Work,
};

/// Kernel release that the simulated guests claim.
pub(super) const KERNEL: &str = "6.1.0-sim";

impl Engine for Sim {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn features(&self) -> Vec<String> {
        ["agent", "exec", "live-resize", "pause", "ports"]
            .map(String::from)
            .into()
    }

    fn versions(&self) -> Vec<(String, String)> {
        vec![("sim".into(), env!("CARGO_PKG_VERSION").into())]
    }

    fn events(&self) -> mpsc::UnboundedReceiver<EngineEvent> {
        self.take_stream()
    }

    fn recover(&self, known: BTreeSet<Uid>) -> Work<'_, Recovery> {
        Box::pin(async move { self.recover_machines(&known) })
    }

    fn provision<'a>(&'a self, machine: &'a Machine, progress: &'a Progress) -> Work<'a, ()> {
        Box::pin(self.provision_machine(machine, progress))
    }

    fn start<'a>(&'a self, machine: &'a Machine, paused: bool) -> Work<'a, Running> {
        Box::pin(self.start_machine(machine, paused))
    }

    fn pause<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()> {
        Box::pin(async move { self.set_paused(uid, true) })
    }

    fn resume<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()> {
        Box::pin(async move { self.set_paused(uid, false) })
    }

    fn shutdown<'a>(&'a self, uid: &'a Uid, method: ShutdownMethod) -> Work<'a, ()> {
        Box::pin(async move { self.ask_to_power_down(uid, method) })
    }

    fn kill<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()> {
        Box::pin(async move {
            if self.strike(Call::Kill, uid)?.is_none() {
                self.hardware
                    .power_off(uid, ExitReason::Forced, Timestamp::now());
            }
            Ok(())
        })
    }

    fn reboot<'a>(&'a self, uid: &'a Uid, mode: RebootMode) -> Work<'a, ()> {
        Box::pin(async move { self.reboot_machine(uid, mode) })
    }

    fn destroy<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()> {
        Box::pin(async move {
            if self.strike(Call::Destroy, uid)?.is_none() {
                self.hardware
                    .power_off(uid, ExitReason::Forced, Timestamp::now());
                self.hardware.remove(uid)?;
            }
            Ok(())
        })
    }

    fn observe<'a>(&'a self, uid: &'a Uid) -> Work<'a, Observation> {
        Box::pin(async move {
            let now = Timestamp::now();
            self.hardware.advance(uid, now);
            let seen = self.hardware.read(uid, |record| record.observe(now));
            Ok(seen.unwrap_or(Observation::Absent))
        })
    }

    fn apply_live<'a>(
        &'a self,
        old: &'a Machine,
        new: &'a Machine,
    ) -> Work<'a, Vec<PendingChange>> {
        Box::pin(async move { self.apply(old, new) })
    }

    fn guest_info<'a>(&'a self, uid: &'a Uid) -> Work<'a, GuestInfo> {
        Box::pin(async move {
            self.need_agent(uid)?;
            self.hardware
                .read(uid, |record| info_of(&record.machine))
                .ok_or(EngineError::NotRunning)
        })
    }

    fn exec<'a>(&'a self, uid: &'a Uid, request: ExecRequest) -> Work<'a, ExecSession> {
        Box::pin(async move {
            self.strike(Call::Exec, uid)?;
            self.need_agent(uid)?;
            let life = self.hardware.life(uid).ok_or(EngineError::NotRunning)?;
            let name = self
                .hardware
                .read(uid, |record| record.machine.name.clone())
                .unwrap_or_default();
            Ok(session::begin(name, request, life))
        })
    }

    fn stats<'a>(&'a self, uid: &'a Uid) -> Work<'a, Usage> {
        Box::pin(async move {
            let now = Timestamp::now();
            self.hardware
                .read(uid, |record| usage_of(record, now))
                .flatten()
                .ok_or(EngineError::NotRunning)
        })
    }

    fn log_file(&self, uid: &Uid, source: LogSource) -> Option<PathBuf> {
        let file = match source {
            LogSource::Console => "console.log",
            LogSource::Engine => "engine.log",
        };
        self.hardware
            .read(uid, |_| self.hardware.dir(uid).join(file))
    }
}

impl Sim {
    fn strike(&self, call: Call, uid: &str) -> Result<Option<Effect>, EngineError> {
        let name = self
            .hardware
            .read(uid, |record| record.machine.name.clone());
        self.faults.strike(call, &name.unwrap_or_default())
    }

    fn recover_machines(&self, known: &BTreeSet<Uid>) -> Result<Recovery, EngineError> {
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

    async fn provision_machine(
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

    async fn start_machine(&self, machine: &Machine, paused: bool) -> Result<Running, EngineError> {
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
            self.log_boot(machine);
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
            .read(&machine.uid, Record::running)
            .flatten()
            .ok_or(EngineError::NotRunning)
    }

    fn check_ports(&self, machine: &Machine) -> Result<(), EngineError> {
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

    fn set_paused(&self, uid: &str, paused: bool) -> Result<(), EngineError> {
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

    fn ask_to_power_down(&self, uid: &str, method: ShutdownMethod) -> Result<(), EngineError> {
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

    fn reboot_machine(&self, uid: &str, mode: RebootMode) -> Result<(), EngineError> {
        if self.strike(Call::Reboot, uid)?.is_some() {
            return Ok(());
        }
        if mode == RebootMode::Soft {
            self.need_agent(uid)?;
        }
        let now = Timestamp::now();
        let agent_at = now + signed(self.options.boot + self.options.agent_delay);
        let rebooted = self.hardware.change(uid, |record| {
            let on = record.power.as_mut()?;
            (on.booted_at, on.agent_at, on.announced, on.off_at) = (now, agent_at, false, None);
            Some(record.machine.clone())
        })?;
        let machine = rebooted.flatten().ok_or(EngineError::NotRunning)?;
        self.log_boot(&machine);
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

    fn need_agent(&self, uid: &str) -> Result<(), EngineError> {
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

    fn apply(&self, old: &Machine, new: &Machine) -> Result<Vec<PendingChange>, EngineError> {
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

    /// Writes what a guest prints while it boots. A console that cannot be written stops no machine.
    fn log_boot(&self, machine: &Machine) {
        let path = self.hardware.dir(&machine.uid).join("console.log");
        let text = format!(
            "Linux version {KERNEL} (simulated)\nMemory: {}K available, {} CPUs\n{} login:\n",
            machine.memory / 1024,
            machine.cpus,
            machine.name
        );
        let opened = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path);
        if let Ok(mut file) = opened {
            drop(std::io::Write::write_all(&mut file, text.as_bytes()));
        }
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn info_of(machine: &Machine) -> GuestInfo {
    let hostname = machine
        .cloud_init
        .as_ref()
        .map_or(&machine.name, |seed| &seed.hostname);
    let address = |nic: &crate::engine::Nic| GuestAddress {
        mac: nic.mac.clone(),
        ip: "10.0.2.15".into(),
    };
    GuestInfo {
        os: Some("Simulated Linux".into()),
        kernel: Some(KERNEL.into()),
        hostname: Some(hostname.clone()),
        agent_version: Some(env!("CARGO_PKG_VERSION").into()),
        addresses: machine.networks.iter().map(address).collect(),
    }
}

/// Usage that depends on the time since power-on alone: it always grows and is the same on a rerun.
fn usage_of(record: &Record, now: Timestamp) -> Option<Usage> {
    let on = record.power.as_ref()?;
    let up = now.duration_since(on.started_at).as_millis().max(0);
    let up = u64::try_from(up).unwrap_or_default();
    Some(Usage {
        cpu_time_seconds: Duration::from_millis(up * u64::from(record.machine.cpus) / 20)
            .as_secs_f64(),
        memory_used: record.machine.memory / 2,
        memory_balloon: Some(record.machine.memory),
        net_rx: up * 3,
        net_tx: up,
        disk_read: up * 40,
        disk_write: up * 10,
        sampled_at: seconds(now),
    })
}
