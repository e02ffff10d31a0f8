//! Signals: noticed, cleaned up after, and re-raised so that the shell sees a signal death.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static CAUGHT: AtomicI32 = AtomicI32::new(0);

/// From now on INT, TERM and HUP are noted instead of ending the process at once; a second one
/// ends it. Commands that have something to clean up call this and look at [`caught`].
pub fn watch() {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let armed = Arc::new(AtomicUsize::new(0));
        let second = Arc::clone(&armed);
        let note = move || {
            if second.fetch_add(1, Ordering::SeqCst) > 0 {
                drop(signal_hook::low_level::emulate_default_handler(signal));
            }
            CAUGHT.store(signal, Ordering::SeqCst);
        };
        register(signal, note);
    }
}

#[expect(unsafe_code, reason = "signal-hook's registration is unsafe by nature")]
fn register(signal: i32, note: impl Fn() + Send + Sync + 'static) {
    // SAFETY: the handler only touches atomics and calls an async-signal-safe function.
    let registered = unsafe { signal_hook::low_level::register(signal, note) };
    if let Err(error) = registered {
        tracing::debug!(%error, signal, "cannot watch a signal");
    }
}

/// Notes a signal that something else caught, so that the process ends by it after cleanup.
pub fn note(signal: i32) {
    CAUGHT.store(signal, Ordering::SeqCst);
}

/// The signal that was noted, if any.
#[must_use]
pub fn caught() -> Option<i32> {
    match CAUGHT.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(signal),
    }
}

/// Ends the process by the noted signal, if there is one.
pub(crate) fn reraise_if_caught() {
    if let Some(signal) = caught() {
        die_of(signal);
    }
}

/// Ends the process by `signal`, as if it had never been caught.
pub(crate) fn die_of(signal: i32) {
    if let Err(error) = signal_hook::low_level::emulate_default_handler(signal) {
        tracing::debug!(%error, signal, "cannot end by the signal");
    }
}
