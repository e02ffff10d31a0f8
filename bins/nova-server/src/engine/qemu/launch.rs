//! From a machine to a running VM.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::argv::{Host, argv};
use super::layout::Layout;
use super::probe::Qemu;
use super::process::{self, Ending, Process};
use super::qga::Qga;
use super::qmp::{Event, Qmp};
use super::record::{Identity, Launch};
use super::vm::{AgentPort, Core, Facts, Live, Vm};
use super::{adopt, disks, errors, ports, proc, supervise, timestamp};
use crate::engine::{Accelerator, Boot, EngineError, Exit, ExitReason, Machine, Progress, Running};

/// A busy host needs seconds to bring up QEMU; more than this is a hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// A console log larger than this begins anew with the next start.
const LOG_MAX: u64 = 16 << 20;

/// How much of the log's end is looked at for the reason of an end.
const TAIL: u64 = 4096;

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
        Ok(()) => connect(&vm.layout, &process).await,
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
    trim(&vm.layout.serial_log());
    trim(&vm.layout.qemu_log());
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
    let attached = match attach(core, vm, process, qmp, events).await {
        Ok(live) => release(&live, paused).await.map(|()| live),
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

/// Lets the guest of a fresh process execute, unless it is to be held.
pub(super) async fn release(live: &Live, paused: bool) -> Result<(), EngineError> {
    if !paused {
        // No news to anybody: the guest was not running before.
        live.facts().paused = false;
        live.qmp.ask("cont").await?;
    }
    Ok(())
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
    let tail = log_tail(vm);
    let line = errors::last_line(&tail);
    if line.contains("Cannot lock pid file") {
        // A spawn of a killed server came up after all.
        return adopt::find(core, vm).await?.ok_or(error);
    }
    let error = match (error, ending.signal) {
        (EngineError::NotRunning, Some(_)) => EngineError::Other(last_words(vm, ending)),
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

/// Opens the control connection as soon as QEMU listens.
pub(super) async fn connect(
    layout: &Layout,
    process: &Process,
) -> Result<(Qmp, mpsc::UnboundedReceiver<Event>), EngineError> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(1);
    let mut socket = "qmp";
    while Instant::now() < deadline {
        match Qmp::connect(&layout.socket(socket)).await {
            Ok(connected) => return Ok(connected),
            // Somebody looks at it by hand; the other socket serves as well.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                socket = if socket == "qmp" { "qmp-ro" } else { "qmp" };
            }
            Err(_) => {}
        }
        if process.ended_within(pause).await {
            return Err(EngineError::NotRunning);
        }
        pause = (pause * 2).min(Duration::from_millis(5));
    }
    Err(EngineError::Timeout {
        what: "QEMU".into(),
        after: PATIENCE,
    })
}

/// Takes up a process over an open control connection: reads what is true and begins to watch.
pub(super) async fn attach(
    core: &Arc<Core>,
    vm: &Arc<Vm>,
    process: Process,
    qmp: Qmp,
    events: mpsc::UnboundedReceiver<Event>,
) -> Result<Arc<Live>, EngineError> {
    let record = vm.record();
    let status = qmp.ask("query-status").await?;
    let paused = matches!(
        status["status"].as_str(),
        Some("prelaunch" | "paused" | "io-error")
    );
    let forwards = ports::in_force(&qmp, &record.machine.ports).await?;
    let launch = record.launch;
    let running = Running {
        pid: Some(process.identity.pid),
        started_at: launch
            .as_ref()
            .map_or_else(|| timestamp(Timestamp::now()), |it| it.started_at.clone()),
        accelerator: launch.map_or_else(|| "tcg".into(), |it| it.accelerator),
        ports: forwards,
    };
    let qga = Qga::new(vm.layout.socket("qga"));
    let fresh = status["status"] == "prelaunch";
    let facts = Facts {
        running,
        paused,
        unswept: !fresh,
        port: AgentPort::Closed,
        opening: 0,
        traffic: (0, 0),
    };
    let live = Arc::new(Live::new(process, qmp, qga, facts));
    vm.set_live(Some(Arc::clone(&live)));
    let agent_open = !fresh && agent_is_open(&live.qmp).await;
    tokio::spawn(supervise::watch(
        Arc::clone(core),
        Arc::clone(vm),
        Arc::clone(&live),
        events,
    ));
    if agent_open {
        supervise::agent_port(core, vm, &live, true);
    }
    Ok(live)
}

/// Whether the guest has its end of the agent's channel open; its event may have passed unheard.
async fn agent_is_open(qmp: &Qmp) -> bool {
    let Ok(Value::Array(devices)) = qmp.run("query-chardev", &json!({})).await else {
        return false;
    };
    devices
        .iter()
        .any(|device| device["label"] == "qga0" && device["frontend-open"] == Value::Bool(true))
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

/// Empties a log that grew too large. A log that cannot be is only large.
fn trim(path: &Path) {
    if fs::metadata(path).is_ok_and(|meta| meta.len() > LOG_MAX)
        && let Err(error) = OpenOptions::new().write(true).truncate(true).open(path)
    {
        tracing::debug!(path = %path.display(), %error, "cannot empty a log");
    }
}

/// How a process ended that was not meant to.
pub(super) fn last_words(vm: &Vm, ending: Ending) -> String {
    let tail = log_tail(vm);
    let said = match errors::last_line(&tail) {
        "" => String::new(),
        line => format!(": {line}"),
    };
    match (ending.code, ending.signal) {
        (_, Some(signal)) => format!("QEMU was ended by signal {signal}{said}"),
        (Some(code), None) => format!("QEMU exited with code {code}{said}"),
        (None, None) => format!("QEMU ended{said}"),
    }
}

/// The end of what QEMU printed in this run.
fn log_tail(vm: &Vm) -> String {
    let from = vm.record().launch.map_or(0, |launch| launch.log_from);
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(vm.layout.qemu_log())?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}
