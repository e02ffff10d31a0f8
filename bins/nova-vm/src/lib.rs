//! `nova-vm`: create, inspect and operate virtual machines.

mod cmd;
mod draft;
mod flags;
mod session;
mod sink;
mod targets;
mod verb;
mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::{block_on, block_on_without_signals};

/// Manage virtual machines
#[derive(Debug, clap::Parser)]
#[command(name = "nova-vm", version)]
enum Vm {
    #[command(visible_alias = "ls")]
    List(cmd::list::ListVmArgs),
    Get(cmd::get::GetArgs),
    Describe(cmd::describe::DescribeArgs),
    Create(Box<cmd::create::CreateArgs>),
    Update(cmd::update::UpdateArgs),
    Edit(cmd::edit::EditArgs),
    #[command(visible_alias = "rm")]
    Delete(cmd::delete::DeleteArgs),
    Start(cmd::start::StartArgs),
    Stop(cmd::stop::StopArgs),
    Restart(cmd::restart::RestartArgs),
    Pause(cmd::pause::PauseArgs),
    Resume(cmd::resume::ResumeArgs),
    Exec(cmd::exec::ExecArgs),
    Logs(cmd::logs::LogsArgs),
    Events(cmd::events::EventsArgs),
    Stats(cmd::stats::StatsArgs),
    Wait(cmd::wait::WaitVmArgs),
}

impl Tool for Vm {
    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::List(args) => cx.emit_listing(block_on(cmd::list::run(cx, &args))?),
            Self::Get(args) => cx.emit_listing(block_on(cmd::get::run(cx, &args))?),
            Self::Describe(args) => cx.emit(&block_on(cmd::describe::run(cx, &args))?),
            Self::Create(args) => cx.emit(&block_on(cmd::create::run(cx, &args))?),
            Self::Update(args) => cx.emit(&block_on(cmd::update::run(cx, &args))?),
            Self::Edit(args) => cx.emit(&block_on_without_signals(cmd::edit::run(cx, &args))?),
            Self::Delete(args) => cx.emit(&block_on(cmd::delete::run(cx, &args))?),
            Self::Start(args) => cx.emit(&block_on(cmd::start::run(cx, &args))?),
            Self::Stop(args) => cx.emit(&block_on(cmd::stop::run(cx, &args))?),
            Self::Restart(args) => cx.emit(&block_on(cmd::restart::run(cx, &args))?),
            Self::Pause(args) => cx.emit(&block_on(cmd::pause::run(cx, &args))?),
            Self::Resume(args) => cx.emit(&block_on(cmd::resume::run(cx, &args))?),
            Self::Exec(args) => block_on_without_signals(cmd::exec::run(cx, &args)),
            Self::Logs(args) => block_on(cmd::logs::run(cx, &args)),
            Self::Events(args) => cx.emit_listing(block_on(cmd::events::run(cx, &args))?),
            Self::Stats(args) => block_on(cmd::stats::run(cx, &args)),
            Self::Wait(args) => cx.emit(&block_on(cmd::wait::run(cx, &args))?),
        }
    }

    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "vm", arguments)
    }
}

nova_core::entry_points!(Vm);
