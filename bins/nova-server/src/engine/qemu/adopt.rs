//! Finding again what an earlier server started, and ending what nobody owns.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use super::layout::{self, Layout};
use super::proc::{self, Found};
use super::process::Process;
use super::record::Record;
use super::vm::{Core, Live, Vm};
use super::{attach, timestamp};
use crate::engine::{EngineError, Exit, ExitReason, Recovery, Uid};

/// How long a process that holds the pid file may take to become visible.
const APPEARANCE: Duration = Duration::from_secs(10);

/// Pause before a machine that could not be settled is looked at again.
const AGAIN: Duration = Duration::from_secs(1);

/// How long the server's start waits for a QEMU that is slow to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a killed process may take to be gone.
const DEATH: Duration = Duration::from_secs(10);

/// Adopts the VMs of `known` and removes everything of others.
pub(super) async fn recover(core: &Arc<Core>, known: BTreeSet<Uid>) -> Recovery {
    let mut recovery = Recovery::default();
    let (vms, kept) = load(core, &known, &mut recovery);
    let mut found = proc::scan(&core.dirs);
    let owned = |it: &Found| {
        kept.contains(&it.id)
            || vms
                .iter()
                .any(|vm| vm.uid == it.uid && vm.layout.id == it.id)
    };
    for stray in found.extract_if(.., |it| !owned(it)).collect::<Vec<_>>() {
        end(&stray).await;
        recovery.removed.push(format!(
            "QEMU process {} of unknown machine {}",
            stray.pid, stray.uid
        ));
    }
    remove_stray_runs(core, (&vms, &kept), &mut recovery);
    let settled = join_all(vms.iter().map(|vm| settle(core, vm, &found))).await;
    recovery.adopted = vms
        .iter()
        .zip(settled)
        .filter(|(_, on)| *on)
        .map(|(vm, _)| vm.uid.clone())
        .collect();
    recovery
}

/// Reads the records; removes the directories that no known VM owns. Also answers the directories
/// that are kept because nobody can tell whose they are: a record that cannot be read is no reason to
/// destroy the disks beside it.
fn load(
    core: &Core,
    known: &BTreeSet<Uid>,
    recovery: &mut Recovery,
) -> (Vec<Arc<Vm>>, BTreeSet<String>) {
    let (mut vms, mut kept) = (Vec::new(), BTreeSet::new());
    for id in layout::names_in(&layout::vms(&core.dirs)) {
        let layout = Layout::of(&core.dirs, &id);
        match Record::load(&layout) {
            Ok(Some(record)) if known.contains(&record.machine.uid) => {
                layout.remove_leftovers();
                vms.push(Arc::new(Vm::new(layout, record)));
            }
            Err(error) => {
                tracing::error!(%error, "a machine is left as it is");
                if let Some(uid) = Record::uid_of_unreadable(&layout) {
                    core.unsettle(&uid, error.to_string());
                }
                kept.insert(id);
            }
            // Its processes, if any, are strays and end below.
            Ok(_) => discard(recovery, &layout.data, layout.remove_data()),
        }
    }
    for vm in &vms {
        core.insert(Arc::clone(vm));
    }
    (vms, kept)
}

fn remove_stray_runs(
    core: &Core,
    (vms, kept): (&[Arc<Vm>], &BTreeSet<String>),
    recovery: &mut Recovery,
) {
    for id in layout::names_in(&layout::sockets(&core.dirs)) {
        if !kept.contains(&id) && !vms.iter().any(|vm| vm.layout.id == id) {
            let layout = Layout::of(&core.dirs, &id);
            discard(recovery, &layout.run, layout.remove_run());
        }
    }
}

/// Notes what was removed. What cannot be is no reason to leave the machines of others alone.
fn discard(recovery: &mut Recovery, path: &Path, removed: Result<(), EngineError>) {
    match removed {
        Ok(()) => recovery
            .removed
            .push(format!("directory {}", path.display())),
        Err(error) => tracing::warn!(%error, "cannot remove what no machine owns"),
    }
}

/// Adopts a VM's process or notes its end. Answers whether it is known to run; a QEMU that is slow to
/// answer is waited for in the background, since nobody else's machine has to.
async fn settle(core: &Arc<Core>, vm: &Arc<Vm>, found: &[Found]) -> bool {
    let process = found.iter().find(|it| it.uid == vm.uid).cloned();
    core.unsettle(&vm.uid, "its QEMU did not answer yet".to_owned());
    let first = tokio::spawn(settle_now(Arc::clone(core), Arc::clone(vm), process));
    let first = tokio::time::timeout(PATIENCE, first).await;
    matches!(first, Ok(Ok(true)))
}

async fn settle_now(core: Arc<Core>, vm: Arc<Vm>, process: Option<Found>) -> bool {
    let settled = match process {
        Some(process) => adopt(&core, &vm, &process).await.map(drop),
        None => note_end(&vm),
    };
    match settled {
        Ok(()) => core.settle(&vm.uid),
        Err(error) => {
            tracing::warn!(uid = vm.uid, %error, "cannot settle a machine of an earlier server");
            // A process that does not answer is not a machine that is off.
            core.unsettle(&vm.uid, error.to_string());
            tokio::spawn(settle_later(core, Arc::clone(&vm)));
        }
    }
    vm.live().is_some()
}

/// Tries again until the machine is adopted or known to be off.
async fn settle_later(core: Arc<Core>, vm: Arc<Vm>) {
    loop {
        tokio::time::sleep(AGAIN).await;
        let settled = match find(&core, &vm).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => note_end(&vm),
            Err(error) => Err(error),
        };
        match settled {
            Ok(()) => return core.settle(&vm.uid),
            Err(error) => core.unsettle(&vm.uid, error.to_string()),
        }
    }
}

/// The process of this VM, adopted; `None` if there is none.
pub(super) async fn find(core: &Arc<Core>, vm: &Arc<Vm>) -> Result<Option<Arc<Live>>, EngineError> {
    let deadline = Instant::now() + APPEARANCE;
    loop {
        let found = proc::scan(&core.dirs);
        if let Some(found) = found
            .iter()
            .find(|it| it.uid == vm.uid && it.id == vm.layout.id)
        {
            return adopt(core, vm, found).await.map(Some);
        }
        // A held pid file means that the process is there, and only not seen yet.
        if !pid_file_is_locked(vm) || Instant::now() > deadline {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn adopt(core: &Arc<Core>, vm: &Arc<Vm>, found: &Found) -> Result<Arc<Live>, EngineError> {
    let gone = |_| EngineError::NotRunning;
    let process = Process::hold_pid(found.pid).map_err(gone)?;
    let (qmp, events) = attach::connect(&vm.layout, &process, attach::ADOPTION).await?;
    let answer = qmp.ask("query-uuid").await?;
    if answer["UUID"].as_str() != Some(vm.uid.as_str()) {
        return Err(EngineError::Other(format!(
            "process {} is not machine {}",
            found.pid, vm.uid
        )));
    }
    let noted = vm.note(|record| {
        if let Some(launch) = &mut record.launch {
            launch.process = Some(process.identity.clone());
        }
    });
    if let Err(error) = noted {
        // The next server finds the process by its command line; a full disk must not lose a machine.
        tracing::warn!(uid = vm.uid, %error, "cannot note whose process it is");
    }
    // A server killed between the spawn and the guest's first instruction has its start completed.
    let held = vm.record().launch.is_none_or(|launch| launch.paused);
    let waits = qmp.ask("query-status").await?["status"] == "prelaunch";
    let live = attach::attach(core, vm, process, qmp, events).await?;
    if waits {
        attach::release(&live, held).await?;
    }
    tracing::info!(uid = vm.uid, pid = found.pid, "adopted a machine");
    Ok(live)
}

/// Notes that the VM ended while no server watched, and removes its sockets.
pub(super) fn note_end(vm: &Vm) -> Result<(), EngineError> {
    let record = vm.record();
    let Some(launch) = &record.launch else {
        return vm.layout.remove_run();
    };
    // Without a process it had not been started yet, so nothing ended.
    let exit = launch.process.is_some().then(|| {
        let (reason, message) = reason_unwatched(vm, &record);
        Exit {
            code: None,
            signal: None,
            reason,
            message: message.into(),
            at: timestamp(Timestamp::now()),
        }
    });
    vm.note(|record| {
        record.launch = None;
        record.ending = None;
        record.last_exit = exit.or(record.last_exit.take());
    })?;
    vm.layout.remove_run()
}

fn reason_unwatched(vm: &Vm, record: &Record) -> (ExitReason, &'static str) {
    let rebooted = record
        .launch
        .as_ref()
        .is_some_and(|launch| launch.boot_id != proc::boot_id());
    match record.ending {
        _ if rebooted => (ExitReason::Crashed, "the host was restarted"),
        Some(reason) => (reason, "the machine was ended"),
        // QEMU removes its pid file when it ends in order, and only then.
        None if vm.layout.pid_file().exists() => {
            (ExitReason::Crashed, "QEMU died while no server watched it")
        }
        None => (
            ExitReason::GuestShutdown,
            "the guest powered down while no server watched it",
        ),
    }
}

/// Whether a QEMU holds the lock that it keeps on its pid file. Read from the kernel's list: trying
/// the lock would keep it from a QEMU that comes up at that moment.
fn pid_file_is_locked(vm: &Vm) -> bool {
    let Ok(file) = std::fs::metadata(vm.layout.pid_file()) else {
        return false;
    };
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let inode = format!(":{}", file.ino());
    locks
        .lines()
        .any(|line| line.split_whitespace().any(|word| word.ends_with(&inode)))
}

/// Ends a process found by its command line.
pub(super) async fn end(found: &Found) {
    let Ok(process) = Process::hold_pid(found.pid) else {
        return;
    };
    process.kill();
    if !process.ended_within(DEATH).await {
        tracing::warn!(pid = found.pid, "a process does not die");
    }
}

/// Ends every process of this VM that is not held.
pub(super) async fn end_unheld(core: &Core, vm: &Vm) {
    for found in proc::scan(&core.dirs) {
        if found.uid == vm.uid {
            end(&found).await;
        }
    }
}
