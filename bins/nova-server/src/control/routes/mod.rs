//! Routes of the verbs.

mod actions;

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// Routes that are more than create, read, update and delete.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().merge(actions::routes())
}
