//! `nova-image`: boot images: build the tiny one, import others, look at them, delete them.

mod cmd;
mod digest;
mod fetch;
mod place;
mod publish;
mod sniff;
pub mod tiny;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::block_on;

/// Manage boot images
#[derive(Debug, clap::Parser)]
#[command(name = "nova-image", version)]
enum ImageTool {
    Build(cmd::build::BuildArgs),
    Import(cmd::import::ImportArgs),
    #[command(visible_alias = "ls")]
    List(cmd::list::ListImagesArgs),
    Get(cmd::get::GetArgs),
    #[command(visible_alias = "rm")]
    Delete(cmd::delete::DeleteArgs),
}

impl Tool for ImageTool {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "image", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Build(args) => cx.emit(&cmd::build::run(cx, &args)?),
            Self::Import(args) => cx.emit(&block_on(cmd::import::run(cx, &args))?),
            Self::List(args) => cx.emit_listing(block_on(cmd::list::run(cx, &args))?),
            Self::Get(args) => cx.emit_listing(block_on(cmd::get::run(cx, &args))?),
            Self::Delete(args) => cx.emit(&block_on(cmd::delete::run(cx, &args))?),
        }
    }
}

nova_core::entry_points!(ImageTool);
