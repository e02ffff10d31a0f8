//! Black-box tests: every one runs executables, none links a library of the workspace.

mod support;

mod chaos;
mod config;
mod dispatch;
mod faults;
mod help;
mod layering;
mod server;
mod vm_qemu;
mod vm_sim;
