//! Black-box tests: every one runs executables, none links a library of the workspace.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, says what it skipped, and may not link our libraries"
)]

mod support;

mod access;
mod chaos;
mod completion;
mod config;
mod dispatch;
mod faults;
mod help;
mod interrupt;
mod kubeconfig;
mod kubectl;
mod kubectl_session;
mod layering;
mod object;
mod output;
mod parity;
mod progress;
mod readme;
mod screen;
mod server;
mod tools;
mod vm_qemu;
mod vm_sim;
mod watch;
mod writers;
