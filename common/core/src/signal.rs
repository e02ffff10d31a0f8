//! Signals: noticed, cleaned up after, and re-raised so that the shell sees a signal death.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static CAUGHT: AtomicI32 = AtomicI32::new(0);
static WATCHED: AtomicBool = AtomicBool::new(false);
static HELD: AtomicBool = AtomicBool::new(false);
static CLEANUP: OnceLock<fn()> = OnceLock::new();

/// From now on INT, TERM and HUP are noted instead of ending the process at once; a second one
/// ends it. Commands that have something to clean up call this and look at [`caught`].
pub fn watch() {
    WATCHED.store(true, Ordering::SeqCst);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let armed = Arc::new(AtomicUsize::new(0));
        let second = Arc::clone(&armed);
        let note = move || {
            if second.fetch_add(1, Ordering::SeqCst) > 0 {
                clean_up();
                drop(signal_hook::low_level::emulate_default_handler(signal));
            }
            CAUGHT.store(signal, Ordering::SeqCst);
        };
        register(signal, note);
    }
}

/// Runs `cleanup` in the signal handler when INT, TERM or HUP ends the process at once: it may only
/// do what is safe there. Where [`watch`] notes signals, the work itself cleans up.
pub(crate) fn before_death(cleanup: fn()) {
    if CLEANUP.set(cleanup).is_err() {
        return;
    }
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        register(signal, move || {
            if !WATCHED.load(Ordering::SeqCst) && !HELD.load(Ordering::SeqCst) {
                clean_up();
                drop(signal_hook::low_level::emulate_default_handler(signal));
            }
        });
    }
}

fn clean_up() {
    if let Some(cleanup) = CLEANUP.get() {
        cleanup();
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

/// Takes INT for nothing from now on, unless the work watches signals itself: while a pager has the
/// terminal, the keys are its own.
pub(crate) fn hold_interrupts() {
    if !HELD.swap(true, Ordering::SeqCst) {
        register(SIGINT, || {});
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
