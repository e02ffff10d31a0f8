//! Who drives what: one driver per VM, and the two streams that wake them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, watch};

use super::clock;
use super::driver::{Driver, Mail, Memory};
use super::events::Recorder;
use super::intent::VMS;
use super::subject::Shared;
use super::{namespace, op, recover};
use crate::engine::EngineEvent;
use crate::store::{Change, Expired, Key, Object};

/// Pause before a driver that broke down is replaced.
const AGAIN: Duration = Duration::from_secs(1);

/// Drivers that look and report at once. The others would only wait for the store with what they found, and be out of date
/// by then.
const AT_ONCE: usize = 64;

/// How long agents of machines that ran on may take to be found again.
const RECONNECT: Duration = Duration::from_secs(8);

/// The controllers of the server.
#[derive(Clone)]
pub(crate) struct Controller {
    inner: Arc<Inner>,
}

struct Inner {
    app: Shared,
    recorder: Recorder,
    /// Drivers by the uid of their VM.
    drivers: Mutex<HashMap<String, Handle>>,
    /// Uids by the VM's place, for operations and images that name VMs.
    places: Mutex<HashMap<Key, String>>,
    recovered: watch::Sender<bool>,
    turns: Arc<Semaphore>,
}

struct Handle {
    mail: UnboundedSender<Mail>,
}

/// Starts recovery, drivers and housekeeping, in tasks of their own.
pub(crate) fn start(app: Shared) -> Controller {
    let inner = Inner {
        app,
        recorder: Recorder::default(),
        drivers: Mutex::default(),
        places: Mutex::default(),
        recovered: watch::Sender::new(false),
        turns: Arc::new(Semaphore::new(AT_ONCE)),
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
            VMS => self.vm_changed(object, change.after.is_none()),
            op::KIND => self.operation_changed(object),
            "images" => self.wake_all(),
            _ if change.after.is_some() => {
                namespace::changed(&self.inner.app, object);
            }
            _ => {}
        }
    }

    fn look_at_all(&self) {
        for object in self.inner.app.store.list(VMS, None) {
            self.vm_changed(&object, false);
        }
        for object in self.inner.app.store.list("namespaces", None) {
            namespace::changed(&self.inner.app, &object);
        }
    }

    fn vm_changed(&self, object: &Object, gone: bool) {
        let mut drivers = self
            .inner
            .drivers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match drivers.get(&object.uid) {
            Some(handle) => drop(handle.mail.send(Mail::Look)),
            None if gone => {}
            None => {
                let handle = self.drive(object);
                drivers.insert(object.uid.clone(), handle);
            }
        }
        drop(drivers);
        let mut places = self
            .inner
            .places
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !gone {
            places.insert(object.key.clone(), object.uid.clone());
        } else if places.get(&object.key) == Some(&object.uid) {
            places.remove(&object.key);
        }
    }

    fn forget(&self, uid: &str) {
        let drivers = self.inner.drivers.lock();
        drivers.unwrap_or_else(PoisonError::into_inner).remove(uid);
    }

    fn drive(&self, object: &Object) -> Handle {
        let (mail, inbox) = unbounded_channel();
        let driver = Driver {
            app: Arc::clone(&self.inner.app),
            recorder: self.inner.recorder.clone(),
            key: object.key.clone(),
            uid: object.uid.clone(),
            mail: inbox,
            turns: Arc::clone(&self.inner.turns),
            memory: Memory {
                reconnect_until: Some(clock::after(clock::now(), RECONNECT)),
                ..Memory::default()
            },
        };
        let controller = self.clone();
        let uid = object.uid.clone();
        let key = object.key.clone();
        tokio::spawn(async move {
            let ended = tokio::spawn(Box::pin(driver.run())).await;
            controller.forget(&uid);
            if let Err(error) = ended {
                // A bug in one driver must not leave its VM without any.
                tracing::error!(vm = %key, %error, "a driver broke down; another takes over");
                tokio::time::sleep(AGAIN).await;
                if let Some(object) = controller.inner.app.store.get(&key) {
                    controller.vm_changed(&object, false);
                }
            }
        });
        Handle { mail }
    }

    /// A driver follows its VM; of the operation it must only hear what others write into it.
    fn operation_changed(&self, object: &Object) {
        let text = object.json();
        if !text.contains("\"Cancelling\"") && !text.contains("\"force\":true") {
            return;
        }
        let Some(target) = object.label("nova.dev/target") else {
            return;
        };
        let place = Key::new(VMS, &*object.key.namespace, target);
        let places = self
            .inner
            .places
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(uid) = places.get(&place).cloned() else {
            return;
        };
        drop(places);
        self.tell(&uid, Mail::Look);
    }

    fn wake_all(&self) {
        let drivers = self
            .inner
            .drivers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for handle in drivers.values() {
            // A driver that just ended has nothing left to hear.
            drop(handle.mail.send(Mail::Look));
        }
    }

    fn tell(&self, uid: &str, mail: Mail) {
        let drivers = self
            .inner
            .drivers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = drivers.get(uid) {
            drop(handle.mail.send(mail));
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
            self.tell(&uid, Mail::Engine(Box::new(event)));
        }
    }
}

/// Uids of all VMs, going ones included: what the engine has to keep.
pub(super) fn known(app: &Shared) -> BTreeSet<String> {
    app.store
        .list(VMS, None)
        .iter()
        .map(|object| object.uid.clone())
        .collect()
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").finish_non_exhaustive()
    }
}
