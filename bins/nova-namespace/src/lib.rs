//! `nova-namespace`: list, inspect, create and delete namespaces.

mod cmd;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::block_on;

/// Manage namespaces
#[derive(Debug, clap::Parser)]
#[command(name = "nova-namespace", version)]
enum Namespace {
    #[command(visible_alias = "ls")]
    List(cmd::list::ListNamespacesArgs),
    Get(cmd::get::GetArgs),
    Create(cmd::create::CreateArgs),
    #[command(visible_alias = "rm")]
    Delete(cmd::delete::DeleteArgs),
}

impl Tool for Namespace {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "namespace", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::List(args) => cx.emit_listing(block_on(cmd::list::run(cx, &args))?),
            Self::Get(args) => cx.emit_listing(block_on(cmd::get::run(cx, &args))?),
            Self::Create(args) => cx.emit(&block_on(cmd::create::run(cx, &args))?),
            Self::Delete(args) => {
                let names = cmd::delete::confirmed(cx, &args)?;
                cx.emit(&block_on(cmd::delete::run(cx, &args, &names))?)
            }
        }
    }
}

nova_core::entry_points!(Namespace);
