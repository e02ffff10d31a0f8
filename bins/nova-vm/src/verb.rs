//! The common path of start, stop, restart, pause and resume: find the VMs, act on each, wait.

use std::time::Duration;

use nova_api::client::{Action, ApiError, WriteOptions};
use nova_api::{Operation, VmName};
use nova_core::args::DryRun;
use nova_core::units::format_duration;
use nova_core::{Change, Confirm, Cx, Outcome, Outcomes, Result, Risk};
use nova_http::each_bounded;

use crate::session::Session;
use crate::targets::{TargetArgs, Targets, full_name};
use crate::wait::WaitArgs;

/// How a verb is spoken of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// The verb: `start`.
    pub(crate) verb: &'static str,
    /// What was done: `started`.
    pub(crate) done: &'static str,
    /// What is being done: `starting`.
    pub(crate) doing: &'static str,
}

/// Acts on every target, several at a time. One failure does not keep the others from it.
pub(crate) async fn run(
    cx: &Cx,
    words: Words,
    (targets, wait): (&TargetArgs, &WaitArgs),
    request: impl AsyncFn(&Session<'_>, &str, &WriteOptions) -> Result<Action, ApiError>,
) -> Result<Outcomes> {
    let session = Session::open(cx).await?;
    let until = wait.until()?;
    let found = targets.resolve(&session).await?;
    let limit = WaitArgs::limit(cx);
    if wait.dry_run() == DryRun::None {
        // Nobody is asked unless the context is protected.
        let place = format!("in namespace {}", session.namespace());
        cx.confirm_as(
            Risk::Undoable,
            &Confirm {
                verb: words.verb,
                targets: &found.shown(),
                place,
                bulk: found.bulk,
            },
        )?;
    }
    let outcomes = on_each(&found, targets.max_parallel, async |name| {
        if wait.dry_run() == DryRun::Client {
            session.get(name).await?;
            return Ok(Change::WouldDo(words.done.to_owned(), "client"));
        }
        let write = wait.write_options();
        let action = session
            .known(name, request(&session, name.as_str(), &write).await)
            .await?;
        let change = after(&session, words, (name, action), (wait, limit)).await?;
        if let Some(until) = until.as_ref().filter(|_| wait.dry_run() == DryRun::None) {
            session.until(name, until, limit).await?;
        }
        Ok(change)
    });
    Ok(Outcomes::new(outcomes.await))
}

/// Waits for what the request set going.
async fn after(
    session: &Session<'_>,
    words: Words,
    (name, action): (&VmName, Action),
    (wait, limit): (&WaitArgs, Duration),
) -> Result<Change> {
    let operation = match action {
        Action::Unchanged => return Ok(Change::Unchanged),
        Action::Started(operation) => operation,
    };
    if wait.dry_run() == DryRun::Server {
        return Ok(Change::WouldDo(words.done.to_owned(), "server"));
    }
    let id = &operation.metadata.name;
    if !wait.waits() {
        return Ok(Change::done(format!("is {} (operation {id})", words.doing)));
    }
    let label = format!("{} vm/{name}", words.doing);
    let ended = session.follow(id, &label, limit).await?;
    Ok(Change::done(described(words.done, &ended)))
}

/// Runs `work` on every target and pairs each with what became of it.
pub(crate) async fn on_each(
    targets: &Targets,
    parallel: u16,
    work: impl AsyncFn(&VmName) -> Result<Change>,
) -> Vec<Outcome> {
    let results = each_bounded(&targets.names, usize::from(parallel), work).await;
    let pair = |(name, result): (&VmName, Result<Change>)| outcome(name.as_str(), result);
    targets.names.iter().zip(results).map(pair).collect()
}

/// The outcome of one VM.
pub(crate) fn outcome(name: &str, result: Result<Change>) -> Outcome {
    Outcome {
        target: format!("vm/{name}"),
        full_name: full_name(name),
        result,
        object: None,
    }
}

/// `stopped (agent, 1.2s)`: how it was done and how long it took, as far as the operation tells.
fn described(done: &str, operation: &Operation) -> String {
    let Some(status) = &operation.status else {
        return done.to_owned();
    };
    let method = status
        .result
        .as_ref()
        .and_then(|result| result["method"].as_str());
    let start = status
        .started_at
        .as_ref()
        .and_then(nova_api::Time::timestamp);
    let end = status
        .finished_at
        .as_ref()
        .and_then(nova_api::Time::timestamp);
    let spent = start
        .zip(end)
        .and_then(|(start, end)| end.duration_since(start).try_into().ok());
    let parts: Vec<String> = method
        .map(str::to_owned)
        .into_iter()
        .chain(spent.map(format_duration))
        .collect();
    if parts.is_empty() {
        done.to_owned()
    } else {
        format!("{done} ({})", parts.join(", "))
    }
}
