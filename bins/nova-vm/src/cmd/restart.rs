//! `nova vm restart`: reboot virtual machines.

use nova_api::client::RestartOptions;
use nova_core::{Cx, Outcomes, Result};

use crate::cmd::stop::StopHow;
use crate::targets::TargetArgs;
use crate::verb::{self, Words};
use crate::wait::WaitArgs;

/// Restart VMs
///
/// The guest reboots by itself (--soft), is reset (--hard), or is stopped and started again
/// (--cold), which also applies pending changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm restart web-1\n\
\x20 nova vm restart web-1 --cold --grace 10s")]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    targets: TargetArgs,

    /// Let the guest reboot by itself; this is the default
    #[arg(long, group = "mode")]
    soft: bool,

    /// Reset the machine
    #[arg(long, group = "mode")]
    hard: bool,

    /// Stop it, then start it
    #[arg(long, group = "mode")]
    cold: bool,

    /// With --cold: how hard to stop
    #[command(flatten)]
    how: StopHow,

    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn run(cx: &Cx, args: &RestartArgs) -> Result<Outcomes> {
    let mode = match (args.hard, args.cold) {
        (true, _) => "hard",
        (_, true) => "cold",
        _ => "soft",
    };
    let options = RestartOptions {
        mode: Some(mode),
        grace_period_seconds: args.how.grace_seconds(),
        force: args.how.forced(),
    };
    let words = Words {
        verb: "restart",
        done: "restarted",
        doing: "restarting",
    };
    verb::run(
        cx,
        words,
        (&args.targets, &args.wait),
        async |session, name, write| session.vms.restart(name, &options, write).await,
    )
    .await
}
