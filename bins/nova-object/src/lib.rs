//! `nova-object`: objects of any kind. `nova get vm` is `nova-object get vm`.

mod cmd;
mod codes;
mod diff;
mod input;
mod kinds;
mod schema;
mod target;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::block_on;

/// Get, apply and delete objects of any kind
#[derive(Debug, clap::Parser)]
#[command(name = "nova-object", version)]
enum Object {
    Get(cmd::get::GetArgs),
    Apply(cmd::apply::ApplyArgs),
    Diff(cmd::diff::DiffArgs),
    Delete(cmd::delete::DeleteArgs),
    Explain(cmd::explain::ExplainArgs),
    ApiResources(cmd::api_resources::ApiResourcesArgs),
    ApiVersions(cmd::api_versions::ApiVersionsArgs),
}

impl Tool for Object {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "object", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Get(args) => block_on(cmd::get::run(cx, &args))?.emit(cx),
            Self::Apply(args) => cmd::apply::run(cx, &args)?.emit(cx),
            Self::Diff(args) => cmd::diff::run(cx, &args),
            Self::Delete(args) => cx.emit(&cmd::delete::run(cx, &args)?),
            Self::Explain(args) => cmd::explain::run(cx, &args),
            Self::ApiResources(args) => {
                cx.emit_listing(block_on(cmd::api_resources::run(cx, &args))?)
            }
            Self::ApiVersions(args) => {
                cx.emit_listing(block_on(cmd::api_versions::run(cx, &args))?)
            }
        }
    }
}

nova_core::entry_points!(Object);
