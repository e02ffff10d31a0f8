//! `nova-server`: runs virtual machines and serves the NovaCron API.

mod api;
mod app;
mod auth;
mod control;
mod engine;
mod store;

/// Runs the tool on the process arguments.
#[must_use]
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
