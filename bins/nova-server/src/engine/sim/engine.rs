//! The calls of the controller on simulated machines.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::options::Call;
use super::{Sim, guest, session};
use crate::engine::{
    Engine, EngineError, EngineEvent, ExecRequest, ExecSession, ExitReason, GuestInfo, LogSource,
    Machine, Observation, PendingChange, Progress, RebootMode, Recovery, Running, ShutdownMethod,
    Uid, Usage, Work,
};

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
            Ok(self.hardware.observe(uid, now))
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
                .read(uid, |record| guest::info_of(&record.machine))
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
                .read(uid, |record| guest::usage_of(record, now))
                .flatten()
                .ok_or(EngineError::NotRunning)
        })
    }

    fn log_file(&self, uid: &Uid, source: LogSource) -> Option<PathBuf> {
        let console = self.hardware.console(uid);
        let known = self.hardware.read(uid, |record| match source {
            LogSource::Console => guest::make_log(&console, record),
            LogSource::Engine => {}
        });
        // A simulator has nothing to say of itself: that file never comes to be.
        known.map(|()| match source {
            LogSource::Console => console,
            LogSource::Engine => console.with_file_name("engine.log"),
        })
    }
}
