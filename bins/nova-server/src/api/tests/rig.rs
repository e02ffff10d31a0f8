//! A server without listeners.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};

use crate::app::{App, Dirs};
use crate::auth::{Identity, Role, Transport};
use crate::control;
use crate::engine::EngineDirs;
use crate::engine::sim::{self, SimOptions};
use crate::store::Store;

pub(super) const VMS: &str = "/apis/nova.dev/v1/namespaces/default/virtualmachines";
pub(super) const JSON: &str = "application/json";

/// A running server; everything of it goes with it.
pub(super) struct Rig {
    pub(super) app: Arc<App>,
    service: TowerToHyperService<axum::Router>,
    pub(super) role: Option<Role>,
    _dir: tempfile::TempDir,
}

/// An answer, read in full.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Rig {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (data, run) = (dir.path().to_owned(), dir.path().join("run"));
        let store = Store::open(&data).unwrap();
        let dirs = EngineDirs {
            data: data.clone(),
            run: run.clone(),
        };
        let engine = sim::open(&dirs, SimOptions::default());
        let app = App::new(store, engine, Dirs { data, run });
        let controller = control::start(Arc::clone(&app));
        drop(app.controller.set(controller.clone()));
        controller.recovered().await;
        let service = TowerToHyperService::new(crate::api::router(Arc::clone(&app)));
        Self {
            app,
            service,
            role: Some(Role::Admin),
            _dir: dir,
        }
    }

    /// Sends a request; the head of the answer is there, its body may go on.
    pub(super) async fn open(&self, request: http::request::Builder, body: Body) -> Response {
        let mut request = request.body(body).unwrap();
        if let Some(role) = self.role {
            let identity = Identity::new("ana", role, Transport::Unix);
            request.extensions_mut().insert(identity);
        }
        self.service.call(request).await.unwrap()
    }

    pub(super) async fn send(&self, request: http::request::Builder, body: Body) -> Answer {
        let (parts, body) = self.open(request, body).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(super) async fn get(&self, uri: &str) -> Answer {
        self.send(Request::get(uri), Body::empty()).await
    }

    pub(super) async fn post(&self, uri: &str, body: &Value) -> Answer {
        let request = Request::post(uri).header("content-type", JSON);
        self.send(request, Body::from(body.to_string())).await
    }

    pub(super) async fn put(&self, uri: &str, body: &Value) -> Answer {
        let request = Request::put(uri).header("content-type", JSON);
        self.send(request, Body::from(body.to_string())).await
    }

    pub(super) async fn patch(&self, uri: &str, kind: &str, body: &Value) -> Answer {
        let request = Request::patch(uri).header("content-type", kind);
        self.send(request, Body::from(body.to_string())).await
    }

    pub(super) async fn delete(&self, uri: &str) -> Answer {
        self.send(Request::delete(uri), Body::empty()).await
    }

    /// Stores a machine that stays off.
    pub(super) async fn machine(&self, name: &str, labels: &Value) -> Value {
        let made = self.post(VMS, &machine(name, labels)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body
    }
}

/// A machine that stays off and needs no image.
pub(super) fn machine(name: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
        "metadata": {"name": name, "labels": labels},
        "spec": {"runState": "Stopped", "resources": {"cpu": 1, "memory": "128Mi"}},
    })
}

/// Names of a list.
pub(super) fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}
