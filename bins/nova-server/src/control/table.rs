//! Which verb does what in which state: the table of verbs and states, as a function.

use serde_json::Value;

use super::doc::{deleting, text};
use super::op::Verb;

/// A VM's state as far as verbs tell states apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Stopped, failed, or being made to be stopped.
    Down,
    /// Starting or running.
    Up,
    /// Frozen.
    Paused,
    /// On its way down.
    Stopping,
    /// On its way out.
    Deleting,
}

impl State {
    /// Reads the state of a VM object.
    pub(super) fn of(vm: &Value) -> Self {
        if deleting(vm) {
            return Self::Deleting;
        }
        match text(vm, "/status/phase") {
            "Stopping" => Self::Stopping,
            "Paused" => Self::Paused,
            "Stopped" | "Failed" | "Suspended" => Self::Down,
            "Running" => Self::Up,
            _ if text(vm, "/spec/runState") == "Stopped" => Self::Down,
            _ => Self::Up,
        }
    }

    /// Verbs that do something in this state, as `details.allowed` lists them.
    pub(super) fn allowed(self) -> &'static [&'static str] {
        match self {
            Self::Down => &["start", "update", "delete"],
            Self::Up => &["stop", "restart", "pause", "exec", "update", "delete"],
            Self::Paused => &["start", "stop", "restart", "resume", "update", "delete"],
            Self::Stopping => &["start", "stop", "restart", "update", "delete"],
            Self::Deleting => &["delete"],
        }
    }
}

/// What a verb comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// There is nothing to do.
    Unchanged,
    /// The operation under way does it already.
    Join,
    /// It is not possible; the text names the command that is.
    Refuse(&'static str),
    /// A new operation with these parts.
    Place {
        /// It begins with a graceful stop.
        stop: bool,
        /// It brings the machine up afterwards.
        boot: bool,
    },
}

const PLACE: Decision = Decision::Place {
    stop: false,
    boot: false,
};
const BOOT: Decision = Decision::Place {
    stop: false,
    boot: true,
};
const STOP: Decision = Decision::Place {
    stop: true,
    boot: false,
};
const CYCLE: Decision = Decision::Place {
    stop: true,
    boot: true,
};

/// Decides what `verb` does in `state`.
///
/// `frozen` says that the spec wants the machine paused, which it may not be yet; `force` that a
/// stop is to happen at once.
pub(super) fn decide(verb: Verb, state: State, frozen: bool, force: bool) -> Decision {
    if state == State::Deleting {
        return match verb {
            Verb::Delete if force => Decision::Join,
            Verb::Delete => Decision::Unchanged,
            _ => Decision::Refuse("it is being deleted"),
        };
    }
    match verb {
        Verb::Create => BOOT,
        Verb::Start => start(state, frozen),
        Verb::Stop => stop(state, force),
        Verb::Restart => restart(state),
        Verb::Pause => pause(state, frozen),
        Verb::Resume => resume(state, frozen),
        Verb::Delete => delete(state),
    }
}

fn start(state: State, frozen: bool) -> Decision {
    match state {
        State::Down => BOOT,
        State::Stopping => CYCLE,
        State::Up if !frozen => Decision::Unchanged,
        _ => PLACE,
    }
}

fn stop(state: State, force: bool) -> Decision {
    match state {
        State::Down => Decision::Unchanged,
        State::Stopping if !force => Decision::Join,
        _ => STOP,
    }
}

fn restart(state: State) -> Decision {
    match state {
        State::Down => Decision::Refuse("start"),
        _ => CYCLE,
    }
}

fn pause(state: State, frozen: bool) -> Decision {
    match state {
        State::Down => Decision::Refuse("start --paused"),
        State::Stopping => Decision::Refuse("it is stopping"),
        State::Up if !frozen => PLACE,
        _ => Decision::Unchanged,
    }
}

fn resume(state: State, frozen: bool) -> Decision {
    match state {
        State::Down => Decision::Refuse("start"),
        State::Stopping => Decision::Refuse("it is stopping"),
        State::Up if !frozen => Decision::Unchanged,
        _ => PLACE,
    }
}

fn delete(state: State) -> Decision {
    match state {
        State::Down => PLACE,
        _ => STOP,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REFUSED: fn(Decision) -> bool = |d| matches!(d, Decision::Refuse(_));

    fn plain(verb: Verb, state: State) -> Decision {
        decide(verb, state, false, false)
    }

    #[test]
    fn start_row() {
        assert_eq!(plain(Verb::Start, State::Down), BOOT);
        assert_eq!(plain(Verb::Start, State::Up), Decision::Unchanged);
        assert_eq!(plain(Verb::Start, State::Paused), PLACE);
        assert_eq!(plain(Verb::Start, State::Stopping), CYCLE);
        assert!(REFUSED(plain(Verb::Start, State::Deleting)));
        assert_eq!(decide(Verb::Start, State::Up, true, false), PLACE);
    }

    #[test]
    fn stop_row() {
        assert_eq!(plain(Verb::Stop, State::Down), Decision::Unchanged);
        assert_eq!(plain(Verb::Stop, State::Up), STOP);
        assert_eq!(plain(Verb::Stop, State::Paused), STOP);
        assert_eq!(plain(Verb::Stop, State::Stopping), Decision::Join);
        assert_eq!(decide(Verb::Stop, State::Stopping, false, true), STOP);
        assert!(REFUSED(plain(Verb::Stop, State::Deleting)));
    }

    #[test]
    fn restart_row() {
        assert_eq!(plain(Verb::Restart, State::Down), Decision::Refuse("start"));
        for state in [State::Up, State::Paused, State::Stopping] {
            assert_eq!(plain(Verb::Restart, state), CYCLE);
        }
        assert!(REFUSED(plain(Verb::Restart, State::Deleting)));
    }

    #[test]
    fn pause_and_resume_rows() {
        assert!(REFUSED(plain(Verb::Pause, State::Down)));
        assert_eq!(plain(Verb::Pause, State::Up), PLACE);
        assert_eq!(plain(Verb::Pause, State::Paused), Decision::Unchanged);
        assert!(REFUSED(plain(Verb::Pause, State::Stopping)));
        assert!(REFUSED(plain(Verb::Pause, State::Deleting)));
        assert_eq!(plain(Verb::Resume, State::Down), Decision::Refuse("start"));
        assert_eq!(plain(Verb::Resume, State::Up), Decision::Unchanged);
        assert_eq!(plain(Verb::Resume, State::Paused), PLACE);
        assert!(REFUSED(plain(Verb::Resume, State::Stopping)));
        assert!(REFUSED(plain(Verb::Resume, State::Deleting)));
    }

    #[test]
    fn delete_row() {
        assert_eq!(plain(Verb::Delete, State::Down), PLACE);
        for state in [State::Up, State::Paused, State::Stopping] {
            assert_eq!(plain(Verb::Delete, state), STOP);
        }
        assert_eq!(plain(Verb::Delete, State::Deleting), Decision::Unchanged);
    }

    #[test]
    fn a_state_is_read_from_the_object() {
        let vm =
            |phase: &str, run: &str| json!({"spec": {"runState": run}, "status": {"phase": phase}});
        assert_eq!(State::of(&vm("Pending", "Running")), State::Up);
        assert_eq!(State::of(&vm("Provisioning", "Stopped")), State::Down);
        assert_eq!(State::of(&vm("Failed", "Running")), State::Down);
        assert_eq!(State::of(&vm("Stopping", "Stopped")), State::Stopping);
        assert_eq!(State::of(&json!({})), State::Up);
        let gone = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(State::of(&gone), State::Deleting);
    }
}
