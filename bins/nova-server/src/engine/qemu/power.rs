//! Pausing, asking to power down, ending, removing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::adopt;
use super::qga::QgaError;
use super::vm::{Core, Live, Vm};
use crate::engine::{EngineError, ExitReason, RebootMode, ShutdownMethod, Uid};

/// The agent says nothing when it obeys, and soon when it cannot.
const REFUSAL: Duration = Duration::from_secs(1);

/// QEMU flushes its disks and quits within this time.
const QUIT: Duration = Duration::from_secs(5);

/// A killed process is gone within this time, unless the kernel holds it.
const DEATH: Duration = Duration::from_secs(30);

/// Stops the guest's CPUs or lets them go on.
pub(super) async fn set_paused(core: &Core, uid: &str, paused: bool) -> Result<(), EngineError> {
    let live = core.live(uid)?;
    live.qmp.ask(if paused { "stop" } else { "cont" }).await?;
    core.note_paused(uid, &live, paused);
    Ok(())
}

/// Delivers the wish to power down.
pub(super) async fn ask(core: &Core, uid: &str, method: ShutdownMethod) -> Result<(), EngineError> {
    let live = core.live(uid)?;
    match method {
        ShutdownMethod::Agent => tell_agent(&live, "powerdown").await,
        ShutdownMethod::Acpi => Ok(live.qmp.ask("system_powerdown").await.map(drop)?),
    }
}

pub(super) async fn reboot(core: &Core, uid: &str, mode: RebootMode) -> Result<(), EngineError> {
    let live = core.live(uid)?;
    match mode {
        RebootMode::Soft => tell_agent(&live, "reboot").await,
        RebootMode::Hard => Ok(live.qmp.ask("system_reset").await.map(drop)?),
    }
}

async fn tell_agent(live: &Live, mode: &str) -> Result<(), EngineError> {
    match live
        .agent()?
        .run("guest-shutdown", &json!({"mode": mode}), REFUSAL)
        .await
    {
        Err(QgaError::Refused(reason)) => Err(EngineError::Guest(reason)),
        Ok(_) | Err(QgaError::Gone | QgaError::Silent) => Ok(()),
    }
}

/// Ends the VM and waits until its process is gone and its end is recorded.
pub(super) async fn kill(core: Arc<Core>, uid: Uid) -> Result<(), EngineError> {
    let Some(vm) = core.vm(&uid) else {
        return Ok(());
    };
    let _turn = vm.turn.lock().await;
    end(&core, &vm).await
}

async fn end(core: &Core, vm: &Vm) -> Result<(), EngineError> {
    let Some(live) = vm.live() else {
        if vm.record().launch.is_some() {
            adopt::end_unheld(core, vm).await;
            return adopt::note_end(vm);
        }
        return Ok(());
    };
    if let Err(error) = vm.note(|record| record.ending = Some(ExitReason::Forced)) {
        // A full disk must not keep anything running.
        tracing::warn!(uid = vm.uid, %error, "cannot record that a machine is being ended");
    }
    // In order first, so that disks are flushed; a process that hangs does not answer.
    let quit = tokio::time::timeout(QUIT, live.qmp.ask("quit")).await;
    let hangs = !matches!(quit, Ok(Ok(_))) || !live.process.ended_within(QUIT).await;
    if hangs {
        live.process.kill();
    }
    let gone = tokio::time::timeout(DEATH, live.wait_ended()).await;
    gone.map_err(|_| EngineError::Timeout {
        what: "the end of QEMU".into(),
        after: DEATH,
    })
}

/// Ends the VM and removes everything of it.
pub(super) async fn destroy(core: Arc<Core>, uid: Uid) -> Result<(), EngineError> {
    let Some(vm) = core.vm(&uid) else {
        return Ok(());
    };
    let _turn = vm.turn.lock().await;
    end(&core, &vm).await?;
    vm.layout.remove()?;
    // A process that a killed server had only just forked may have come up meanwhile.
    adopt::end_unheld(&core, &vm).await;
    vm.layout.remove()?;
    core.forget(&uid);
    Ok(())
}
