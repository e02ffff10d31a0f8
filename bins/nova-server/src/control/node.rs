//! The node object: this machine, as clients see it.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::clock::{after, now, parse, stamp};
use super::doc::{member, text};
use super::host::{self, Host};
use super::intent::VMS;
use super::subject::Shared;
use crate::api::error::ApiError;
use crate::store::{Durability, Key, Tx};

/// Plural of the kind.
pub(super) const KIND: &str = "nodes";
/// A heartbeat alone makes a revision this often at most.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Annotation that remembers which boot of the host the server last saw.
const BOOT: &str = "nova.dev/boot-id";

/// Name of this machine as a name of an object.
pub(super) fn host_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .to_lowercase();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let name: String = name
            .chars()
            .map(|c| if fits(c) { c } else { '-' })
            .collect();
        let name = name.trim_matches(['-', '.']);
        if name.is_empty() {
            "localhost".to_owned()
        } else {
            name.to_owned()
        }
    })
}

/// The identity of this boot of the host.
pub(super) fn boot_id() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    text.map(|id| id.trim().to_owned()).unwrap_or_default()
}

fn key() -> Key {
    Key::new(KIND, "", host_name())
}

/// Makes the object where it is missing.
pub(super) async fn ensure(app: &Shared) -> Result<(), ApiError> {
    let status = observe(app);
    let work = move |tx: &mut Tx<'_>| {
        let key = key();
        let mut node = tx.get(&key).map_or_else(
            || {
                json!({"apiVersion": "nova.dev/v1", "kind": "Node", "spec": {},
                    "metadata": {"labels": {"kubernetes.io/hostname": host_name()}}})
            },
            |stored| stored.value(),
        );
        node["status"] = status;
        tx.put(&key, node).map(drop)
    };
    app.store.write(Durability::Status, work).await
}

/// Writes which boot this is; answers the one that was written before.
pub(super) fn exchange_boot_id(tx: &mut Tx<'_>, boot: &str) -> Result<String, ApiError> {
    let key = key();
    let Some(stored) = tx.get(&key) else {
        return Ok(String::new());
    };
    let mut node = stored.value();
    let before = node["metadata"]["annotations"][BOOT]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if before != boot {
        let annotations = member(&mut node["metadata"], "annotations");
        annotations.insert(BOOT.into(), json!(boot));
        tx.put(&key, node)?;
    }
    Ok(before)
}

/// Reports once; without news only as a heartbeat.
pub(super) async fn report(app: &Shared) -> Result<(), ApiError> {
    let status = observe(app);
    let work = move |tx: &mut Tx<'_>| {
        let key = key();
        let Some(stored) = tx.get(&key) else {
            return Ok(());
        };
        let mut node = stored.value();
        let old = node["status"].clone();
        let last = parse(text(&old, "/lastHeartbeat"));
        let due = last.is_none_or(|at| after(at, HEARTBEAT) <= tx.now());
        if !due && same(&old, &status) {
            return Ok(());
        }
        node["status"] = carry(&old, status);
        tx.put(&key, node).map(drop)
    };
    app.store.write(Durability::Status, work).await
}

/// Equal but for what changes all the time.
fn same(old: &Value, new: &Value) -> bool {
    [
        "/phase",
        "/allocated",
        "/features",
        "/versions",
        "/vmCount",
        "/capacity",
    ]
    .iter()
    .all(|pointer| old.pointer(pointer) == new.pointer(pointer))
}

/// Conditions keep the time of their last transition.
fn carry(old: &Value, mut new: Value) -> Value {
    let olds = old["conditions"].as_array().cloned().unwrap_or_default();
    if let Some(list) = new["conditions"].as_array_mut() {
        for condition in list {
            let before = olds.iter().find(|c| c["type"] == condition["type"]);
            if let Some(before) = before.filter(|c| c["status"] == condition["status"]) {
                condition["lastTransitionTime"] = before["lastTransitionTime"].clone();
            }
        }
    }
    if let Some(drain) = old.get("lastDrain") {
        new["lastDrain"] = drain.clone();
    }
    new
}

fn observe(app: &Shared) -> Value {
    let host = Host::read(&app.dirs.data);
    let sum = allocated(app);
    let versions: serde_json::Map<String, Value> =
        std::iter::once(("kernel".to_owned(), json!(host.kernel)))
            .chain(
                app.engine
                    .versions()
                    .into_iter()
                    .map(|(name, version)| (name, json!(version))),
            )
            .collect();
    json!({
        "phase": "Ready",
        "capacity": host::amounts(host.cpus * 1000, host.memory, host.disk),
        "allocatable": host::amounts(host.cpus * 1000, host.memory, host.disk),
        "allocated": host::amounts(sum.millis, sum.memory, 0),
        "usage": host::amounts(host.busy_millis, host.memory - host.available, host.disk - host.disk_free),
        "features": app.engine.features(), "versions": versions, "vmCount": sum.count,
        "conditions": conditions(&host), "lastHeartbeat": stamp(now()),
    })
}

fn conditions(host: &Host) -> Value {
    let at = stamp(now());
    let one = |type_: &str, truth: bool, reason: &str, message: &str| {
        json!({"type": type_, "status": if truth { "True" } else { "False" }, "reason": reason,
            "message": message, "lastTransitionTime": at})
    };
    let low_disk = host.disk > 0 && host.disk_free < host.disk / 20;
    let low_memory = host.memory > 0 && host.available < host.memory / 20;
    let disk = if low_disk {
        one(
            "DiskPressure",
            true,
            "LowDisk",
            "less than 5 % of the disk is free",
        )
    } else {
        one("DiskPressure", false, "EnoughDisk", "")
    };
    let memory = if low_memory {
        one(
            "MemoryPressure",
            true,
            "LowMemory",
            "less than 5 % of memory is free",
        )
    } else {
        one("MemoryPressure", false, "EnoughMemory", "")
    };
    json!([
        one(
            "Ready",
            true,
            "ServerRuns",
            "nova-server runs on this machine"
        ),
        disk,
        memory
    ])
}

/// What VMs that are on take.
#[derive(Debug, Default)]
struct Sum {
    millis: u64,
    memory: u64,
    count: usize,
}

fn allocated(app: &Shared) -> Sum {
    let mut sum = Sum::default();
    for object in app.store.list(VMS, None) {
        sum.count += 1;
        let record = super::record::key(&object.key.namespace, object.uid());
        let on = object.with_json(|json| json.contains("\"startedAt\""));
        let Some(record) = app.store.get(&record).filter(|_| on) else {
            continue;
        };
        if let Some(machine) = super::record::Record::read(&record).machine {
            sum.millis += u64::from(machine.cpus) * 1000;
            sum.memory += machine.memory;
        }
    }
    sum
}
