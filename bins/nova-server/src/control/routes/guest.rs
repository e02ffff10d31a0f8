//! A VM as routes find it, and what its guest's agent says.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, State};
use axum::routing::get;
use axum::{Json, Router};
use nova_api::types::VirtualMachine;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::VM;
use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::{Identity, Verb};
use crate::control::fault;
use crate::control::intent::VMS;
use crate::control::record::{self, Record};
use crate::control::subject::vm_key;
use crate::control::table::State as Life;
use crate::engine::EngineError;
use crate::store::Key;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route(&format!("{VM}/agent"), get(agent))
}

/// A VM that a stream works on.
pub(super) struct Target {
    pub(super) key: Key,
    pub(super) uid: String,
    pub(super) value: Value,
}

impl Target {
    /// The VM, as far as the caller may do this with it.
    pub(super) fn find(
        app: &App,
        identity: &Identity,
        verb: Verb,
        (namespace, name): (String, String),
    ) -> Result<Self, ApiError> {
        identity.authorize(verb, VMS, Some(&namespace))?;
        let key = vm_key(&namespace, &name);
        identity.look(&key)?;
        let object = app.store.require(&key)?;
        Ok(Self {
            uid: object.uid().to_owned(),
            value: object.value(),
            key,
        })
    }

    /// Whether this very VM still exists.
    pub(super) fn exists(&self, app: &App) -> bool {
        app.store
            .get(&self.key)
            .is_some_and(|object| object.uid() == self.uid)
    }

    /// Reads it again; it may have become something else.
    pub(super) fn refresh(&mut self, app: &App) -> Result<(), ApiError> {
        let object = app.store.require(&self.key)?;
        if object.uid() != self.uid {
            return Err(ApiError::not_found(&self.key));
        }
        self.value = object.value();
        Ok(())
    }

    pub(super) fn life(&self) -> Life {
        Life::of(&self.value)
    }

    /// The phase for messages.
    pub(super) fn phase(&self) -> String {
        match self.life() {
            Life::Deleting => "Deleting".to_owned(),
            _ => crate::control::doc::text(&self.value, "/status/phase").to_owned(),
        }
    }

    /// Refuses `verb` in the present phase.
    pub(super) fn refuse(&self, verb: &str) -> ApiError {
        let (name, phase, life) = (&self.key.name, self.phase(), self.life());
        let message = format!("cannot {verb} virtual machine {name:?} while it is {phase}");
        let error = ApiError::invalid_state(&self.key, &phase, life.allowed(), &message);
        match life {
            Life::Down => error.hint(format!("nova vm start {name}")),
            Life::Paused => error.hint(format!("nova vm resume {name}")),
            Life::Up | Life::Stopping | Life::Deleting => error,
        }
    }

    /// Whether the machine in force has an agent that will answer; unknown before its first start.
    pub(super) fn has_agent(&self, app: &App) -> Option<bool> {
        let stored = app
            .store
            .get(&record::key(&self.key.namespace, &self.uid))?;
        Record::read(&stored).machine.map(|machine| machine.agent)
    }

    /// The error of a VM whose guest has no agent.
    pub(super) fn no_agent(&self) -> ApiError {
        let vm: Option<VirtualMachine> = serde_json::from_value(self.value.clone()).ok();
        let image = vm.and_then(|vm| vm.spec.image);
        let name = &self.key.name;
        let message = match image {
            Some(image) => {
                format!("virtual machine {name:?} has no guest agent: image {image:?} brings none")
            }
            None => format!("virtual machine {name:?} has no guest agent"),
        };
        ApiError::unavailable("AgentUnavailable", message).on(&self.key)
    }

    pub(super) fn engine_error(&self, app: &App, error: &EngineError) -> ApiError {
        match error {
            EngineError::NotRunning => self.refuse("reach the guest of"),
            other => fault::answer(other, app.engine.name(), &self.key),
        }
    }
}

/// `GET …/agent`: who answers in the guest.
async fn agent(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Path(place): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let target = Target::find(&app, &identity, Verb::Get, place)?;
    if target.life() != Life::Up {
        return Err(target.refuse("reach the guest of"));
    }
    if target.has_agent(&app) == Some(false) {
        return Err(target.no_agent());
    }
    let asked = timeout(Duration::from_secs(10), app.engine.guest_info(&target.uid)).await;
    let info = match asked {
        Ok(Ok(info)) => info,
        Ok(Err(error)) => return Err(target.engine_error(&app, &error)),
        Err(_) => {
            let text = "the guest agent did not answer within 10 s";
            return Err(ApiError::guest_timeout(&target.key, text));
        }
    };
    let features = app.engine.features();
    Ok(Json(json!({
        "apiVersion": "nova.dev/v1", "kind": "GuestAgent", "connected": true,
        "version": info.agent_version, "os": info.os, "kernel": info.kernel,
        "hostname": info.hostname, "addresses": info.addresses, "features": features,
        "lastSeen": crate::control::clock::stamp(crate::control::clock::now()),
    })))
}
