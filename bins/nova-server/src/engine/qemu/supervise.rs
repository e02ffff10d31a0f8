//! The task that watches one running VM until its end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::process::Ending;
use super::qmp::Event;
use super::vm::{AgentPort, Core, Live, Vm};
use super::{exec, logs, timestamp};
use crate::engine::{EngineEvent, Exit, ExitReason};

/// An agent that opened its port answers soon; a busy host gets some patience.
const AGENT_PATIENCE: Duration = Duration::from_secs(10);

/// The firmware is done with a machine within this time.
const FIRMWARE: Duration = Duration::from_secs(3);

/// What QEMU said of its coming end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Shutdown {
    guest: bool,
    #[serde(default)]
    reason: String,
}

/// What was heard of one run that later events depend on.
#[derive(Debug, Default)]
struct Heard {
    shutdown: Option<Shutdown>,
    reset: Option<Instant>,
}

impl Heard {
    /// Whether a reset is a reboot: the firmware resets the machine again on its way up.
    fn is_new_reset(&mut self) -> bool {
        let last = self.reset.replace(Instant::now());
        last.is_none_or(|last| last.elapsed() > FIRMWARE)
    }
}

/// Watches the VM.
pub(super) async fn watch(
    core: Arc<Core>,
    vm: Arc<Vm>,
    live: Arc<Live>,
    mut events: mpsc::UnboundedReceiver<Event>,
) {
    let mut heard = Heard::default();
    let ending = loop {
        tokio::select! {
            biased;
            Some(event) = events.recv() => handle(&core, &vm, &live, event, &mut heard),
            ending = live.process.ended() => break ending,
        }
    };
    // What QEMU said last may still be in the socket; its end closes the stream.
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(1), events.recv()).await {
        handle(&core, &vm, &live, event, &mut heard);
    }
    finish(&core, &vm, &live, ending, heard.shutdown.as_ref());
}

fn handle(core: &Arc<Core>, vm: &Arc<Vm>, live: &Arc<Live>, event: Event, heard: &mut Heard) {
    match event.name.as_str() {
        "SHUTDOWN" => heard.shutdown = serde_json::from_value(event.data).ok(),
        // A guest that ends is stopped on the way; that is no pause.
        "STOP" if heard.shutdown.is_none() => core.note_paused(&vm.uid, live, true),
        "RESUME" => core.note_paused(&vm.uid, live, false),
        "RESET" if heard.is_new_reset() => {
            // QEMU says so only after the reset, and nobody may take the old agent for the new one.
            agent_port(core, vm, live, false);
            core.emit(EngineEvent::Rebooted {
                uid: vm.uid.clone(),
            });
        }
        "VSERPORT_CHANGE" if event.data["id"] == "qgaport" => {
            agent_port(core, vm, live, event.data["open"] == Value::Bool(true));
        }
        "BLOCK_IO_ERROR" | "GUEST_PANICKED" | "MEMORY_FAILURE" => {
            tracing::warn!(uid = vm.uid, event = event.name, data = %event.data, "QEMU reports a fault");
        }
        _ => {}
    }
}

/// The guest opened or closed its end of the agent's channel.
pub(super) fn agent_port(core: &Arc<Core>, vm: &Arc<Vm>, live: &Arc<Live>, open: bool) {
    let (opening, was) = {
        let mut facts = live.facts();
        // An adopting server sees the state and hears the event.
        if (facts.port != AgentPort::Closed) == open {
            return;
        }
        live.qga.set_open(open);
        facts.opening += 1;
        let port = if open {
            AgentPort::Open
        } else {
            AgentPort::Closed
        };
        (facts.opening, std::mem::replace(&mut facts.port, port))
    };
    if was == AgentPort::Answers {
        core.emit(EngineEvent::Agent {
            uid: vm.uid.clone(),
            connected: false,
        });
    }
    if open {
        tokio::spawn(greet_agent(
            Arc::clone(core),
            Arc::clone(vm),
            Arc::clone(live),
            opening,
        ));
    }
}

/// Asks until the agent answers or its port closes.
async fn greet_agent(core: Arc<Core>, vm: Arc<Vm>, live: Arc<Live>, opening: u64) {
    while live.facts().opening == opening {
        if let Err(error) = live.qga.sync(AGENT_PATIENCE).await {
            tracing::debug!(uid = vm.uid, %error, "no agent yet");
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        if std::mem::take(&mut live.facts().unswept) {
            // Before anybody is told of the agent, so that no command of ours is there yet.
            exec::sweep(&live).await;
        }
        let fresh = {
            let mut facts = live.facts();
            let fresh = facts.opening == opening;
            if fresh {
                facts.port = AgentPort::Answers;
            }
            fresh
        };
        if fresh {
            core.emit(EngineEvent::Agent {
                uid: vm.uid.clone(),
                connected: true,
            });
        }
        return;
    }
}

/// Records the end, removes the sockets, tells the controller.
fn finish(core: &Core, vm: &Vm, live: &Live, ending: Ending, shutdown: Option<&Shutdown>) {
    let exit = exit_of(vm, ending, shutdown);
    let noted = vm.note(|record| {
        record.launch = None;
        record.ending = None;
        record.last_exit = Some(exit.clone());
    });
    for error in [noted, vm.layout.remove_run()]
        .into_iter()
        .filter_map(Result::err)
    {
        tracing::warn!(uid = vm.uid, %error, "cannot tidy up after a machine");
    }
    vm.set_live(None);
    live.qga.set_open(false);
    core.emit(EngineEvent::Exited {
        uid: vm.uid.clone(),
        exit,
    });
    live.ended.send_replace(true);
}

fn exit_of(vm: &Vm, ending: Ending, shutdown: Option<&Shutdown>) -> Exit {
    let ours = vm.record().ending;
    let reason = match (shutdown, ours) {
        (Some(Shutdown { guest: true, .. }), _) => ExitReason::GuestShutdown,
        (_, Some(ours)) => ours,
        (Some(shutdown), None) if shutdown.reason == "host-qmp-quit" => ExitReason::Forced,
        _ => ExitReason::Crashed,
    };
    let message = match reason {
        ExitReason::GuestShutdown => "the guest powered down".to_owned(),
        ExitReason::Forced => "the machine was ended".to_owned(),
        ExitReason::Crashed | ExitReason::StartFailed => logs::last_words(vm, ending),
    };
    let at = timestamp(Timestamp::now());
    Exit {
        code: ending.code,
        signal: ending.signal,
        reason,
        message,
        at,
    }
}
