//! Writing what a driver found and decided, unless the object changed meanwhile.

use nova_api::types::VmStatus;
use serde_json::{Value, json};

use super::doc::{deleting, member, text};
use super::events::{Note, Recorder};
use super::op::KIND as OPERATIONS;
use super::record::{self, Record};
use super::subject::Subject;
use crate::api::error::ApiError;
use crate::store::{Durability, Key, Store, Tx};

/// What a driver wants written, all of it or nothing.
#[derive(Debug)]
pub(super) struct Update {
    key: Key,
    rv: u64,
    uid: String,
    /// The new status.
    pub(super) status: Option<VmStatus>,
    /// The new `spec.runState`.
    pub(super) run_state: Option<&'static str>,
    /// The operation as it is to be, with the revision that it was read at.
    pub(super) op: Option<(Key, u64, Value)>,
    /// The new record.
    pub(super) record: Option<Record>,
    /// News.
    pub(super) notes: Vec<Note>,
}

/// Whether an update was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    /// It was.
    Done,
    /// Somebody changed the object first: look again.
    Stale,
}

impl Update {
    /// An update of `subject` that writes nothing yet.
    pub(super) fn of(subject: &Subject) -> Self {
        Self {
            key: subject.key.clone(),
            rv: subject.rv,
            uid: subject.uid.clone(),
            status: None,
            run_state: None,
            op: None,
            record: None,
            notes: Vec::new(),
        }
    }

    /// Changes the operation of `subject` with `change`.
    pub(super) fn edit_op(&mut self, subject: &Subject, change: impl FnOnce(&mut Value)) {
        if self.op.is_none() {
            self.op.clone_from(&subject.op);
        }
        if let Some((_, _, op)) = &mut self.op {
            change(op);
        }
    }

    /// Writes it.
    pub(super) async fn commit(
        self,
        store: &Store,
        recorder: &Recorder,
    ) -> Result<Committed, ApiError> {
        let recorder = recorder.clone();
        // What the user wrote must survive a power cut; what can be observed again need not.
        let durability = match self.run_state {
            Some(_) => Durability::Spec,
            None => Durability::Status,
        };
        store
            .write(durability, move |tx| self.apply(tx, &recorder))
            .await
    }

    fn apply(self, tx: &mut Tx<'_>, recorder: &Recorder) -> Result<Committed, ApiError> {
        let Some(current) = tx.get(&self.key).filter(|object| object.rv == self.rv) else {
            return Ok(Committed::Stale);
        };
        if let Some((key, rv, op)) = &self.op {
            if tx.get(key).is_none_or(|object| object.rv != *rv) {
                return Ok(Committed::Stale);
            }
            tx.put(key, op.clone())?;
        }
        let mut vm = current.value();
        if let Some(state) = self.run_state {
            member(&mut vm, "spec").insert("runState".into(), json!(state));
        }
        if let Some(status) = &self.status {
            let status = serde_json::to_value(status)
                .map_err(|e| ApiError::internal(format!("a status cannot be encoded: {e}")))?;
            vm["status"] = status;
        }
        let vm = tx.put(&self.key, vm)?.value();
        if let Some(record) = &self.record {
            tx.put(&record::key(&self.key.namespace, &self.uid), record.write())?;
        }
        let operation = self.op.as_ref().map_or("", |(key, ..)| key.name.as_str());
        for note in &self.notes {
            recorder.record(tx, &vm, note, operation)?;
        }
        Ok(Committed::Done)
    }
}

/// Writes into the operation alone, if it still does something; never stale.
pub(super) async fn edit_operation(
    store: &Store,
    key: Key,
    change: impl FnOnce(&mut Value) + Send + 'static,
) -> Result<(), ApiError> {
    debug_assert_eq!(key.kind, OPERATIONS);
    let work = move |tx: &mut Tx<'_>| {
        let Some(stored) = tx.get(&key) else {
            return Ok(());
        };
        let mut op = stored.value();
        if super::op::is_active(&op) {
            change(&mut op);
            tx.put(&key, op)?;
        }
        Ok(())
    };
    store.write(Durability::Status, work).await
}

/// Lets a VM go: its finalizer, its record, and with the last finalizer the object itself.
pub(super) fn release(tx: &mut Tx<'_>, key: &Key, uid: &str) -> Result<Option<Value>, ApiError> {
    let Some(object) = tx.get(key).filter(|object| object.uid() == uid) else {
        return Ok(None);
    };
    let mut vm = object.value();
    if !deleting(&vm) {
        return Ok(None);
    }
    let record = record::key(&key.namespace, uid);
    if tx.get(&record).is_some() {
        tx.delete(&record)?;
    }
    super::doc::drop_finalizer(&mut vm, super::admit::FINALIZER);
    let operation = text(&vm, "/status/currentOperation").to_owned();
    if let Some(status) = vm.get_mut("status").and_then(Value::as_object_mut) {
        status.remove("currentOperation");
    }
    let last = tx.put(key, vm)?;
    let mut value = last.value();
    value["operation"] = json!(operation);
    Ok(Some(value))
}
