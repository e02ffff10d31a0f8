//! What to do next for one VM, decided from facts alone.
//!
//! ```text
//!              create                      start
//!   (nothing) ───────► Pending ─► Provisioning ─► Starting ─────────► Running ◄────────► Paused
//!                         ▲                          ▲  ▲   restart,     │    pause,       │
//!                         │ no image                 │  │   crash        │    resume       │
//!                         └──────────────────────────┘  └─ Failed ◄──────┤                 │
//!                                                            ▲           │ stop            │ stop
//!                                              start failed  │           ▼                 │
//!                                        Stopped ◄───────────┴─────── Stopping ◄───────────┘
//!                                           │  guest power-off: Running ─► Stopped
//!                 delete, from everywhere:  └─► Deleting ─► (nothing)
//! ```
//!
//! Nothing here remembers: the wish stands in the object and its operation, the truth comes from the
//! engine. A driver that was killed at any point computes the same next step again.

use jiff::Timestamp;

use super::stopping::{StopStep, Stopping};
use crate::engine::{RebootMode, ShutdownMethod};

/// What the spec asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// On and executing.
    Running,
    /// On and frozen.
    Paused,
    /// Off.
    Stopped,
}

/// What the engine sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing of it exists.
    Absent,
    /// Disks are there, no process.
    Off,
    /// A process holds it.
    On {
        /// Its CPUs are frozen.
        paused: bool,
        /// Its agent answers.
        agent: bool,
    },
}

impl Seen {
    pub(super) fn is_on(self) -> bool {
        matches!(self, Self::On { .. })
    }
}

/// The active operation, as far as the plan needs it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Task {
    /// It starts, resumes or restarts, so a machine that ended by itself is started again.
    pub(super) boots: bool,
    /// Somebody asked to cancel it.
    pub(super) cancelling: bool,
    /// It has run longer than it may.
    pub(super) overdue: bool,
    /// Its first part, the stop, while that is open.
    pub(super) stop: Option<Stopping>,
    /// A reboot inside the running machine, while it was not asked for yet.
    pub(super) reboot: Option<RebootMode>,
    /// Until when an agent that is to reboot the guest may be waited for.
    pub(super) patience: Timestamp,
    /// A reboot was asked for and the guest is not back yet.
    pub(super) rebooting: bool,
}

/// Everything the plan looks at.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state"
)]
#[derive(Debug, Clone)]
pub(super) struct View {
    /// The object is going away.
    pub(super) deleting: bool,
    /// What the spec asks for.
    pub(super) want: Want,
    /// What the engine sees.
    pub(super) seen: Seen,
    /// The active operation.
    pub(super) task: Option<Task>,
    /// It ended by itself and stays down until somebody starts it.
    pub(super) halted: bool,
    /// Not to be started before this moment.
    pub(super) retry_at: Option<Timestamp>,
    /// The spec cannot be turned into a machine yet (no image).
    pub(super) blocked: bool,
    /// And waiting does not help.
    pub(super) hopeless: bool,
    /// The engine made its disks for the newest spec.
    pub(super) provisioned: bool,
    /// The newest spec was offered to the running machine.
    pub(super) applied: bool,
    /// Running, and the agent answers where one is expected.
    pub(super) ready: bool,
    /// This moment.
    pub(super) now: Timestamp,
}

/// The next step of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing to do, at the latest until the moment given.
    Rest(Option<Timestamp>),
    /// Make directories and disks.
    Provision,
    /// Start the process.
    Start {
        /// Without letting the guest execute.
        paused: bool,
    },
    /// Offer the changed spec to the running machine.
    Apply,
    /// Freeze the guest.
    Pause,
    /// Let the guest go on.
    Resume,
    /// Reboot inside the machine.
    Reboot(RebootMode),
    /// The spec wants it off and no operation says how: make one.
    OrderStop,
    /// Ask the guest to power down.
    AskShutdown(ShutdownMethod),
    /// End the process.
    Kill,
    /// The stop part of the operation is done.
    CloseStop,
    /// Remove everything of it from the engine, then the object.
    Destroy,
    /// Stop what the operation does and end it.
    Cancel,
    /// End the operation.
    Finish(Ending),
}

/// How an operation ends, as far as the plan decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It did what it should.
    Done,
    /// It ran out of time.
    TimedOut,
    /// The guest did not stop and may not be forced.
    GuestIgnored,
    /// There is no machine to be made from the spec.
    Impossible,
}

/// Decides the next step.
pub(super) fn next(view: &View) -> Step {
    if view.deleting {
        return removal(view);
    }
    if let Some(task) = &view.task {
        if task.cancelling {
            return Step::Cancel;
        }
        if let Some(stop) = &task.stop {
            return stop_part(view, stop);
        }
        if task.overdue {
            return Step::Finish(Ending::TimedOut);
        }
        if let (Some(mode), Seen::On { agent, .. }) = (task.reboot, view.seen) {
            return reboot(view, task, mode, agent);
        }
    }
    match view.want {
        Want::Stopped => toward_off(view),
        Want::Running => toward_on(view, false),
        Want::Paused => toward_on(view, true),
    }
}

fn reboot(view: &View, task: &Task, mode: RebootMode, agent: bool) -> Step {
    if mode == RebootMode::Soft && !agent && view.now < task.patience {
        return Step::Rest(Some(task.patience));
    }
    Step::Reboot(mode)
}

fn removal(view: &View) -> Step {
    let stopping = view.task.as_ref().and_then(|task| task.stop.as_ref());
    match (view.seen, stopping) {
        (Seen::On { .. }, Some(part)) => match stop_part(view, part) {
            // A delete that may not force still has to end: the object cannot stay half gone.
            Step::Finish(_) => Step::Destroy,
            next => next,
        },
        _ => Step::Destroy,
    }
}

fn stop_part(view: &View, stop: &Stopping) -> Step {
    let Seen::On { paused, agent } = view.seen else {
        return Step::CloseStop;
    };
    match stop.next(agent && !paused, view.now) {
        StopStep::Kill => Step::Kill,
        // A frozen guest hears nothing.
        _ if paused => Step::Resume,
        StopStep::Ask(method) => Step::AskShutdown(method),
        StopStep::GiveUp => Step::Finish(Ending::GuestIgnored),
        StopStep::Wait(until) => Step::Rest(Some(until)),
    }
}

fn toward_off(view: &View) -> Step {
    match view.seen {
        Seen::On { .. } => Step::OrderStop,
        Seen::Absent if view.blocked || view.halted => done_or_rest(view),
        Seen::Absent => Step::Provision,
        Seen::Off => done_or_rest(view),
    }
}

fn toward_on(view: &View, frozen: bool) -> Step {
    let Seen::On { paused, .. } = view.seen else {
        return boot(view, frozen);
    };
    let boots = view.task.as_ref().is_some_and(|task| task.boots);
    match (frozen, paused) {
        (true, false) => Step::Pause,
        // Without an order of ours a paused guest was frozen by the engine (a full disk): leave it.
        (false, true) if boots => Step::Resume,
        (false, true) => done_or_rest(view),
        _ if !view.applied => Step::Apply,
        _ if view.task.as_ref().is_some_and(|task| task.rebooting) => Step::Rest(None),
        _ if frozen || view.ready => done_or_rest(view),
        _ => Step::Rest(None),
    }
}

fn boot(view: &View, frozen: bool) -> Step {
    let boots = view.task.as_ref().is_some_and(|task| task.boots);
    if view.hopeless && view.task.is_some() {
        return Step::Finish(Ending::Impossible);
    }
    if view.blocked || (view.halted && !boots) {
        return Step::Rest(None);
    }
    if let Some(at) = view.retry_at.filter(|at| *at > view.now && !boots) {
        return Step::Rest(Some(at));
    }
    if view.provisioned {
        Step::Start { paused: frozen }
    } else {
        Step::Provision
    }
}

fn done_or_rest(view: &View) -> Step {
    if view.task.is_some() {
        Step::Finish(Ending::Done)
    } else {
        Step::Rest(None)
    }
}
