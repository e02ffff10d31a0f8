//! Changes to a VM while it runs.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::ports;
use super::qmp::QmpError;
use super::vm::{Live, Vm};
use crate::engine::pending::{Change, changes};
use crate::engine::{EngineError, Machine, PendingChange};

/// A guest with a balloon driver reaches a new size within this time.
const BALLOON: Duration = Duration::from_secs(3);

/// A guest finds an added CPU within this time.
const DISCOVERY: Duration = Duration::from_secs(5);

/// Patience with the agent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Applies what it can of the way from the machine in force to `new`; answers the rest.
pub(super) async fn apply(
    vm: &Vm,
    live: &Live,
    new: &Machine,
) -> Result<Vec<PendingChange>, EngineError> {
    let mut pending = Vec::new();
    for change in changes(&vm.record().machine, new) {
        let applied = match &change {
            Change::Cpus { old, new } => set_cpus(live, *old, *new).await?,
            Change::Memory { new: bytes, .. } => set_memory(live, *bytes).await?,
            Change::DiskSize {
                index,
                old,
                new: size,
            } => grow_disk(new, live, (*index, *old, *size)).await?,
            Change::Ports { .. } => set_ports(live, new).await?,
            Change::Fixed { .. } => false,
        };
        if applied {
            note(vm, new, &change)?;
        } else {
            pending.push(change.pending());
        }
    }
    Ok(pending)
}

/// Makes the applied part of `new` the machine in force.
fn note(vm: &Vm, new: &Machine, change: &Change) -> Result<(), EngineError> {
    vm.note(|record| match change {
        Change::Cpus { new, .. } => record.machine.cpus = *new,
        Change::Memory { new, .. } => record.machine.memory = *new,
        Change::Ports { .. } => record.machine.ports.clone_from(&new.ports),
        Change::DiskSize { index, new, .. } => {
            if let Some(disk) = record.machine.disks.get_mut(*index) {
                disk.size = Some(*new);
            }
        }
        Change::Fixed { .. } => {}
    })
}

/// Adds CPUs. Taking one away has crashed QEMU, so it waits for a restart.
async fn set_cpus(live: &Live, old: u32, new: u32) -> Result<bool, EngineError> {
    let wanted = usize::try_from(new.saturating_sub(old)).unwrap_or(usize::MAX);
    let slots = match live.qmp.ask("query-hotpluggable-cpus").await {
        Ok(slots) => slots,
        // A microvm has none.
        Err(QmpError::Refused { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let free = |slot: &&Value| slot.get("qom-path").is_none();
    let mut slots: Vec<_> = slots
        .as_array()
        .into_iter()
        .flatten()
        .filter(free)
        .collect();
    if new < old || slots.len() < wanted {
        return Ok(false);
    }
    slots.sort_by_key(|slot| slot["props"]["socket-id"].as_u64());
    for (number, slot) in (old..).zip(slots.into_iter().take(wanted)) {
        let mut device = slot["props"].clone();
        device["driver"] = slot["type"].clone();
        device["id"] = json!(format!("cpu{number}"));
        live.qmp.run("device_add", &device).await?;
    }
    bring_online(live, usize::try_from(new).unwrap_or(usize::MAX)).await;
    Ok(true)
}

/// Moves the balloon. What the machine was not started with takes a restart.
async fn set_memory(live: &Live, bytes: u64) -> Result<bool, EngineError> {
    let summary = live.qmp.ask("query-memory-size-summary").await?;
    if summary["base-memory"]
        .as_u64()
        .is_none_or(|base| bytes > base)
    {
        return Ok(false);
    }
    balloon(live, bytes).await
}

/// Sets the balloon, and waits until the guest followed. One that does not gets its memory back.
async fn balloon(live: &Live, bytes: u64) -> Result<bool, EngineError> {
    let actual = async || -> Result<Option<u64>, EngineError> {
        Ok(live.qmp.ask("query-balloon").await?["actual"].as_u64())
    };
    let before = actual().await?;
    if before == Some(bytes) {
        return Ok(true);
    }
    live.qmp.run("balloon", &json!({"value": bytes})).await?;
    let deadline = Instant::now() + BALLOON;
    while Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if actual().await? == Some(bytes) {
            return Ok(true);
        }
    }
    if let Some(before) = before {
        live.qmp.run("balloon", &json!({"value": before})).await?;
    }
    Ok(false)
}

/// Asks the agent to use added CPUs, once the guest has found them; kernels that do so by themselves
/// need no agent.
async fn bring_online(live: &Live, count: usize) {
    let Ok(qga) = live.agent() else { return };
    let deadline = Instant::now() + DISCOVERY;
    while Instant::now() < deadline {
        let Ok(Value::Array(mut cpus)) = qga.run("guest-get-vcpus", &json!({}), PATIENCE).await
        else {
            return;
        };
        let found = cpus.len();
        cpus.retain(|cpu| cpu["online"] == Value::Bool(false));
        for cpu in &mut cpus {
            cpu["online"] = Value::Bool(true);
        }
        if !cpus.is_empty()
            && let Err(error) = qga
                .run("guest-set-vcpus", &json!({"vcpus": cpus}), PATIENCE)
                .await
        {
            tracing::debug!(%error, "the guest does not take an added CPU");
            return;
        }
        if found >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Grows a disk under the guest. QEMU would shrink one as willingly and cut off its data.
async fn grow_disk(
    new: &Machine,
    live: &Live,
    (index, old, size): (usize, Option<u64>, u64),
) -> Result<bool, EngineError> {
    if new.disks.get(index).is_none_or(|disk| disk.read_only) {
        return Ok(false);
    }
    let node = format!("disk{index}");
    let current = current_size(live, &node).await?.or(old).unwrap_or_default();
    if size < current {
        let text =
            format!("disk {index}: shrinking from {current} to {size} bytes would cut off data");
        return Err(EngineError::Invalid(text));
    }
    live.qmp
        .run("block_resize", &json!({"node-name": node, "size": size}))
        .await?;
    Ok(true)
}

async fn current_size(live: &Live, node: &str) -> Result<Option<u64>, EngineError> {
    let nodes = live
        .qmp
        .run("query-named-block-nodes", &json!({"flat": true}))
        .await?;
    let found = nodes
        .as_array()
        .into_iter()
        .flatten()
        .find(|it| it["node-name"] == node);
    Ok(found.and_then(|node| node["image"]["virtual-size"].as_u64()))
}

async fn set_ports(live: &Live, new: &Machine) -> Result<bool, EngineError> {
    if new.networks.is_empty() {
        return Ok(new.ports.is_empty());
    }
    let old = live.facts().running.ports.clone();
    ports::change(&live.qmp, &old, &new.ports).await?;
    let in_force = ports::in_force(&live.qmp, &new.ports).await?;
    live.facts().running.ports = in_force;
    Ok(true)
}
