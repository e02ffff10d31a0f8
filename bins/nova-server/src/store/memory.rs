//! The committed state, with the database behind it for what memory no longer holds.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Key;
use super::history::{History, Past};
use super::log::Expired;
use super::state::State;

#[derive(Debug)]
pub(super) struct Memory {
    state: RwLock<State>,
    history: History,
}

impl Memory {
    pub(super) fn new(state: State, history: History) -> Self {
        Self {
            state: RwLock::new(state),
            history,
        }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state together with what changed after `position` and only the database knows, of these kinds.
    pub(super) fn with_past<T>(
        &self,
        kinds: &[&'static str],
        position: u64,
        look: impl FnOnce(&State, BTreeMap<Key, Past>) -> T,
    ) -> Result<T, Expired> {
        let (mut past, mut from) = (BTreeMap::new(), position);
        loop {
            let state = self.read();
            state.log.check(position)?;
            // Memory may have let go of more while the database was read.
            let remembered = state.log.remembered_after();
            if from >= remembered {
                return Ok(look(&state, past));
            }
            drop(state);
            self.history
                .add(kinds, from..=remembered, &mut past)
                .map_err(|error| {
                    tracing::warn!(%error, "the change log cannot be read");
                    Expired {
                        asked: position,
                        oldest: remembered,
                    }
                })?;
            from = remembered;
        }
    }
}
