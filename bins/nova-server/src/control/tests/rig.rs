//! A server without its HTTP side, which can be killed and started again on the same directory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::api::error::ApiError;
use crate::app::{App, Dirs};
use crate::control::admit::{DeleteAsks, admit_change, on_vm_delete};
use crate::control::doc::{list, text};
use crate::control::intent::{Answer, act};
use crate::control::op::{self, Asks, Caller, Verb};
use crate::control::subject::vm_key;
use crate::control::{Controller, start};
use crate::engine::EngineDirs;
use crate::engine::sim::{self, SimOptions};
use crate::store::{Durability, Key, Store};

/// Longest wait of a test for anything.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Rig {
    rt: Option<Runtime>,
    pub(super) app: Arc<App>,
    pub(super) controller: Controller,
    dir: PathBuf,
    home: Option<tempfile::TempDir>,
}

impl Rig {
    pub(super) fn new(options: SimOptions) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut rig = Self::open(home.path().to_owned(), options);
        rig.home = Some(home);
        rig.image("tiny", "qga");
        rig.image("mute", "none");
        rig
    }

    fn open(dir: PathBuf, options: SimOptions) -> Self {
        let rt = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (data, run) = (dir.join("data"), dir.join("run"));
        nova_core::fs::create_private_dir(&data).unwrap();
        let guard = rt.enter();
        let store = Store::open(&data).unwrap();
        let engine = sim::open(&engine_dirs(&dir), options);
        let app = App::new(store, engine, Dirs { data, run });
        let controller = start(Arc::clone(&app));
        drop(guard);
        rt.block_on(controller.recovered());
        Self {
            rt: Some(rt),
            app,
            controller,
            dir,
            home: None,
        }
    }

    /// Kills the server wherever it is and starts another one.
    pub(super) fn kill_and_restart(self, options: SimOptions) -> Self {
        self.kill_and_restart_after(options, |_| {})
    }

    /// The same, with something that happens while no server is there.
    pub(super) fn kill_and_restart_after(
        mut self,
        options: SimOptions,
        meanwhile: impl FnOnce(&Path),
    ) -> Self {
        self.rt
            .take()
            .unwrap()
            .shutdown_timeout(Duration::from_secs(5));
        self.app.store.close();
        let (dir, home) = (self.dir.clone(), self.home.take());
        drop(self);
        meanwhile(&dir);
        let mut rig = Self::open(dir, options);
        rig.home = home;
        rig
    }

    pub(super) fn wait<F: Future>(&self, work: F) -> F::Output {
        self.rt.as_ref().unwrap().block_on(work)
    }

    pub(super) fn image(&self, name: &str, agent: &str) {
        let key = Key::new("images", "public", name);
        let digest = "ab".repeat(32);
        let image = json!({
            "apiVersion": "nova.dev/v1", "kind": "Image", "metadata": {},
            "spec": {"type": "direct", "agent": agent, "cmdline": "quiet",
                "files": {"kernel": {"sha256": digest}, "initrd": {"sha256": digest}}},
            "status": {"phase": "Ready"},
        });
        self.wait(
            self.app
                .store
                .write(Durability::Spec, move |tx| tx.put(&key, image)),
        )
        .unwrap();
    }

    /// Creates a VM of the image `tiny` with these members of its spec.
    pub(super) fn create(&self, name: &str, spec: Value) -> Result<String, ApiError> {
        let mut all = json!({"image": "tiny"});
        if let Value::Object(spec) = spec {
            all.as_object_mut().unwrap().extend(spec);
        }
        let app = Arc::clone(&self.app);
        let key = vm_key("default", name);
        let work = move |tx: &mut crate::store::Tx<'_>| {
            let mut vm = json!({
                "apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
                "metadata": {"name": key.name, "namespace": "default"}, "spec": all,
            });
            let op = admit_change(&app, tx, None, &mut vm, &Caller::system())?;
            tx.put(&key, vm)?;
            Ok(op.unwrap())
        };
        self.wait(self.app.store.write(Durability::Spec, work))
    }

    /// Creates a VM and waits until it is ready.
    pub(super) fn ready(&self, name: &str, spec: Value) -> Value {
        let op = self.create(name, spec).unwrap();
        let op = self.op_end(&op);
        assert_eq!(text(&op, "/status/phase"), "Succeeded", "{op:#}");
        self.vm(name)
    }

    pub(super) fn act(&self, name: &str, verb: Verb, asks: Asks) -> Result<Answer, ApiError> {
        let key = vm_key("default", name);
        let work =
            move |tx: &mut crate::store::Tx<'_>| act(tx, &key, verb, &asks, &Caller::system());
        self.wait(self.app.store.write(Durability::Spec, work))
    }

    /// Applies a verb that must place an operation; answers its name.
    pub(super) fn order(&self, name: &str, verb: Verb, asks: Asks) -> String {
        match self.act(name, verb, asks).unwrap() {
            Answer::Operation(op) => text(&op, "/metadata/name").to_owned(),
            Answer::Unchanged => panic!("{} changed nothing", verb.as_str()),
        }
    }

    /// Applies a verb and waits for its operation; answers that.
    pub(super) fn done(&self, name: &str, verb: Verb) -> Value {
        let op = self.order(name, verb, Asks::default());
        let op = self.op_end(&op);
        assert_eq!(text(&op, "/status/phase"), "Succeeded", "{op:#}");
        op
    }

    pub(super) fn patch(&self, name: &str, spec: Value) -> Result<Option<String>, ApiError> {
        let app = Arc::clone(&self.app);
        let key = vm_key("default", name);
        let work = move |tx: &mut crate::store::Tx<'_>| {
            let before = tx.require(&key)?.value();
            let mut after = before.clone();
            let members = after["spec"].as_object_mut().unwrap();
            members.extend(spec.as_object().unwrap().clone());
            let op = admit_change(&app, tx, Some(&before), &mut after, &Caller::system())?;
            tx.put(&key, after)?;
            Ok(op)
        };
        self.wait(self.app.store.write(Durability::Spec, work))
    }

    pub(super) fn delete(
        &self,
        name: &str,
        grace: Option<u64>,
    ) -> Result<Option<String>, ApiError> {
        self.doom(name, grace).map(|(_, op)| op)
    }

    /// Deletes; answers the machine as the delete left it, which may be gone by now, and the
    /// operation.
    pub(super) fn doom(
        &self,
        name: &str,
        grace: Option<u64>,
    ) -> Result<(Value, Option<String>), ApiError> {
        let key = vm_key("default", name);
        let work = move |tx: &mut crate::store::Tx<'_>| {
            let object = tx.require(&key)?;
            let asks = DeleteAsks {
                grace,
                unprotect: false,
            };
            on_vm_delete(tx, &object, &asks, &Caller::system())
        };
        self.wait(self.app.store.write(Durability::Spec, work))
    }

    pub(super) fn find(&self, name: &str) -> Option<Value> {
        self.app
            .store
            .get(&vm_key("default", name))
            .map(|object| object.value())
    }

    pub(super) fn vm(&self, name: &str) -> Value {
        self.find(name).unwrap()
    }

    pub(super) fn op(&self, name: &str) -> Value {
        self.app
            .store
            .get(&Key::new(op::KIND, "default", name))
            .unwrap()
            .value()
    }

    pub(super) fn op_end(&self, name: &str) -> Value {
        self.until(&format!("operation {name} ends"), || {
            let op = self.op(name);
            (!op::is_active(&op)).then_some(op)
        })
    }

    pub(super) fn phase(&self, name: &str, phase: &str) -> Value {
        self.until(&format!("{name} is {phase}"), || {
            self.find(name)
                .filter(|vm| text(vm, "/status/phase") == phase)
        })
    }

    pub(super) fn gone(&self, name: &str) {
        self.until(&format!("{name} is gone"), || {
            self.find(name).is_none().then_some(())
        });
    }

    pub(super) fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            let patient = begun.elapsed() < PATIENCE;
            assert!(patient, "waited in vain until {what}:\n{}", self.sight());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Everything, in few words.
    fn sight(&self) -> String {
        let mut out = String::new();
        for kind in ["virtualmachines", op::KIND] {
            for object in self.app.store.list(kind, None) {
                let value = object.value();
                let (phase, status) = (text(&value, "/status/phase"), &value["status"]);
                let verb = text(&value, "/spec/verb");
                let _ = writeln!(out, "{} {verb} {phase} {:?}", object.key, phases(&value));
                let _ = writeln!(out, "  {}", status["conditions"]);
            }
        }
        let news: Vec<String> = self
            .app
            .store
            .list("events", None)
            .iter()
            .map(|o| text(&o.value(), "/reason").to_owned())
            .collect();
        out + &news.join(" ")
    }

    /// Reasons of the events of a VM, in the order of their names, which is that of time.
    pub(super) fn events(&self, name: &str) -> Vec<String> {
        let all = self.app.store.list("events", Some("default"));
        all.iter()
            .map(|object| object.value())
            .filter(|event| text(event, "/involvedObject/name") == name)
            .map(|event| text(&event, "/reason").to_owned())
            .collect()
    }
}

/// Where the engine of a rig keeps its machines.
pub(super) fn engine_dirs(dir: &Path) -> EngineDirs {
    EngineDirs {
        data: dir.join("data/engine"),
        run: dir.join("run"),
    }
}

/// `True`, `False` and the reason of a condition.
pub(super) fn condition<'a>(vm: &'a Value, type_: &str) -> (&'a str, &'a str) {
    let found = list(vm, "/status/conditions")
        .iter()
        .find(|c| text(c, "/type") == type_);
    found.map_or(("", ""), |c| (text(c, "/status"), text(c, "/reason")))
}

/// States of an operation's phases, as `name=State`.
pub(super) fn phases(op: &Value) -> Vec<String> {
    let one = |phase: &Value| format!("{}={}", text(phase, "/name"), text(phase, "/state"));
    list(op, "/status/phases").iter().map(one).collect()
}
