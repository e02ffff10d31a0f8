//! Finds and executes the tools of a command family: `nova vm list` becomes `nova-vm list`.
//!
//! One executable stands under several names; the name it is called by selects the [`Family`].
//! Every decision is made on plain values: an [`Input`] (arguments, variables, own path) and
//! the [`Files`] trait give an [`Answer`] or a [`Problem`], so each rule is a unit test without
//! processes. [`run`] puts the real process around it, and [`extension`] is the same lookup
//! for tools that meet a verb they do not know.
//!
//! ```text
//! argv -> options -> words -> corrections -> own words -> first-party tools
//!                      ^                                      | not reserved
//!                      |                                      v
//!                      +------ alias <------ store, PATH (longest match) -> execve
//! ```
//!
//! Deliberately absent: subprocesses (the dispatcher becomes the tool), running a program to
//! learn about it, hooks around extensions, and Windows.

#![warn(missing_docs)]

mod alias;
mod answer;
mod complete;
mod config;
mod correct;
mod exec;
mod expand;
mod extension;
mod families;
mod family;
mod files;
mod help;
mod input;
mod json;
mod launch;
mod listing;
mod lookup;
mod manifest;
mod options;
mod places;
mod problem;
mod report;
mod show;
mod start;
mod suggest;
#[cfg(test)]
mod testing;
mod text;
mod topics;
mod version;
mod words;

pub use answer::{Answer, Dispatcher};
pub use exec::run;
pub use extension::{exec_extension, extension};
pub use family::{Correction, Family, Tool, Voice};
pub use files::{Disk, Files, Probe};
pub use input::{Input, Vars};
pub use launch::Launch;
pub use manifest::text_of as manifest_text;
pub use problem::Problem;
pub use topics::topics;
