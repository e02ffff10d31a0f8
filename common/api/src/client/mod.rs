//! The client: finds or starts a server, and speaks of objects instead of bytes.
//!
//! ```text
//! Api ── Resources<T> ── get, list (paged), create, patch, delete
//!            │           watch (resumes), wait, listing (for the renderer)
//!            └─ of VirtualMachine: start … resume, exec, logs, stats
//!               of Image: upload       of Operation: follow, cancel
//! ```

mod access;
mod actions;
mod api;
mod connect;
mod error;
mod exec;
mod feeder;
mod handshake;
mod head;
mod images;
mod kinds;
mod listing;
mod local;
pub mod manifest;
mod message;
mod mux;
mod operations;
mod pages;
mod records;
mod resources;
mod several;
mod spawn;
mod wait;
mod watch;

pub use actions::{Action, LogOptions, RestartOptions, StopOptions};
pub use api::{Api, ServerOrigin};
pub use error::{ApiError, Refused};
pub use exec::{ExecEvent, ExecReader, ExecSession, ExecWriter};
pub use kinds::ServedKind;
pub use listing::ListingOptions;
pub use mux::{MultiEvent, MultiWatch, Subscription};
pub use pages::Pages;
pub use resources::{
    Decoded, DeleteOptions, Deleted, ListOptions, Resources, WriteOptions, Written,
};
pub use several::Part;
pub use wait::{ConditionError, WaitFor};
pub use watch::Watcher;
