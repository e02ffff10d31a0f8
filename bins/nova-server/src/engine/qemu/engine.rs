//! The calls of the controller on real machines.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::vm::AgentPort;
use super::{Qemu, adopt, disks, exec, info, launch, live, power, usage};
use crate::engine::{
    Engine, EngineError, EngineEvent, ExecRequest, ExecSession, GuestInfo, LogSource, Machine,
    Observation, PendingChange, Progress, RebootMode, Recovery, Running, ShutdownMethod, Uid,
    Usage, Work,
};

impl Engine for Qemu {
    fn name(&self) -> &'static str {
        "qemu"
    }

    fn features(&self) -> Vec<String> {
        [
            "agent",
            "cloud-init",
            "disks",
            "exec",
            "live-resize",
            "pause",
            "ports",
        ]
        .map(String::from)
        .into()
    }

    fn versions(&self) -> Vec<(String, String)> {
        self.core
            .probe
            .qemu()
            .map(|qemu| ("qemu".to_owned(), qemu.version))
            .into_iter()
            .collect()
    }

    fn events(&self) -> mpsc::UnboundedReceiver<EngineEvent> {
        self.take_stream()
    }

    fn recover(&self, known: BTreeSet<Uid>) -> Work<'_, Recovery> {
        Box::pin(async move { Ok(adopt::recover(&self.core, known).await) })
    }

    fn provision<'a>(&'a self, machine: &'a Machine, progress: &'a Progress) -> Work<'a, ()> {
        Box::pin(async move {
            let vm = self.core.vm_or_new(machine)?;
            let _turn = vm.turn.lock().await;
            if vm.live().is_some() {
                // Its disks are in use; what changed is for apply_live or the next start.
                return Ok(());
            }
            disks::provide(&vm.layout, machine, progress).await
        })
    }

    fn start<'a>(&'a self, machine: &'a Machine, paused: bool) -> Work<'a, Running> {
        let work = launch::start(Arc::clone(&self.core), machine.clone(), paused);
        Box::pin(finished(work))
    }

    fn pause<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()> {
        Box::pin(power::set_paused(&self.core, uid, true))
    }

    fn resume<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()> {
        Box::pin(power::set_paused(&self.core, uid, false))
    }

    fn shutdown<'a>(&'a self, uid: &'a Uid, method: ShutdownMethod) -> Work<'a, ()> {
        Box::pin(power::ask(&self.core, uid, method))
    }

    fn kill<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()> {
        Box::pin(finished(power::kill(Arc::clone(&self.core), uid.clone())))
    }

    fn reboot<'a>(&'a self, uid: &'a Uid, mode: RebootMode) -> Work<'a, ()> {
        Box::pin(power::reboot(&self.core, uid, mode))
    }

    fn destroy<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()> {
        Box::pin(finished(power::destroy(
            Arc::clone(&self.core),
            uid.clone(),
        )))
    }

    fn observe<'a>(&'a self, uid: &'a Uid) -> Work<'a, Observation> {
        Box::pin(async move {
            self.core.settled(uid)?;
            let Some(vm) = self.core.vm(uid) else {
                return Ok(Observation::Absent);
            };
            let Some(live) = vm.live() else {
                return Ok(Observation::Off {
                    last_exit: vm.record().last_exit,
                });
            };
            let facts = live.facts().clone();
            Ok(Observation::On {
                running: facts.running,
                paused: facts.paused,
                agent: facts.port == AgentPort::Answers,
            })
        })
    }

    fn apply_live<'a>(
        &'a self,
        _old: &'a Machine,
        new: &'a Machine,
    ) -> Work<'a, Vec<PendingChange>> {
        Box::pin(async move {
            let vm = self.core.vm(&new.uid).ok_or(EngineError::NotRunning)?;
            let held = vm.live().ok_or(EngineError::NotRunning)?;
            live::apply(&vm, &held, new).await
        })
    }

    fn guest_info<'a>(&'a self, uid: &'a Uid) -> Work<'a, GuestInfo> {
        Box::pin(async move { info::ask(&*self.core.live(uid)?).await })
    }

    fn exec<'a>(&'a self, uid: &'a Uid, request: ExecRequest) -> Work<'a, ExecSession> {
        let live = self.core.live(uid);
        // A caller that gives up drops the session, which ends the command.
        Box::pin(finished(async move { exec::begin(&*live?, request).await }))
    }

    fn stats<'a>(&'a self, uid: &'a Uid) -> Work<'a, Usage> {
        Box::pin(async move { usage::sample(&*self.core.live(uid)?).await })
    }

    fn log_file(&self, uid: &Uid, source: LogSource) -> Option<PathBuf> {
        let vm = self.core.vm(uid)?;
        Some(match source {
            LogSource::Console => vm.layout.serial_log(),
            LogSource::Engine => vm.layout.qemu_log(),
        })
    }
}

/// Runs work to its end even if the caller gives up: a process half started or half ended is worse than
/// one that a later call has to undo.
async fn finished<T: Send + 'static>(
    work: impl Future<Output = Result<T, EngineError>> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::spawn(work)
        .await
        .map_err(|error| EngineError::Other(error.to_string()))?
}
