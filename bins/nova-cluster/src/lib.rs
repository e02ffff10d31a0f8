//! `nova-cluster`: what the cluster is and how it does.

mod cmd;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::block_on;

/// Show the state of the cluster
#[derive(Debug, clap::Parser)]
#[command(name = "nova-cluster", version)]
enum Cluster {
    Info(cmd::info::InfoArgs),
    Status(cmd::status::StatusArgs),
    Health(cmd::health::HealthArgs),
}

impl Tool for Cluster {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "cluster", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Info(args) => cx.emit(&block_on(cmd::info::run(cx, &args))?),
            Self::Status(args) => cx.emit(&block_on(cmd::status::run(cx, &args))?),
            Self::Health(args) => cx.emit(&block_on(cmd::health::run(cx, &args))?),
        }
    }
}

nova_core::entry_points!(Cluster);
