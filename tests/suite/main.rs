//! Black-box tests: every one runs executables, none links a library of the workspace.

mod support;

mod config;
mod help;
mod layering;
