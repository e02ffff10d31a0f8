//! Routes of the verbs and streams of a VM.

mod actions;
mod exec;
mod exec_socket;
mod guest;
mod logs;
mod stats;
mod tail;

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// Path of one VM.
const VM: &str = "/apis/nova.dev/v1/namespaces/{namespace}/virtualmachines/{name}";

/// Routes that are more than create, read, update and delete.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(actions::routes())
        .merge(exec::routes())
        .merge(logs::routes())
        .merge(stats::routes())
        .merge(guest::routes())
}
