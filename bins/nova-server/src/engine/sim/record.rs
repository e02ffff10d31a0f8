//! The state of one simulated machine, and how it moves with time.
//!
//! Everything that happens later (the agent answers, the guest is down) is written as a point in
//! time, so a killed server finds its machines where real hardware would have got to without it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::engine::{Exit, ExitReason, Machine, Port, Running};

/// Ports that the simulator hands out where the host may choose.
const FIRST_PORT: u16 = 40_000;

/// One machine, as kept on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) machine: Machine,
    pub(super) power: Option<Power>,
    pub(super) last_exit: Option<Exit>,
    /// How often its guest booted.
    #[serde(default)]
    pub(super) boots: usize,
}

/// A machine that is on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Power {
    /// When its process started.
    pub(super) started_at: Timestamp,
    /// When the guest last began to boot.
    pub(super) booted_at: Timestamp,
    /// When the agent answers.
    pub(super) agent_at: Timestamp,
    /// When the guest is down, once it was asked.
    pub(super) off_at: Option<Timestamp>,
    /// How it will have ended at `off_at`.
    pub(super) off_reason: ExitReason,
    pub(super) paused: bool,
    /// Asked to power down while paused; it obeys when it goes on.
    pub(super) off_wanted: bool,
    pub(super) ports: Vec<Port>,
    /// Whether the agent was announced to this server; a new server hears of it again.
    #[serde(skip)]
    pub(super) announced: bool,
}

impl Record {
    pub(super) fn new(machine: Machine) -> Self {
        Self {
            machine,
            power: None,
            last_exit: None,
            boots: 0,
        }
    }

    /// Switches the machine on at `now`.
    pub(super) fn switch_on(&mut self, paused: bool, now: Timestamp, agent_delay: SignedDuration) {
        self.boots += 1;
        self.power = Some(Power {
            started_at: now,
            booted_at: now,
            agent_at: now + agent_delay,
            off_at: None,
            off_reason: ExitReason::GuestShutdown,
            paused,
            off_wanted: false,
            ports: chosen_ports(&self.machine.ports),
            announced: false,
        });
    }

    /// Switches it off for `reason`; answers how it ended, unless it was off.
    pub(super) fn switch_off(&mut self, reason: ExitReason, at: Timestamp) -> Option<Exit> {
        self.power.take()?;
        let exit = exit_of(reason, at);
        self.last_exit = Some(exit.clone());
        Some(exit)
    }

    /// Puts changed forwards into force.
    pub(super) fn refresh_ports(&mut self) {
        if let Some(on) = &mut self.power {
            on.ports = chosen_ports(&self.machine.ports);
        }
    }

    pub(super) fn agent_answers(&self, now: Timestamp) -> bool {
        self.machine.agent
            && self
                .power
                .as_ref()
                .is_some_and(|on| !on.paused && on.agent_at <= now)
    }
}

impl Power {
    pub(super) fn running(&self) -> Running {
        Running {
            pid: None,
            started_at: super::seconds(self.started_at),
            accelerator: "sim".into(),
            ports: self.ports.clone(),
        }
    }
}

/// The forwards with a host port each; the choice depends on the guest port alone, so that it is the
/// same on every run.
fn chosen_ports(ports: &[Port]) -> Vec<Port> {
    let choose = |port: &Port| match port.host {
        0 => Port {
            host: FIRST_PORT + port.guest % 20_000,
            ..port.clone()
        },
        _ => port.clone(),
    };
    ports.iter().map(choose).collect()
}

fn exit_of(reason: ExitReason, at: Timestamp) -> Exit {
    let (code, signal, message) = match reason {
        ExitReason::GuestShutdown => (Some(0), None, "the guest powered down"),
        ExitReason::Forced => (Some(0), None, "the machine was ended"),
        ExitReason::Crashed => (None, Some(6), "the simulated machine crashed"),
        ExitReason::StartFailed => (Some(1), None, "the simulated machine did not come up"),
    };
    Exit {
        code,
        signal,
        reason,
        message: message.into(),
        at: super::seconds(at),
    }
}
