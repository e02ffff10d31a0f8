//! Last words: what a tool still does after it was interrupted, before it ends.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::runtime::interrupted;

/// Everything that is still to be said takes no longer than this together.
const LIMIT: Duration = Duration::from_secs(3);

static SPEAKERS: AtomicUsize = AtomicUsize::new(0);
static LAST_LEFT: Notify = Notify::const_new();

/// Counts as somebody who has something to say when the tool is interrupted.
struct Speaker;

impl Speaker {
    fn new() -> Self {
        SPEAKERS.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        if SPEAKERS.fetch_sub(1, Ordering::SeqCst) == 1 {
            LAST_LEFT.notify_waiters();
        }
    }
}

/// Does `work`. When the tool is interrupted meanwhile, does `farewell` instead, such as asking the server to stop what was
/// asked of it, and never returns: [`block_on`](crate::block_on) ends the tool when all farewells are over, at the latest
/// after three seconds.
pub async fn with_farewell<T>(work: impl Future<Output = T>, farewell: impl AsyncFnOnce()) -> T {
    let speaker = Speaker::new();
    tokio::select! {
        result = work => return result,
        _ = interrupted() => {}
    }
    farewell().await;
    drop(speaker);
    std::future::pending().await
}

/// Lets `work` go on, which holds the farewells, until the last of them is over.
pub(crate) async fn all_said<T>(work: impl Future<Output = T>) {
    let silence = async {
        loop {
            let last_left = LAST_LEFT.notified();
            if SPEAKERS.load(Ordering::SeqCst) == 0 {
                return;
            }
            last_left.await;
        }
    };
    tokio::select! {
        _ = work => {}
        () = silence => {}
        () = tokio::time::sleep(LIMIT) => {}
    }
}
