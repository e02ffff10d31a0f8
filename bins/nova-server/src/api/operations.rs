//! `GET` of an operation that waits for its end.

use std::time::Duration;

use super::error::ApiError;
use super::kinds::text;
use super::request::Call;

/// Longest wait on the server's side.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Waits as `?wait=30s` asks, at most a minute, until the operation is over or gone.
pub(super) async fn wait(call: &Call) -> Result<(), ApiError> {
    let Some(text) = call.query.get("wait") else {
        return Ok(());
    };
    let patience = nova_core::units::parse_duration(text).map_err(|error| {
        ApiError::bad_request(format!("wait: Invalid value: {text:?}: {error}"))
    })?;
    // Running out of patience is no fault: the client sees how far it is and asks again.
    drop(tokio::time::timeout(patience.min(MAX_WAIT), over(call)).await);
    Ok(())
}

async fn over(call: &Call) {
    let (store, key) = (&call.app.store, call.key());
    let Ok(mut changes) = store.watch(&["operations"], store.revision()) else {
        return;
    };
    loop {
        let now = store.get(&key).map(|object| object.value());
        let done = now.is_none_or(|op| super::kinds::is_over(text(&op, "/status/phase")));
        if done {
            return;
        }
        tokio::select! {
            () = call.app.activity.stopping() => return,
            change = changes.next() => if change.is_err() { return },
        }
    }
}
