//! The state of the server: every object, and one log of every change.
//!
//! ```text
//!  handlers, controllers ── write(closure) ──▶ queue ──▶ writer thread
//!        ▲                                                │ runs closures against the newest state
//!        │ get, list, watch                               │ one SQLite transaction per batch
//!        │                                                ▼
//!      State (objects + change log in memory) ◀── published after the commit
//! ```
//!
//! Objects are kept encoded, so ten thousand of them cost their bytes and little more. A change is
//! visible to readers only when it is committed, and acknowledged only then. The log holds the state
//! before and after each change, which serves watches, lists at an older revision and continue
//! tokens alike.

mod checkpoint;
mod db;
mod encode;
mod error;
mod field;
mod handle;
mod history;
mod key;
mod load;
mod log;
mod memory;
mod object;
mod queue;
mod reply;
mod sparse;
mod stamp;
mod state;
mod sync;
mod tx;
mod watch;
mod writer;

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;

pub(crate) use error::StoreError;
pub(crate) use handle::{Durability, Store};
pub(crate) use key::Key;
pub(crate) use log::{Change, ChangeKind, Expired};
pub(crate) use object::{Cells, Object};
pub(crate) use reply::Reply;
pub(crate) use sparse::Picked;
pub(crate) use tx::{Tx, format_time};
pub(crate) use watch::Watch;
