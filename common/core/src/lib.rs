//! The command-line kit that every tool of the toolkit shares.
//!
//! A tool parses its flags with clap into a type that implements [`Tool`], does its work through
//! libraries, and hands one typed result to [`Cx::emit`] or [`Cx::emit_listing`]. Everything a
//! user sees of all tools alike is decided here: global flags, output formats, errors with hints,
//! exit codes, configuration layers, progress, prompts, colours, signals, and how other programs
//! are run.
//!
//! This crate is synchronous and knows no network and no domain noun. It leaves out anything that
//! only one tool needs.

#![warn(missing_docs)]

pub mod args;
pub mod complete;
pub mod config;
mod cx;
pub mod editor;
pub mod env;
mod error;
pub mod exec;
mod exit;
pub mod foreign;
pub mod fs;
mod globals;
mod help;
pub mod input;
mod log;
pub mod output;
mod pager;
pub mod paths;
pub mod progress;
mod prompt;
mod report;
pub mod signal;
pub mod suggest;
pub mod term;
mod tool;
pub mod units;
mod usage;

pub use clap;
pub use cx::Cx;
pub use error::{Context, Diagnose, Failure, Result};
pub use exit::Kind;
pub use globals::{GlobalArgs, Globals, Setting};
pub use output::{Change, Column, Format, Item, Listing, Outcome, Outcomes, Render, Row, Table};
pub use prompt::{Confirm, Risk};
pub use report::{print_failure, print_plain};
pub use tool::{Tool, command_of, run_tool, run_tool_with};
