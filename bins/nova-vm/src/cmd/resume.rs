//! `nova vm resume`: let paused VMs go on.

use nova_core::{Cx, Outcomes, Result};

use crate::targets::TargetArgs;
use crate::verb::{self, Words};
use crate::wait::WaitArgs;

/// Let paused VMs go on
///
/// A VM that already runs is left alone and counts as a success.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm resume web-1")]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    targets: TargetArgs,

    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn run(cx: &Cx, args: &ResumeArgs) -> Result<Outcomes> {
    let words = Words {
        verb: "resume",
        done: "resumed",
        doing: "resuming",
    };
    verb::run(
        cx,
        words,
        (&args.targets, &args.wait),
        async |session, name, write| session.vms.resume(name, write).await,
    )
    .await
}
