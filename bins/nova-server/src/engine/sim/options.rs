//! How the simulator behaves: its latencies, and the faults it was told to have.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::engine::EngineError;

/// Latencies and faults of the simulator. Durations are milliseconds on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SimOptions {
    /// Time that making disks takes.
    #[serde(rename = "provisionMillis", deserialize_with = "millis")]
    pub(crate) provision: Duration,
    /// Time from the call until the machine runs.
    #[serde(rename = "bootMillis", deserialize_with = "millis")]
    pub(crate) boot: Duration,
    /// Time from then until the guest agent answers.
    #[serde(rename = "agentDelayMillis", deserialize_with = "millis")]
    pub(crate) agent_delay: Duration,
    /// Time that a guest takes to power down when asked.
    #[serde(rename = "shutdownMillis", deserialize_with = "millis")]
    pub(crate) shutdown: Duration,
    /// What goes wrong.
    pub(crate) faults: Vec<Fault>,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            provision: Duration::from_millis(5),
            boot: Duration::from_millis(20),
            agent_delay: Duration::from_millis(30),
            shutdown: Duration::from_millis(20),
            faults: Vec::new(),
        }
    }
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    /// The call that it strikes.
    pub(crate) call: Call,
    /// Name of the machine that it strikes; absent strikes all.
    #[serde(default)]
    pub(crate) machine: Option<String>,
    /// How often it strikes; absent is always.
    #[serde(default)]
    pub(crate) times: Option<u32>,
    /// What it does.
    #[serde(default)]
    pub(crate) effect: Effect,
}

/// A call that a fault can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Call {
    Provision,
    Start,
    Pause,
    Resume,
    Shutdown,
    Kill,
    Reboot,
    Destroy,
    Exec,
}

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Effect {
    /// The call answers an error.
    #[default]
    Fail,
    /// The call answers success and does nothing, as a guest that ignores its power button.
    Ignore,
    /// `start` only: the machine comes up and dies at once.
    Crash,
}

/// The faults that are left.
#[derive(Debug)]
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(faults))
    }

    pub(super) fn are_none(&self) -> bool {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.is_empty()
    }

    /// Takes the next fault for `call` on `machine`: its error, or what else it does.
    pub(super) fn strike(&self, call: Call, machine: &str) -> Result<Option<Effect>, EngineError> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = faults.iter_mut().find(|fault| {
            fault.call == call
                && fault.times != Some(0)
                && fault.machine.as_deref().is_none_or(|name| name == machine)
        });
        let Some(fault) = hit else { return Ok(None) };
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        match fault.effect {
            Effect::Fail => Err(EngineError::Other(format!(
                "the simulator was told to fail {call:?} of {machine}"
            ))),
            effect => Ok(Some(effect)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_from_json_and_refuse_unknown_keys() {
        let options: SimOptions = serde_json::from_str(
            r#"{"bootMillis": 7, "faults": [{"call": "start", "machine": "a", "times": 1}]}"#,
        )
        .unwrap();
        assert_eq!(options.boot, Duration::from_millis(7));
        assert_eq!(options.faults[0].effect, Effect::Fail);
        assert!(serde_json::from_str::<SimOptions>(r#"{"boot": 7}"#).is_err());
    }

    #[test]
    fn a_fault_strikes_its_machine_as_often_as_told() {
        let fault = Fault {
            call: Call::Start,
            machine: Some("a".into()),
            times: Some(1),
            effect: Effect::Fail,
        };
        let faults = Faults::new(vec![fault]);
        assert_eq!(faults.strike(Call::Start, "b").unwrap(), None);
        assert_eq!(faults.strike(Call::Kill, "a").unwrap(), None);
        assert!(faults.strike(Call::Start, "a").is_err());
        assert_eq!(faults.strike(Call::Start, "a").unwrap(), None);
    }
}
