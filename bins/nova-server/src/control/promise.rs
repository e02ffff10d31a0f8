//! Memory that was promised to machines: a start is refused rather than left to the OOM killer.
//!
//! A guest takes its memory bit by bit, so the host's own number lags behind what was promised; what
//! was promised lately is therefore subtracted from it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nova_api::types::Quantity;

use super::host::Host;
use crate::engine::EngineError;

/// After this a guest has taken what it takes at its boot.
const LATELY: Duration = Duration::from_secs(20);

/// Promises of the last moments.
#[derive(Debug, Default)]
pub(super) struct Promises(Vec<(Instant, u64)>);

impl Promises {
    /// Promises `memory` out of `available`, or says what is missing.
    fn claim(&mut self, memory: u64, available: u64, now: Instant) -> Result<(), EngineError> {
        self.0.retain(|(at, _)| now.duration_since(*at) < LATELY);
        let promised: u64 = self.0.iter().map(|(_, bytes)| bytes).sum();
        let free = available.saturating_sub(promised);
        if memory > free {
            let (memory, free) = (Quantity::from_bytes(memory), Quantity::from_bytes(free));
            return Err(EngineError::Insufficient(format!(
                "the machine needs {memory} of memory and the host has {free} left"
            )));
        }
        self.0.push((now, memory));
        Ok(())
    }
}

static PROMISES: Mutex<Promises> = Mutex::new(Promises(Vec::new()));

/// Promises memory of this host.
pub(super) fn claim(memory: u64, data: &std::path::Path) -> Result<(), EngineError> {
    let host = Host::read(data);
    if host.available == 0 {
        // The host does not say; the engine will find out.
        return Ok(());
    }
    let mut promises = PROMISES.lock().unwrap_or_else(PoisonError::into_inner);
    promises.claim(memory, host.available, Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_promised_lately_is_not_promised_again() {
        let mut promises = Promises::default();
        let now = Instant::now();
        promises.claim(600, 1000, now).unwrap();
        let error = promises.claim(600, 1000, now).unwrap_err();
        assert!(error.to_string().contains("400"), "{error}");
        promises.claim(400, 1000, now).unwrap();
        promises.claim(600, 1000, now + LATELY).unwrap();
    }
}
