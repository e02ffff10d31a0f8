//! `nova-operation`: follow and cancel work that goes on after an answer.

mod cmd;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::block_on;

/// Follow and cancel long-running operations
#[derive(Debug, clap::Parser)]
#[command(name = "nova-operation", version)]
enum Operation {
    #[command(visible_alias = "ls")]
    List(cmd::list::ListOperationsArgs),
    Get(cmd::get::GetArgs),
    Wait(cmd::wait::WaitArgs),
    Cancel(cmd::cancel::CancelArgs),
}

impl Tool for Operation {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "operation", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::List(args) => cx.emit_listing(block_on(cmd::list::run(cx, &args))?),
            Self::Get(args) => cx.emit_listing(block_on(cmd::get::run(cx, &args))?),
            Self::Wait(args) => cx.emit(&block_on(cmd::wait::run(cx, &args))?),
            Self::Cancel(args) => cx.emit(&block_on(cmd::cancel::run(cx, &args))?),
        }
    }
}

nova_core::entry_points!(Operation);
