//! `nova vm pause`: freeze VMs.

use nova_core::{Cx, Outcomes, Result};

use crate::targets::TargetArgs;
use crate::verb::{self, Words};
use crate::wait::WaitArgs;

/// Freeze VMs
///
/// The guest keeps its memory and executes nothing until it is resumed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm pause web-1")]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    targets: TargetArgs,

    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn run(cx: &Cx, args: &PauseArgs) -> Result<Outcomes> {
    let words = Words {
        verb: "pause",
        done: "paused",
        doing: "pausing",
    };
    verb::run(
        cx,
        words,
        (&args.targets, &args.wait),
        async |session, name, write| session.vms.pause(name, write).await,
    )
    .await
}
