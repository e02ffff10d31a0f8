//! `nova-node`: the machines that run virtual machines.

mod cmd;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::block_on;

/// Look at the nodes that run virtual machines
#[derive(Debug, clap::Parser)]
#[command(name = "nova-node", version)]
enum Node {
    #[command(visible_alias = "ls")]
    List(cmd::list::ListNodesArgs),
    Get(cmd::get::GetArgs),
}

impl Tool for Node {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "node", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::List(args) => cx.emit_listing(block_on(cmd::list::run(cx, &args))?),
            Self::Get(args) => cx.emit_listing(block_on(cmd::get::run(cx, &args))?),
        }
    }
}

nova_core::entry_points!(Node);
