//! Namespaces: the first two, and the end of one with everything in it.

use serde_json::json;

use super::admit::{DeleteAsks, on_vm_delete};
use super::doc::{deleting, drop_finalizer, flag, text};
use super::intent::VMS;
use super::op::{self, Caller};
use super::subject::Shared;
use crate::api::error::ApiError;
use crate::store::{Durability, Key, Object, Tx, format_time};

/// Plural of the kind.
const KIND: &str = "namespaces";
/// Keeps a namespace until everything in it is gone.
pub(super) const FINALIZER: &str = "nova.dev/contents";
/// Namespaces that always exist.
const FIRST: &[&str] = &["default", "public"];

/// Makes the namespaces that always exist.
pub(super) async fn ensure(app: &Shared) -> Result<(), ApiError> {
    let work = |tx: &mut Tx<'_>| {
        for name in FIRST {
            let key = Key::new(KIND, "", *name);
            if tx.get(&key).is_none() {
                tx.put(&key, fresh(name))?;
            }
        }
        Ok(())
    };
    app.store.write(Durability::Spec, work).await
}

fn fresh(name: &str) -> serde_json::Value {
    let labels = json!({"kubernetes.io/metadata.name": name});
    json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"finalizers": [FINALIZER], "labels": labels},
        "spec": {}, "status": {"phase": "Active"}})
}

/// Completes a namespace that is created.
pub(crate) fn admit_namespace(namespace: &mut serde_json::Value) {
    super::doc::add_finalizer(namespace, FINALIZER);
    namespace["status"] = json!({"phase": "Active"});
}

/// Marks a namespace as going away; its contents go first.
pub(crate) fn on_namespace_delete(
    tx: &mut Tx<'_>,
    object: &Object,
) -> Result<serde_json::Value, ApiError> {
    let key = &object.key;
    if FIRST.contains(&key.name.as_str()) {
        return Err(ApiError::forbidden(format!(
            "namespaces {:?} is forbidden: this namespace may not be deleted",
            key.name
        )));
    }
    let protected = tx
        .list(VMS, Some(&key.name))
        .into_iter()
        .find(|vm| flag(&vm.value(), "/spec/protected") == Some(true));
    if let Some(vm) = protected {
        let text = format!("it holds the protected virtual machine {:?}", vm.key.name);
        return Err(ApiError::protected(key, &text));
    }
    let mut namespace = object.value();
    if !deleting(&namespace) {
        super::doc::add_finalizer(&mut namespace, FINALIZER);
        namespace["metadata"]["deletionTimestamp"] = json!(format_time(tx.now()));
        namespace["status"]["phase"] = json!("Terminating");
    }
    tx.put(key, namespace).map(|stored| stored.value())
}

/// Starts to empty a namespace that is going away.
pub(super) fn changed(app: &Shared, object: &Object) {
    let value = object.value();
    if !deleting(&value) || text(&value, "/metadata/name").is_empty() {
        return;
    }
    let (app, name) = (Shared::clone(app), object.key.name.clone());
    tokio::spawn(async move {
        loop {
            match empty(&app, &name).await {
                // Files of images that went with it.
                Ok(true) => return crate::api::kinds::image::sweep(&app).await,
                Ok(false) => {}
                Err(error) => tracing::warn!(namespace = name, %error, "cannot be emptied yet"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    });
}

/// Removes what is in the namespace, and the namespace when nothing is left; answers whether it is
/// gone.
async fn empty(app: &Shared, name: &str) -> Result<bool, ApiError> {
    let name = name.to_owned();
    let work = move |tx: &mut Tx<'_>| {
        let key = Key::new(KIND, "", &*name);
        let Some(object) = tx.get(&key) else {
            return Ok(true);
        };
        for vm in tx.list(VMS, Some(&name)) {
            if !deleting(&vm.value()) {
                let asks = DeleteAsks {
                    grace: None,
                    unprotect: true,
                };
                on_vm_delete(tx, &vm, &asks, &Caller::system())?;
            }
        }
        if !tx.list(VMS, Some(&name)).is_empty() {
            return Ok(false);
        }
        for kind in ["images", op::KIND, super::events::KIND] {
            for left in tx.list(kind, Some(&name)) {
                tx.delete(&left.key)?;
            }
        }
        let mut namespace = object.value();
        drop_finalizer(&mut namespace, FINALIZER);
        tx.put(&key, namespace)?;
        Ok(tx.get(&key).is_none())
    };
    app.store.write(Durability::Spec, work).await
}
