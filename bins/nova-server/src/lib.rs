//! `nova-server`: runs virtual machines and serves the NovaCron API.

mod api;
mod app;
mod auth;
mod cmd;
mod control;
mod engine;
#[doc(hidden)]
pub mod fuzzing;
mod pack;
mod store;
mod supervise;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};

/// Run and look after the local server
#[derive(Debug, clap::Parser)]
#[command(name = "nova-server", version)]
enum Server {
    Run(cmd::run::RunArgs),
    Status(cmd::status::StatusArgs),
    Stop(cmd::stop::StopArgs),
    Logs(cmd::logs::LogsArgs),
    Request(cmd::request::RequestArgs),
}

impl Tool for Server {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "server", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Run(args) => cmd::run::run(cx, args),
            Self::Status(args) => cx.emit(&cmd::status::run(cx, &args)?),
            Self::Stop(args) => cx.emit(&cmd::stop::run(cx, &args)?),
            Self::Logs(args) => cmd::logs::run(cx, &args),
            Self::Request(args) => nova_http::block_on(cmd::request::run(cx, &args)),
        }
    }
}

nova_core::entry_points!(Server);
