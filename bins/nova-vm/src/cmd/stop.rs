//! `nova vm stop`: power off virtual machines.

use std::time::Duration;

use nova_api::client::StopOptions;
use nova_core::{Cx, Outcomes, Result};

use crate::flags::parse_duration;
use crate::targets::TargetArgs;
use crate::verb::{self, Words};
use crate::wait::WaitArgs;

/// Stop VMs
///
/// The guest is asked to shut down, first through its agent, then by the power button. After the
/// grace period it is ended. The line that is printed says which of these worked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm stop web-1\n\
\x20 nova vm list -o name | nova vm stop -\n\
\x20 nova vm stop web-1 --grace 5s")]
pub(crate) struct StopArgs {
    #[command(flatten)]
    targets: TargetArgs,

    #[command(flatten)]
    how: StopHow,

    #[command(flatten)]
    wait: WaitArgs,
}

/// How hard to stop.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct StopHow {
    /// Time for the guest to shut down, as 30s; 0 is --force
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    grace: Option<Duration>,

    /// End the VM at once, like pulling the plug
    #[arg(long, conflicts_with = "no_escalate")]
    force: bool,

    /// Never end a guest that does not shut down by itself
    #[arg(long)]
    no_escalate: bool,
}

impl StopHow {
    /// What is asked of the server.
    pub(crate) fn options(&self) -> StopOptions {
        StopOptions {
            grace_period_seconds: self.grace_seconds(),
            force: self.forced(),
            escalate: self.no_escalate.then_some(false),
        }
    }

    /// Whether no grace is given at all.
    pub(crate) fn forced(&self) -> bool {
        self.force || self.grace == Some(Duration::ZERO)
    }

    /// The grace period in whole seconds, if one was named. A part of a second rounds up: asking
    /// for any grace is not asking for none.
    pub(crate) fn grace_seconds(&self) -> Option<u64> {
        self.grace
            .map(|grace| grace.as_secs() + u64::from(grace.subsec_nanos() > 0))
    }
}

pub(crate) async fn run(cx: &Cx, args: &StopArgs) -> Result<Outcomes> {
    let words = Words {
        verb: "stop",
        done: "stopped",
        doing: "stopping",
    };
    let options = args.how.options();
    verb::run(
        cx,
        words,
        (&args.targets, &args.wait),
        async |session, name, write| session.vms.stop(name, &options, write).await,
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_of_nothing_is_force_and_parts_of_seconds_round_up() {
        let how = |millis| StopHow {
            grace: Some(Duration::from_millis(millis)),
            ..StopHow::default()
        };
        assert!(how(0).options().force);
        assert!(!how(1500).options().force);
        assert_eq!(how(1500).options().grace_period_seconds, Some(2));
        let gentle = StopHow {
            no_escalate: true,
            ..StopHow::default()
        };
        assert_eq!(gentle.options().escalate, Some(false));
    }
}
