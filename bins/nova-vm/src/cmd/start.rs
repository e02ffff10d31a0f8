//! `nova vm start`: power on virtual machines.

use nova_core::{Cx, Outcomes, Result};

use crate::targets::TargetArgs;
use crate::verb::{self, Words};
use crate::wait::WaitArgs;

/// Start VMs
///
/// A VM that already runs is left alone and counts as a success; a paused one goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm start web-1\n\
\x20 nova vm start 'web-*' --wait=agent")]
pub(crate) struct StartArgs {
    #[command(flatten)]
    targets: TargetArgs,

    /// Leave the guest frozen until it is resumed
    #[arg(long)]
    paused: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn run(cx: &Cx, args: &StartArgs) -> Result<Outcomes> {
    let done = if args.paused {
        "started, paused"
    } else {
        "started"
    };
    let words = Words {
        verb: "start",
        done,
        doing: "starting",
    };
    verb::run(
        cx,
        words,
        (&args.targets, &args.wait),
        async |session, name, write| session.vms.start(name, args.paused, write).await,
    )
    .await
}
