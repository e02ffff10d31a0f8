//! `nova-server`: runs virtual machines and serves the NovaCron API.

mod engine;

/// Runs the tool on the process arguments.
#[must_use]
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
