//! The table of states and verbs, row by row.

use std::time::Duration;

use super::plan::{Ending, Seen, Step, Task, View, Want, next};
use super::stopping::{Stopping, Tried};
use crate::engine::{RebootMode, ShutdownMethod};

const ON: Seen = Seen::On {
    paused: false,
    agent: true,
};
const BOOTING: Seen = Seen::On {
    paused: false,
    agent: false,
};
const FROZEN: Seen = Seen::On {
    paused: true,
    agent: false,
};

fn view(want: Want, seen: Seen) -> View {
    View {
        deleting: false,
        want,
        seen,
        task: None,
        halted: false,
        retry_at: None,
        blocked: false,
        hopeless: false,
        provisioned: true,
        applied: true,
        ready: seen == ON,
        now: jiff::Timestamp::from_second(1_000_000).unwrap(),
    }
}

fn task() -> Task {
    Task {
        boots: false,
        cancelling: false,
        overdue: false,
        stop: None,
        reboot: None,
        patience: jiff::Timestamp::from_second(1_000_010).unwrap(),
        rebooting: false,
    }
}

fn boots(mut view: View) -> View {
    view.task = Some(Task {
        boots: true,
        ..task()
    });
    view
}

fn stops(mut view: View) -> View {
    let stop = Stopping {
        begun: view.now,
        grace: Duration::from_secs(30),
        escalate: true,
        force: false,
        agent: Tried::No,
        acpi: Tried::No,
    };
    view.task = Some(Task {
        stop: Some(stop),
        ..task()
    });
    view
}

#[test]
fn create_provisions_starts_waits_and_ends() {
    let fresh = boots(View {
        provisioned: false,
        ..view(Want::Running, Seen::Absent)
    });
    assert_eq!(next(&fresh), Step::Provision);
    assert_eq!(
        next(&boots(view(Want::Running, Seen::Off))),
        Step::Start { paused: false }
    );
    assert_eq!(next(&boots(view(Want::Running, BOOTING))), Step::Rest(None));
    assert_eq!(
        next(&boots(view(Want::Running, ON))),
        Step::Finish(Ending::Done)
    );
    assert_eq!(next(&view(Want::Running, ON)), Step::Rest(None));
}

#[test]
fn create_stopped_provisions_and_ends() {
    let order = |seen| View {
        task: Some(task()),
        ..view(Want::Stopped, seen)
    };
    assert_eq!(next(&order(Seen::Absent)), Step::Provision);
    assert_eq!(next(&order(Seen::Off)), Step::Finish(Ending::Done));
}

#[test]
fn a_missing_image_waits_without_an_end() {
    let blocked = View {
        blocked: true,
        provisioned: false,
        ..view(Want::Running, Seen::Absent)
    };
    assert_eq!(next(&boots(blocked)), Step::Rest(None));
}

#[test]
fn an_impossible_machine_ends_its_operation() {
    let hopeless = View {
        blocked: true,
        hopeless: true,
        provisioned: false,
        ..view(Want::Running, Seen::Absent)
    };
    assert_eq!(next(&hopeless), Step::Rest(None));
    assert_eq!(next(&boots(hopeless)), Step::Finish(Ending::Impossible));
}

#[test]
fn a_guest_that_powered_off_stays_down_until_started() {
    let down = View {
        halted: true,
        ..view(Want::Running, Seen::Off)
    };
    assert_eq!(next(&down), Step::Rest(None));
    assert_eq!(next(&boots(down)), Step::Start { paused: false });
}

#[test]
fn a_crashed_machine_waits_for_its_back_off_unless_started() {
    let mut down = view(Want::Running, Seen::Off);
    let later = down.now + Duration::from_secs(10);
    down.retry_at = Some(later);
    assert_eq!(next(&down), Step::Rest(Some(later)));
    assert_eq!(next(&boots(down.clone())), Step::Start { paused: false });
    down.now = later;
    assert_eq!(next(&down), Step::Start { paused: false });
}

#[test]
fn start_of_a_paused_machine_resumes() {
    assert_eq!(next(&boots(view(Want::Running, FROZEN))), Step::Resume);
}

#[test]
fn a_guest_frozen_by_the_engine_is_left_alone() {
    assert_eq!(next(&view(Want::Running, FROZEN)), Step::Rest(None));
}

#[test]
fn stop_asks_the_agent_and_a_paused_guest_is_resumed_first() {
    let step = next(&stops(view(Want::Stopped, ON)));
    assert_eq!(step, Step::AskShutdown(ShutdownMethod::Agent));
    assert_eq!(next(&stops(view(Want::Stopped, FROZEN))), Step::Resume);
    assert_eq!(
        next(&stops(view(Want::Stopped, Seen::Off))),
        Step::CloseStop
    );
}

#[test]
fn a_forced_stop_of_a_paused_guest_does_not_let_it_run() {
    let mut order = stops(view(Want::Stopped, FROZEN));
    order.task.as_mut().unwrap().stop.as_mut().unwrap().force = true;
    assert_eq!(next(&order), Step::Kill);
}

#[test]
fn restart_stops_then_starts() {
    let mut order = stops(view(Want::Running, ON));
    order.task.as_mut().unwrap().boots = true;
    assert_eq!(next(&order), Step::AskShutdown(ShutdownMethod::Agent));
    order.seen = Seen::Off;
    assert_eq!(next(&order), Step::CloseStop);
    order.task.as_mut().unwrap().stop = None;
    assert_eq!(next(&order), Step::Start { paused: false });
}

#[test]
fn a_soft_restart_reboots_and_waits_for_the_guest() {
    let mut order = boots(view(Want::Running, ON));
    order.task.as_mut().unwrap().reboot = Some(RebootMode::Soft);
    assert_eq!(next(&order), Step::Reboot(RebootMode::Soft));
    let asked = order.task.as_mut().unwrap();
    asked.reboot = None;
    asked.rebooting = true;
    assert_eq!(next(&order), Step::Rest(None));
    order.task.as_mut().unwrap().rebooting = false;
    assert_eq!(next(&order), Step::Finish(Ending::Done));
}

#[test]
fn a_soft_restart_waits_for_an_agent_that_is_still_coming_up() {
    let mut order = boots(view(Want::Running, BOOTING));
    let task = order.task.as_mut().unwrap();
    task.reboot = Some(RebootMode::Soft);
    let patience = task.patience;
    assert_eq!(next(&order), Step::Rest(Some(patience)));
    order.now = patience;
    assert_eq!(next(&order), Step::Reboot(RebootMode::Soft));
    order.task.as_mut().unwrap().reboot = Some(RebootMode::Hard);
    order.now = view(Want::Running, BOOTING).now;
    assert_eq!(next(&order), Step::Reboot(RebootMode::Hard));
}

#[test]
fn pause_waits_for_running_then_pauses() {
    assert_eq!(
        next(&boots(view(Want::Paused, Seen::Off))),
        Step::Start { paused: true }
    );
    assert_eq!(next(&boots(view(Want::Paused, BOOTING))), Step::Pause);
    assert_eq!(
        next(&boots(view(Want::Paused, FROZEN))),
        Step::Finish(Ending::Done)
    );
}

#[test]
fn update_of_a_running_machine_is_applied() {
    let changed = View {
        applied: false,
        ..view(Want::Running, ON)
    };
    assert_eq!(next(&changed), Step::Apply);
}

#[test]
fn delete_stops_within_the_grace_then_destroys() {
    let gone = |v: View| View {
        deleting: true,
        ..v
    };
    let asked = gone(stops(view(Want::Running, ON)));
    assert_eq!(next(&asked), Step::AskShutdown(ShutdownMethod::Agent));
    assert_eq!(
        next(&gone(stops(view(Want::Running, Seen::Off)))),
        Step::Destroy
    );
    assert_eq!(
        next(&gone(view(Want::Running, Seen::Absent))),
        Step::Destroy
    );
    let mut forced = asked;
    forced.task.as_mut().unwrap().stop.as_mut().unwrap().force = true;
    assert_eq!(next(&forced), Step::Kill);
}

#[test]
fn a_machine_that_runs_against_its_spec_is_stopped_by_an_order() {
    assert_eq!(next(&view(Want::Stopped, ON)), Step::OrderStop);
}

#[test]
fn cancelling_and_time_come_before_progress() {
    let mut order = boots(view(Want::Running, Seen::Off));
    order.task.as_mut().unwrap().overdue = true;
    assert_eq!(next(&order), Step::Finish(Ending::TimedOut));
    order.task.as_mut().unwrap().cancelling = true;
    assert_eq!(next(&order), Step::Cancel);
}
