//! From a machine to a running VM.

use std::fs;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::argv::{Host, argv};
use super::probe::Qemu;
use super::process::{self, Process};
use super::qmp::{Event, Qmp};
use super::record::{Identity, Launch};
use super::vm::{Core, Live, Vm};
use super::{adopt, attach, disks, errors, logs, proc, timestamp};
use crate::engine::{Accelerator, Boot, EngineError, Exit, ExitReason, Machine, Progress, Running};

/// Starts the machine, or answers the facts of the one that runs.
pub(super) async fn start(
    core: Arc<Core>,
    machine: Machine,
    paused: bool,
) -> Result<Running, EngineError> {
    let vm = core.vm_or_new(&machine)?;
    let _turn = vm.turn.lock().await;
    let found = match vm.live() {
        Some(live) => Some(live),
        // A server that was killed may have left a process behind this record.
        None if vm.record().launch.is_some() => adopt::find(&core, &vm).await?,
        None => None,
    };
    let live = match found {
        Some(live) => live,
        None => boot(&core, &vm, &machine, paused).await?,
    };
    if !paused && live.facts().paused {
        live.qmp.ask("cont").await?;
        core.note_paused(&vm.uid, &live, false);
    }
    let running = live.facts().running.clone();
    Ok(running)
}

async fn boot(
    core: &Arc<Core>,
    vm: &Arc<Vm>,
    machine: &Machine,
    paused: bool,
) -> Result<Arc<Live>, EngineError> {
    let accelerator = accelerator(core, machine).await?;
    let booted = boot_on(core, vm, machine, paused, accelerator).await;
    if booted.is_err() && accelerator == "kvm" && machine.accelerator == Accelerator::Auto {
        tracing::warn!(
            uid = vm.uid,
            "a machine did not come up under KVM; trying emulation"
        );
        core.probe.distrust_kvm();
        return boot_on(core, vm, machine, paused, "tcg").await;
    }
    booted
}

async fn accelerator(core: &Arc<Core>, machine: &Machine) -> Result<&'static str, EngineError> {
    let (core, wanted) = (Arc::clone(core), machine.accelerator);
    // The first probe on a host boots a guest.
    let probe =
        tokio::task::spawn_blocking(move || core.probe.accelerator(&core.probe.qemu()?, wanted));
    probe
        .await
        .map_err(|error| EngineError::Other(error.to_string()))?
}

async fn boot_on(
    core: &Arc<Core>,
    vm: &Arc<Vm>,
    machine: &Machine,
    paused: bool,
    accelerator: &'static str,
) -> Result<Arc<Live>, EngineError> {
    let qemu = core.probe.qemu()?;
    let arguments = prepare(vm, machine, &qemu, accelerator).await?;
    vm.note(|record| {
        record.machine = machine.clone();
        record.launch = Some(launch(vm, accelerator, paused));
        record.ending = None;
    })?;
    let process =
        process::spawn(&qemu.path, &arguments, &vm.layout.qemu_log()).map_err(|error| {
            EngineError::Other(format!("cannot run {}: {error}", qemu.path.display()))
        })?;
    let connected = match note_process(vm, &process.identity) {
        Ok(()) => attach::connect(&vm.layout, &process, attach::BOOT).await,
        // Without its record it still could be found by its command line, but not left alone.
        Err(error) => Err(error),
    };
    match connected {
        Ok((qmp, events)) => take_up(core, vm, process, (qmp, events), paused).await,
        Err(error) => failed(core, vm, &process, error).await,
    }
}

/// Makes everything that QEMU needs, and its command line.
async fn prepare(
    vm: &Vm,
    machine: &Machine,
    qemu: &Qemu,
    accelerator: &str,
) -> Result<Vec<String>, EngineError> {
    check_boot_files(machine)?;
    let host = Host {
        layout: &vm.layout,
        accelerator,
        sandbox: qemu.sandbox,
    };
    let arguments = argv(machine, host)?;
    disks::provide(&vm.layout, machine, &Progress::default()).await?;
    vm.layout.prepare_run()?;
    logs::trim(&vm.layout.serial_log());
    logs::trim(&vm.layout.qemu_log());
    Ok(arguments)
}

/// The run that is about to begin.
fn launch(vm: &Vm, accelerator: &str, paused: bool) -> Launch {
    Launch {
        boot_id: proc::boot_id(),
        accelerator: accelerator.into(),
        started_at: timestamp(Timestamp::now()),
        paused,
        log_from: fs::metadata(vm.layout.qemu_log()).map_or(0, |meta| meta.len()),
        process: None,
    }
}

/// Attaches to a fresh process and lets its guest go. One that does not do as told is not left behind.
async fn take_up(
    core: &Arc<Core>,
    vm: &Arc<Vm>,
    process: Process,
    (qmp, events): (Qmp, mpsc::UnboundedReceiver<Event>),
    paused: bool,
) -> Result<Arc<Live>, EngineError> {
    let identity = process.identity.clone();
    let attached = match attach::attach(core, vm, process, qmp, events).await {
        Ok(live) => attach::release(&live, paused).await.map(|()| live),
        Err(error) => Err(error),
    };
    attached.inspect_err(|_| drop(Process::hold(&identity).inspect(Process::kill)))
}

fn note_process(vm: &Vm, identity: &Identity) -> Result<(), EngineError> {
    vm.note(|record| {
        if let Some(launch) = &mut record.launch {
            launch.process = Some(identity.clone());
        }
    })
}

/// Tells a process that lost the race for the pid file from one that failed.
async fn failed(
    core: &Arc<Core>,
    vm: &Arc<Vm>,
    process: &Process,
    error: EngineError,
) -> Result<Arc<Live>, EngineError> {
    process.kill();
    let ending = process.ended().await;
    let output = logs::tail(vm);
    let line = errors::last_line(&output);
    if line.contains("Cannot lock pid file") {
        // A spawn of a killed server came up after all.
        return adopt::find(core, vm).await?.ok_or(error);
    }
    let error = match (error, ending.signal) {
        (EngineError::NotRunning, Some(_)) => EngineError::Other(logs::last_words(vm, ending)),
        (EngineError::NotRunning, None) => errors::explain(line),
        (error, _) => error,
    };
    let exit = Exit {
        code: ending.code,
        signal: ending.signal,
        reason: ExitReason::StartFailed,
        message: error.to_string(),
        at: timestamp(Timestamp::now()),
    };
    let noted = vm.note(|record| {
        record.launch = None;
        record.last_exit = Some(exit);
    });
    for error in [noted, vm.layout.remove_run()]
        .into_iter()
        .filter_map(Result::err)
    {
        tracing::warn!(uid = vm.uid, %error, "cannot tidy up after a failed start");
    }
    Err(error)
}

fn check_boot_files(machine: &Machine) -> Result<(), EngineError> {
    let Boot::Direct { kernel, initrd, .. } = &machine.boot else {
        return Ok(());
    };
    let files = [("kernel", Some(kernel)), ("initrd", initrd.as_ref())];
    for (what, path) in files
        .into_iter()
        .filter_map(|(what, path)| Some((what, path?)))
    {
        if !path.exists() {
            return Err(EngineError::MissingFile {
                what,
                path: path.display().to_string(),
            });
        }
    }
    Ok(())
}
