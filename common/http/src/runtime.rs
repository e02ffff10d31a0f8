//! The one place where a tool starts its runtime.

use std::future::Future;
use std::io;
use std::sync::Once;

use futures_util::StreamExt;
use nova_core::{Context, Failure, Kind, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::farewell;

/// How much work [`each`] has in flight.
const DEFAULT_PARALLEL: usize = 8;

/// Runs a command to its end on a current-thread runtime.
///
/// An interrupt or termination drops the future, which cancels what it waits for and runs its cleanup, after what
/// [`with_farewell`](crate::with_farewell) has to say; the process then ends by the same signal.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // The runtime never gives signals back, so a second one must end the process whatever it does then.
    static WATCH: Once = Once::new();
    WATCH.call_once(nova_core::signal::watch);
    block_on_without_signals(async {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            result = &mut work => result,
            failure = interrupted() => {
                farewell::all_said(work).await;
                Err(failure)
            }
        }
    })
}

/// Like [`block_on`], for commands that handle signals themselves, such as a remote command that receives them.
pub fn block_on_without_signals<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context(Kind::Internal, || "starting the runtime".to_owned())?;
    let result = runtime.block_on(work);
    // A blocking read of standard input may never return; the process need not wait for it.
    runtime.shutdown_background();
    result
}

fn stopped_by(number: i32) -> Failure {
    nova_core::signal::note(number);
    Failure::new(Kind::Signal(number), "interrupted")
}

/// Waits for INT, TERM or HUP and answers the failure that ends the command by it. Without signal handling it waits for ever
/// and the default action stays in force.
pub async fn interrupted() -> Failure {
    // One that came before is not told again.
    if let Some(number) = nova_core::signal::caught() {
        return stopped_by(number);
    }
    match listen().await {
        Ok(number) => stopped_by(number),
        Err(error) => {
            tracing::debug!(%error, "cannot watch signals");
            std::future::pending().await
        }
    }
}

async fn listen() -> io::Result<i32> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
        _ = hangup.recv() => SignalKind::hangup().as_raw_value(),
    })
}

/// Works on all items, eight at a time; results come in the order of the items.
pub async fn each<T, R>(items: &[T], work: impl AsyncFn(&T) -> R) -> Vec<R> {
    each_bounded(items, DEFAULT_PARALLEL, work).await
}

/// Works on all items with at most `parallel` in flight; results come in the order of the items.
pub async fn each_bounded<T, R>(
    items: &[T],
    parallel: usize,
    work: impl AsyncFn(&T) -> R,
) -> Vec<R> {
    futures_util::stream::iter(items)
        .map(|item| work(item))
        .buffered(parallel.max(1))
        .collect()
        .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    #[test]
    fn work_is_bounded_and_results_keep_their_order() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let items: Vec<u64> = (0..20).collect();
        let results = block_on(async {
            Ok(each(&items, async |item| {
                now.set(now.get() + 1);
                most.set(most.get().max(now.get()));
                tokio::time::sleep(Duration::from_millis(20 - item)).await;
                now.set(now.get() - 1);
                item * 2
            })
            .await)
        });
        assert_eq!(
            results.unwrap(),
            (0..20).map(|item| item * 2).collect::<Vec<u64>>()
        );
        assert_eq!(most.get(), 8);
    }
}
