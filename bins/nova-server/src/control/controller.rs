//! Who drives what: the two streams that wake the drivers of VMs, and what else changes call for.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use super::driver::Mail;
use super::events::Recorder;
use super::intent::VMS;
use super::roster::Roster;
use super::subject::Shared;
use super::{namespace, op, recover};
use crate::engine::EngineEvent;
use crate::store::{Change, Expired, Key, Object};

/// The controllers of the server.
#[derive(Clone)]
pub(crate) struct Controller {
    inner: Arc<Inner>,
}

struct Inner {
    app: Shared,
    recorder: Recorder,
    roster: Arc<Roster>,
    recovered: watch::Sender<bool>,
}

/// Starts recovery, drivers and housekeeping, in tasks of their own.
pub(crate) fn start(app: Shared) -> Controller {
    let recorder = Recorder::default();
    let inner = Inner {
        roster: Roster::new(Arc::clone(&app), recorder.clone()),
        app,
        recorder,
        recovered: watch::Sender::new(false),
    };
    let controller = Controller {
        inner: Arc::new(inner),
    };
    tokio::spawn(controller.clone().run());
    controller
}

impl Controller {
    /// Returns when what an earlier server left is understood: before, the engine does not know its
    /// machines.
    pub(crate) async fn recovered(&self) {
        let mut done = self.inner.recovered.subscribe();
        drop(done.wait_for(|done| *done).await);
    }

    /// Why the server may not go idle: a machine that is on, work under way, a time to live.
    pub(crate) fn busy(&self) -> Option<&'static str> {
        super::busy::reason(&self.inner.app.store)
    }

    async fn run(self) {
        let app = Arc::clone(&self.inner.app);
        let events = app.engine.events();
        let mut revision = app.store.revision();
        recover::run(&app, &self.inner.recorder).await;
        self.inner.recovered.send_replace(true);
        tokio::spawn(self.clone().listen(events));
        tokio::spawn(Arc::clone(&self.inner.roster).keep_time());
        super::house::start(&app);
        // Changes since `revision` are looked at again; that costs a glance.
        self.look_at_all();
        loop {
            // It ends only by falling behind the log.
            let Err(_) = self.follow(revision).await;
            revision = app.store.revision();
            self.look_at_all();
        }
    }

    async fn follow(&self, revision: u64) -> Result<std::convert::Infallible, Expired> {
        let kinds = [VMS, op::KIND, "images", "namespaces"];
        let mut watch = self.inner.app.store.watch(&kinds, revision)?;
        loop {
            let change = watch.next().await?;
            self.dispatch(&change);
        }
    }

    fn dispatch(&self, change: &Change) {
        let Some(object) = change.after.as_ref().or(change.before.as_ref()) else {
            return;
        };
        match object.key.kind {
            VMS => self.inner.roster.look(object, change.after.is_none()),
            op::KIND => self.operation_changed(object),
            "images" => self.inner.roster.wake_all(),
            _ if change.after.is_some() => {
                namespace::changed(&self.inner.app, object);
            }
            _ => {}
        }
    }

    fn look_at_all(&self) {
        for object in self.inner.app.store.list(VMS, None) {
            self.inner.roster.look(&object, false);
        }
        for object in self.inner.app.store.list("namespaces", None) {
            namespace::changed(&self.inner.app, &object);
        }
    }

    /// A driver follows its VM; of the operation it must only hear what others write into it.
    fn operation_changed(&self, object: &Object) {
        let news = ["\"Cancelling\"", "\"force\":true"];
        if !object.with_json(|json| news.iter().any(|word| json.contains(word))) {
            return;
        }
        let Some(target) = object.label("nova.dev/target") else {
            return;
        };
        let place = Key::new(VMS, &*object.key.namespace, target);
        if let Some(vm) = self.inner.app.store.get(&place) {
            self.inner.roster.tell(vm.uid(), Mail::Look);
        }
    }

    async fn listen(self, mut events: UnboundedReceiver<EngineEvent>) {
        while let Some(event) = events.recv().await {
            let uid = match &event {
                EngineEvent::Exited { uid, .. }
                | EngineEvent::Agent { uid, .. }
                | EngineEvent::Paused { uid, .. }
                | EngineEvent::Rebooted { uid } => uid.clone(),
            };
            self.inner.roster.tell(&uid, Mail::Engine(Box::new(event)));
        }
    }
}

/// Uids of all VMs, going ones included: what the engine has to keep.
pub(super) fn known(app: &Shared) -> BTreeSet<String> {
    app.store
        .list(VMS, None)
        .iter()
        .map(|object| object.uid().to_owned())
        .collect()
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").finish_non_exhaustive()
    }
}
