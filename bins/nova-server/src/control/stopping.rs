//! The graceful stop, one decision at a time.
//!
//! ```text
//!            agent answers                 5 s without effect
//!  begin ──► ask the agent ─────────────────────► press the power button ──┐
//!    │                                              ▲        │ every 5 s   │ grace over
//!    └── no agent ──────────────────────────────────┘        └──┘          ▼
//!                                              escalate: end it; else: give up, it runs on
//! ```
//!
//! When each way was tried stands in the operation, so a restarted server goes on where the old one
//! was, with the grace counted from the first request.

use std::time::Duration;

use jiff::Timestamp;

use super::clock::after;
use crate::engine::ShutdownMethod;

/// How long a method may stay without effect before the next one is tried.
const EFFECT: Duration = Duration::from_secs(5);

/// How one way of stopping was used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tried {
    /// Not yet.
    #[default]
    No,
    /// Last at this moment.
    At(Timestamp),
    /// It could not be used.
    Failed,
}

/// A stop under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stopping {
    /// When the guest was first to stop.
    pub(super) begun: Timestamp,
    /// Time the guest has, from `begun`.
    pub(super) grace: Duration,
    /// Whether the machine is ended when the guest does not stop in time.
    pub(super) escalate: bool,
    /// End it at once.
    pub(super) force: bool,
    /// Asking the guest agent.
    pub(super) agent: Tried,
    /// Pressing the power button.
    pub(super) acpi: Tried,
}

/// The next thing to do about a machine that is to stop and still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopStep {
    /// Ask the guest.
    Ask(ShutdownMethod),
    /// End the machine.
    Kill,
    /// The guest did not stop and may not be forced.
    GiveUp,
    /// Nothing before this moment.
    Wait(Timestamp),
}

impl Stopping {
    /// Decides; `agent` tells whether the guest's agent answers.
    pub(super) fn next(&self, agent: bool, now: Timestamp) -> StopStep {
        let end = after(self.begun, self.grace);
        if self.force || (now >= end && self.escalate) {
            return StopStep::Kill;
        }
        if now >= end {
            return StopStep::GiveUp;
        }
        if agent && self.agent == Tried::No {
            return StopStep::Ask(ShutdownMethod::Agent);
        }
        let press = self.press_at();
        if now >= press {
            StopStep::Ask(ShutdownMethod::Acpi)
        } else {
            StopStep::Wait(press.min(end))
        }
    }

    /// When to press the power button next. Again and again: a guest that still boots misses it.
    fn press_at(&self) -> Timestamp {
        let effect = EFFECT.min(self.grace / 2).max(Duration::from_millis(200));
        match (self.agent, self.acpi) {
            (_, Tried::Failed) => Timestamp::MAX,
            (_, Tried::At(last)) | (Tried::At(last), Tried::No) => after(last, effect),
            (Tried::No | Tried::Failed, Tried::No) => self.begun,
        }
    }

    /// What made the guest stop, as `result.method` tells it.
    pub(super) fn method(&self, killed: bool) -> &'static str {
        match (killed, self.agent, self.acpi) {
            (true, ..) => "force",
            (_, _, Tried::At(_)) => "acpi",
            (_, Tried::At(_), _) => "agent",
            _ => "guest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn stop() -> Stopping {
        Stopping {
            begun: at(0),
            grace: Duration::from_secs(30),
            escalate: true,
            force: false,
            agent: Tried::No,
            acpi: Tried::No,
        }
    }

    #[test]
    fn the_agent_is_asked_first_then_acpi_after_five_seconds() {
        let mut stop = stop();
        assert_eq!(stop.next(true, at(0)), StopStep::Ask(ShutdownMethod::Agent));
        stop.agent = Tried::At(at(0));
        assert_eq!(stop.next(true, at(1)), StopStep::Wait(at(5)));
        assert_eq!(stop.next(true, at(5)), StopStep::Ask(ShutdownMethod::Acpi));
        assert_eq!(stop.method(false), "agent");
    }

    #[test]
    fn without_an_agent_the_button_is_pressed_at_once_and_again() {
        let mut stop = stop();
        assert_eq!(stop.next(false, at(0)), StopStep::Ask(ShutdownMethod::Acpi));
        stop.acpi = Tried::At(at(0));
        assert_eq!(stop.next(false, at(4)), StopStep::Wait(at(5)));
        assert_eq!(stop.next(false, at(5)), StopStep::Ask(ShutdownMethod::Acpi));
        assert_eq!(stop.method(false), "acpi");
    }

    #[test]
    fn an_agent_that_comes_up_during_the_grace_is_asked() {
        let stop = Stopping {
            acpi: Tried::At(at(0)),
            ..stop()
        };
        assert_eq!(stop.next(true, at(2)), StopStep::Ask(ShutdownMethod::Agent));
    }

    #[test]
    fn an_agent_that_cannot_be_asked_does_not_cost_five_seconds() {
        let stop = Stopping {
            agent: Tried::Failed,
            ..stop()
        };
        assert_eq!(stop.next(true, at(0)), StopStep::Ask(ShutdownMethod::Acpi));
    }

    #[test]
    fn the_end_of_the_grace_kills_or_gives_up() {
        let stop = Stopping {
            acpi: Tried::At(at(29)),
            agent: Tried::Failed,
            ..stop()
        };
        assert_eq!(stop.next(false, at(29)), StopStep::Wait(at(30)));
        assert_eq!(stop.next(false, at(30)), StopStep::Kill);
        let patient = Stopping {
            escalate: false,
            ..stop
        };
        assert_eq!(patient.next(false, at(30)), StopStep::GiveUp);
        assert_eq!(patient.method(true), "force");
    }

    #[test]
    fn force_kills_at_once_and_no_grace_is_force() {
        assert_eq!(
            Stopping {
                force: true,
                ..stop()
            }
            .next(true, at(0)),
            StopStep::Kill
        );
        assert_eq!(
            Stopping {
                grace: Duration::ZERO,
                ..stop()
            }
            .next(true, at(0)),
            StopStep::Kill
        );
    }

    #[test]
    fn a_button_that_cannot_be_pressed_waits_for_the_end() {
        let stop = Stopping {
            agent: Tried::Failed,
            acpi: Tried::Failed,
            ..stop()
        };
        assert_eq!(stop.next(true, at(1)), StopStep::Wait(at(30)));
    }
}
