//! Whether anything needs the server.

use crate::store::Store;

use super::doc::{deleting, text, whole};
use super::intent::VMS;

/// Phases in which nothing moves and nothing runs.
const QUIET: &[&str] = &["Stopped", "Failed", "Suspended"];

/// Why the server may not end; nothing when it may.
pub(super) fn reason(store: &Store) -> Option<&'static str> {
    for object in store.list(VMS, None) {
        let vm = object.value();
        if deleting(&vm) || !text(&vm, "/status/currentOperation").is_empty() {
            return Some("an operation is under way");
        }
        if whole(&vm, "/spec/ttlSecondsAfterCreation").is_some() {
            return Some("a virtual machine has a time to live");
        }
        let phase = text(&vm, "/status/phase");
        if !QUIET.contains(&phase) {
            return Some("a virtual machine runs");
        }
        let record = super::record::key(&object.key.namespace, object.uid());
        let retries = store
            .get(&record)
            .is_some_and(|record| super::record::Record::read(&record).retry_at.is_some());
        if retries {
            return Some("a virtual machine is about to be restarted");
        }
    }
    None
}
