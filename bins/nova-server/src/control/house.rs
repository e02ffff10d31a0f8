//! Housekeeping: the node's heartbeat, and the end of old operations and events.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use super::clock::{after, now, parse};
use super::doc::text;
use super::subject::Shared;
use super::{events, node, op};
use crate::api::error::ApiError;
use crate::store::{Durability, Key, Tx};

/// How long a finished operation and an event are kept.
const KEEP: Duration = Duration::from_hours(7 * 24);
/// Most events that are kept.
const MOST_EVENTS: usize = 100_000;
/// How files that are being written are named until they are whole.
const HALF_WRITTEN: &str = ".nova-";
/// Objects removed in one transaction, so that others get their turn.
const BATCH: usize = 500;

/// Starts the tasks.
pub(super) fn start(app: &Shared) {
    tokio::spawn(heartbeat(Shared::clone(app)));
    tokio::spawn(sweep(Shared::clone(app)));
}

async fn heartbeat(app: Shared) {
    let mut ticks = interval(Duration::from_secs(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = node::report(&app).await {
            tracing::debug!(%error, "the heartbeat was not written");
        }
    }
}

async fn sweep(app: Shared) {
    let mut ticks = interval(Duration::from_mins(15));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep_once(&app, now()).await {
            tracing::warn!(%error, "old operations and events could not be removed");
        }
    }
}

/// Removes files that an earlier server was killed over while it wrote them. What this server writes
/// is younger than it.
pub(super) fn remove_half_written(app: &Shared) {
    let Ok(entries) = std::fs::read_dir(&app.dirs.data) else {
        return;
    };
    for entry in entries.flatten() {
        let half = entry
            .file_name()
            .to_string_lossy()
            .starts_with(HALF_WRITTEN);
        let written = entry.metadata().and_then(|meta| meta.modified());
        let old = written
            .ok()
            .and_then(|at| Timestamp::try_from(at).ok())
            .is_some_and(|at| at < app.started);
        if half && old && std::fs::remove_file(entry.path()).is_err() {
            tracing::debug!(file = %entry.path().display(), "cannot be removed");
        }
    }
}

/// Removes what is older than its time at `now`.
pub(super) async fn sweep_once(app: &Shared, now: Timestamp) -> Result<(), ApiError> {
    let old: Vec<Key> = old_operations(app, now)
        .into_iter()
        .chain(old_events(app, now))
        .collect();
    for batch in old.chunks(BATCH) {
        let keys = batch.to_vec();
        let work = move |tx: &mut Tx<'_>| {
            for key in &keys {
                if tx.get(key).is_some() {
                    tx.delete(key)?;
                }
            }
            Ok(())
        };
        app.store.write(Durability::Status, work).await?;
    }
    Ok(())
}

fn old_operations(app: &Shared, now: Timestamp) -> Vec<Key> {
    let old = |op: &serde_json::Value| {
        let end = parse(text(op, "/status/finishedAt"));
        !op::is_active(op) && end.is_some_and(|at| after(at, KEEP) <= now)
    };
    let all = app.store.list(op::KIND, None);
    all.iter()
        .filter(|object| old(&object.value()))
        .map(|object| object.key.clone())
        .collect()
}

fn old_events(app: &Shared, now: Timestamp) -> Vec<Key> {
    let mut all: Vec<(Option<Timestamp>, Key)> = app
        .store
        .list(events::KIND, None)
        .iter()
        .map(|object| {
            (
                parse(text(&object.value(), "/lastTimestamp")),
                object.key.clone(),
            )
        })
        .collect();
    all.sort();
    let surplus = all.len().saturating_sub(MOST_EVENTS);
    let old = |at: &Option<Timestamp>| at.is_none_or(|at| after(at, KEEP) <= now);
    all.into_iter()
        .enumerate()
        .filter(|(i, (at, _))| *i < surplus || old(at))
        .map(|(_, (_, key))| key)
        .collect()
}
