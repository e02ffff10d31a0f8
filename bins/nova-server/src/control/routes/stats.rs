//! What a VM uses: one sample, or one after the other.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until, timeout};

use super::VM;
use super::guest::Target;
use crate::api::error::ApiError;
use crate::app::{App, Guard};
use crate::auth::{Identity, Verb};
use crate::control::clock::parse;
use crate::control::record::{self, Record};
use crate::engine::Usage;

/// Time between the two samples that a rate needs.
const APART: Duration = Duration::from_millis(250);
/// Deadline of one sample.
const SAMPLE: Duration = Duration::from_secs(10);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route(&format!("{VM}/stats"), get(stats))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    watch: bool,
    interval_seconds: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            watch: false,
            interval_seconds: 2,
        }
    }
}

async fn stats(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Path(place): Path<(String, String)>,
    Query(options): Query<Options>,
) -> Result<Response, ApiError> {
    let target = Target::find(&app, &identity, Verb::Get, place)?;
    let first = sample(&app, &target).await?;
    let first_at = Instant::now();
    if !options.watch {
        sleep_until(first_at + APART).await;
        let second = sample(&app, &target).await?;
        return Ok(Json(shown(&app, &target, &first, &second)).into_response());
    }
    let guard = app.activity.guard();
    let every = Duration::from_secs(options.interval_seconds.clamp(1, 3600));
    let follow = Follow {
        app,
        target,
        last: first,
        next: first_at + APART,
        every,
        _here: guard,
    };
    let body = Body::from_stream(stream::unfold(follow, Follow::line));
    Ok(([(CONTENT_TYPE, "application/jsonl")], body).into_response())
}

async fn sample(app: &App, target: &Target) -> Result<Usage, ApiError> {
    match timeout(SAMPLE, app.engine.stats(&target.uid)).await {
        Ok(Ok(usage)) => Ok(usage),
        Ok(Err(crate::engine::EngineError::NotRunning)) => Err(target.refuse("measure")),
        Ok(Err(error)) => Err(target.engine_error(app, &error)),
        Err(_) => Err(ApiError::timeout("the engine did not measure within 10 s")),
    }
}

/// A sample as clients see it. `cpuPercent` is of the processors given to the VM.
fn shown(app: &App, target: &Target, before: &Usage, now: &Usage) -> Value {
    json!({
        "apiVersion": "nova.dev/v1", "kind": "VirtualMachineUsage",
        "metadata": {"name": target.key.name, "namespace": target.key.namespace, "uid": target.uid},
        "cpuPercent": percent(app, target, before, now),
        "cpuTimeSeconds": now.cpu_time_seconds, "memoryUsed": now.memory_used,
        "memoryBalloon": now.memory_balloon, "netRx": now.net_rx, "netTx": now.net_tx,
        "diskRead": now.disk_read, "diskWrite": now.disk_write, "sampledAt": now.sampled_at,
    })
}

fn percent(app: &App, target: &Target, before: &Usage, now: &Usage) -> f64 {
    let (Some(from), Some(to)) = (parse(&before.sampled_at), parse(&now.sampled_at)) else {
        return 0.0;
    };
    let seconds = to.duration_since(from).as_secs_f64();
    let stored = app
        .store
        .get(&record::key(&target.key.namespace, &target.uid));
    let machine = stored.and_then(|stored| Record::read(&stored).machine);
    let cpus = f64::from(machine.map_or(1, |machine| machine.cpus).max(1));
    let used = now.cpu_time_seconds - before.cpu_time_seconds;
    if seconds <= 0.0 || used <= 0.0 {
        return 0.0;
    }
    (used / seconds / cpus * 1000.0).round() / 10.0
}

/// A stream of samples; it ends with the machine or the server.
struct Follow {
    app: Arc<App>,
    target: Target,
    last: Usage,
    next: Instant,
    every: Duration,
    _here: Guard,
}

impl Follow {
    async fn line(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        tokio::select! {
            () = sleep_until(self.next) => {}
            () = self.app.activity.stopping() => return None,
        }
        self.next += self.every;
        let usage = sample(&self.app, &self.target).await.ok()?;
        let mut line = shown(&self.app, &self.target, &self.last, &usage).to_string();
        line.push('\n');
        self.last = usage;
        Some((Ok(line.into()), self))
    }
}
