//! Target frameworks: their names, which goes with which, and which of several is nearest.
//!
//! ```text
//! parse ──┬─ folder     net8.0-windows7.0, portable-net45+win8
//!         ├─ moniker    .NETCoreApp,Version=v8.0 and Windows,Version=7.0
//!         └─ portable   Profile259 is net45, win8, wp8, wpa81
//! names ──── how each is written again
//!
//! tables ─── what stands for what, and who takes what: facts
//! reach ──── what follows from the tables, step after step
//! compat ─── whether a project takes what is made for a framework
//! reduce ─── the highest and the lowest of several
//! nearest ── the one that a project takes
//!
//! rid ────── the same question for runtime identifiers, by a graph
//! ```
//!
//! The rules are those of NuGet 6.13 and later. What NuGet leaves to the culture of the machine
//! (the order of two names that no rule decides between) goes by the code points here.

mod compat;
mod error;
mod folder;
mod identifier;
mod model;
mod moniker;
mod names;
mod nearest;
mod nearest_portable;
mod numbers;
mod order;
mod parse;
mod portable;
mod reach;
mod reduce;
mod rid;
mod tables;

pub use error::FrameworkError;
pub use identifier::Identifier;
pub use model::Framework;
pub use nearest::{Nearest, nearest, nearest_or_fallback, nearest_with_imports};
pub use numbers::Numbers;
pub use reduce::{reduce_down, reduce_equivalent, reduce_up};
pub use rid::{RuntimeGraph, RuntimeGraphError};
