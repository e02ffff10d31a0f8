//! The drivers of all VMs. One that has something to do is a task; the others rest as the few bytes they remember, until mail
//! comes or their moment, so that ten thousand quiet VMs cost next to nothing.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::clock;
use super::driver::{Driver, End, Mail, Memory};
use super::events::Recorder;
use super::subject::Shared;
use crate::store::{Key, Object};

/// Pause before a driver that broke down is replaced.
const AGAIN: Duration = Duration::from_secs(1);
/// Drivers that look and report at once. The others would only wait for the store with what they found, and be out of date
/// by then.
const AT_ONCE: usize = 64;
/// How long agents of machines that ran on may take to be found again.
const RECONNECT: Duration = Duration::from_secs(8);
/// How long the clock sleeps when nobody is to be woken.
const NOBODY: Duration = Duration::from_mins(1);

/// All drivers, by the uid of their VM.
pub(super) struct Roster {
    app: Shared,
    recorder: Recorder,
    turns: Arc<Semaphore>,
    drivers: Mutex<Drivers>,
    /// Somebody is to be woken before all others.
    earlier: Notify,
}

#[derive(Default)]
struct Drivers {
    slots: HashMap<Arc<str>, Slot>,
    /// When who is to be woken.
    moments: BTreeSet<(Instant, Arc<str>)>,
}

enum Slot {
    Working(UnboundedSender<Mail>),
    Resting(Box<Resting>),
}

struct Resting {
    key: Key,
    memory: Memory,
    until: Instant,
}

impl Roster {
    pub(super) fn new(app: Shared, recorder: Recorder) -> Arc<Self> {
        Arc::new(Self {
            app,
            recorder,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            drivers: Mutex::default(),
            earlier: Notify::new(),
        })
    }

    /// Has the driver of a VM look at it; a VM without one gets one, unless it is gone.
    pub(super) fn look(self: &Arc<Self>, vm: &Object, gone: bool) {
        let mut drivers = self.drivers();
        if self.deliver(&mut drivers, vm.uid(), Mail::Look) || gone {
            return;
        }
        let memory = Memory {
            reconnect_until: Some(clock::after(clock::now(), RECONNECT)),
            ..Memory::default()
        };
        self.work(&mut drivers, Arc::from(vm.uid()), vm.key.clone(), memory);
    }

    /// Gives mail to a driver; one that ended has nothing left to hear.
    pub(super) fn tell(self: &Arc<Self>, uid: &str, mail: Mail) {
        let mut drivers = self.drivers();
        self.deliver(&mut drivers, uid, mail);
    }

    /// Has all drivers look.
    pub(super) fn wake_all(self: &Arc<Self>) {
        let mut drivers = self.drivers();
        let all: Vec<Arc<str>> = drivers.slots.keys().cloned().collect();
        for uid in all {
            self.deliver(&mut drivers, &uid, Mail::Look);
        }
    }

    /// Wakes drivers when their moment comes; never returns.
    pub(super) async fn keep_time(self: Arc<Self>) {
        loop {
            let next = self.drivers().moments.first().map(|(at, _)| *at);
            let next = next.unwrap_or_else(|| Instant::now() + NOBODY);
            tokio::select! {
                () = tokio::time::sleep_until(next) => self.wake_due(Instant::now()),
                () = self.earlier.notified() => {}
            }
        }
    }

    fn wake_due(self: &Arc<Self>, now: Instant) {
        let mut drivers = self.drivers();
        while let Some((at, uid)) = drivers.moments.first().cloned()
            && at <= now
        {
            drivers.moments.pop_first();
            self.deliver(&mut drivers, &uid, Mail::Look);
        }
    }

    fn drivers(&self) -> MutexGuard<'_, Drivers> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers whether there was somebody to deliver to.
    fn deliver(self: &Arc<Self>, drivers: &mut Drivers, uid: &str, mail: Mail) -> bool {
        match drivers.slots.get(uid) {
            None => return false,
            Some(Slot::Working(post)) => {
                drop(post.send(mail));
                return true;
            }
            Some(Slot::Resting(_)) => {}
        }
        if let Some((uid, Slot::Resting(mut resting))) = drivers.slots.remove_entry(uid) {
            drivers.moments.remove(&(resting.until, Arc::clone(&uid)));
            resting.memory.note(mail);
            self.work(drivers, uid, resting.key, resting.memory);
        }
        true
    }

    /// Starts the task of a driver.
    fn work(self: &Arc<Self>, drivers: &mut Drivers, uid: Arc<str>, key: Key, memory: Memory) {
        let (post, mail) = unbounded_channel();
        drivers.slots.insert(Arc::clone(&uid), Slot::Working(post));
        let driver = Driver {
            app: Arc::clone(&self.app),
            recorder: self.recorder.clone(),
            key,
            uid: uid.to_string(),
            mail,
            memory,
            turns: Arc::clone(&self.turns),
            leave: Mutex::default(),
        };
        tokio::spawn(Box::pin(Arc::clone(self).drive(uid, driver)));
    }

    async fn drive(self: Arc<Self>, uid: Arc<str>, mut driver: Driver) {
        let key = driver.key.clone();
        loop {
            match AssertUnwindSafe(driver.run()).catch_unwind().await {
                Ok(End::Rest(wait)) => match self.rest(&uid, driver, wait) {
                    Some(awake) => driver = awake,
                    None => return,
                },
                Ok(End::Gone) => {
                    self.drivers().slots.remove(&uid);
                    return;
                }
                Err(_) => return self.replace(&uid, &key).await,
            }
        }
    }

    /// Puts a driver to rest, unless mail came meanwhile.
    fn rest(&self, uid: &Arc<str>, mut driver: Driver, wait: Duration) -> Option<Driver> {
        // Nobody posts while the roster is held.
        let mut drivers = self.drivers();
        if let Ok(mail) = driver.mail.try_recv() {
            driver.memory.note(mail);
            return Some(driver);
        }
        let until = Instant::now() + wait;
        let moment = (until, Arc::clone(uid));
        if drivers.moments.first().is_none_or(|first| moment < *first) {
            self.earlier.notify_one();
        }
        drivers.moments.insert(moment);
        let resting = Resting {
            key: driver.key,
            memory: driver.memory,
            until,
        };
        let slot = Slot::Resting(Box::new(resting));
        drivers.slots.insert(Arc::clone(uid), slot);
        None
    }

    /// A bug in one driver must not leave its VM without any.
    async fn replace(self: Arc<Self>, uid: &str, key: &Key) {
        self.drivers().slots.remove(uid);
        tracing::error!(vm = %key, "a driver broke down; another takes over");
        tokio::time::sleep(AGAIN).await;
        if let Some(object) = self.app.store.get(key) {
            self.look(&object, false);
        }
    }
}
