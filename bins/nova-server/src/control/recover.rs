//! Taking over from a server that was killed, or from a host that was rebooted.

use nova_api::types::VmPhase;
use serde_json::{Value, json};

use super::controller::known;
use super::doc::{deleting, member, text};
use super::events::{Note, Recorder};
use super::house;
use super::intent::VMS;
use super::node;
use super::record::{self, Record};
use super::subject::Shared;
use crate::api::error::ApiError;
use crate::store::{Durability, Object, Tx};

/// Phases of a machine that has a process, or was about to.
const ALIVE: &[VmPhase] = &[
    VmPhase::Running,
    VmPhase::Paused,
    VmPhase::Starting,
    VmPhase::Provisioning,
];

/// Adopts what runs, removes what nobody owns, and after a reboot of the host wants everything
/// started again that ran. Every failure is logged: a driver looks again anyway.
pub(super) async fn run(app: &Shared, recorder: &Recorder) {
    house::remove_half_written(app);
    let adopted = match app.engine.recover(known(app)).await {
        Ok(found) => {
            for what in &found.removed {
                tracing::info!("removed what no virtual machine owns: {what}");
            }
            found.adopted
        }
        Err(error) => {
            tracing::error!(%error, "the engine could not take over its machines");
            Vec::new()
        }
    };
    if let Err(error) = node::ensure(app).await {
        tracing::error!(%error, "the node object could not be written");
    }
    if let Err(error) = super::namespace::ensure(app).await {
        tracing::error!(%error, "the first namespaces could not be made");
    }
    if let Err(error) = after_reboot(app, recorder).await {
        tracing::error!(%error, "machines of before the reboot could not be looked at");
    }
    if let Err(error) = note_adopted(app, recorder, adopted).await {
        tracing::error!(%error, "adoptions could not be recorded");
    }
}

async fn note_adopted(
    app: &Shared,
    recorder: &Recorder,
    adopted: Vec<String>,
) -> Result<(), ApiError> {
    let recorder = recorder.clone();
    let work = move |tx: &mut Tx<'_>| {
        for object in tx
            .list(VMS, None)
            .into_iter()
            .filter(|o| adopted.iter().any(|uid| uid == o.uid()))
        {
            let note = Note::normal("Adopted", "it ran on while no server was there");
            recorder.record(tx, &object.value(), &note, "")?;
        }
        Ok(())
    };
    app.store.write(Durability::Status, work).await
}

/// A new boot of the host ended every process, and that is no crash: what ran is started again,
/// whatever its restart policy. One transaction, so that a kill in the middle changes nothing.
async fn after_reboot(app: &Shared, recorder: &Recorder) -> Result<(), ApiError> {
    let boot = node::boot_id();
    let recorder = recorder.clone();
    let work = move |tx: &mut Tx<'_>| {
        let last = node::exchange_boot_id(tx, &boot)?;
        if last.is_empty() || last == boot {
            return Ok(());
        }
        for object in tx.list(VMS, None) {
            revive(tx, &recorder, &object)?;
        }
        Ok(())
    };
    app.store.write(Durability::Spec, work).await
}

fn revive(tx: &mut Tx<'_>, recorder: &Recorder, object: &Object) -> Result<(), ApiError> {
    let mut vm = object.value();
    let alive = ALIVE
        .iter()
        .any(|phase| phase.as_str() == text(&vm, "/status/phase"));
    if deleting(&vm) || text(&vm, "/spec/runState") == "Stopped" || !alive {
        return Ok(());
    }
    let status = member(&mut vm, "status");
    status.insert("phase".into(), json!("Starting"));
    for gone in ["pid", "startedAt"] {
        status.remove(gone);
    }
    forget_fault(tx, object)?;
    let vm: Value = tx.put(&object.key, vm)?.value();
    let note = Note::normal(
        "HostRebooted",
        "the host was rebooted, so it is started again",
    );
    recorder.record(tx, &vm, &note, "")
}

fn forget_fault(tx: &mut Tx<'_>, object: &Object) -> Result<(), ApiError> {
    let key = record::key(&object.key.namespace, object.uid());
    let Some(stored) = tx.get(&key) else {
        return Ok(());
    };
    let record = Record {
        retry_at: None,
        fault: None,
        ..Record::read(&stored)
    };
    tx.put(&key, record.write()).map(drop)
}
