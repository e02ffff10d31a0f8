//! Taking up a process over its control connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::layout::Layout;
use super::process::Process;
use super::qga::Qga;
use super::qmp::{Event, Qmp};
use super::vm::{AgentPort, Core, Facts, Live, Vm};
use super::{ports, supervise, timestamp};
use crate::engine::{EngineError, Running};

/// A busy host needs seconds to bring up QEMU; more than this is a hang.
pub(super) const BOOT: Duration = Duration::from_secs(30);

/// One that an earlier server started is up, or nearly.
pub(super) const ADOPTION: Duration = Duration::from_secs(8);

/// Opens the control connection as soon as QEMU listens.
pub(super) async fn connect(
    layout: &Layout,
    process: &Process,
    patience: Duration,
) -> Result<(Qmp, mpsc::UnboundedReceiver<Event>), EngineError> {
    let deadline = Instant::now() + patience;
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
        after: patience,
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

/// Lets the guest of a fresh process execute, unless it is to be held.
pub(super) async fn release(live: &Live, paused: bool) -> Result<(), EngineError> {
    if !paused {
        // No news to anybody: the guest was not running before.
        live.facts().paused = false;
        live.qmp.ask("cont").await?;
    }
    Ok(())
}
