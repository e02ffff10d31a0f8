//! `nova vm wait`: wait until virtual machines are as wanted.

use std::time::Duration;

use nova_api::client::WaitFor;
use nova_core::{Change, Cx, Outcomes, Result};

use crate::session::Session;
use crate::targets::TargetArgs;
use crate::verb::on_each;

/// `kubectl wait` waits as long.
const LIMIT: Duration = Duration::from_secs(30);

/// Wait until VMs meet a condition
///
/// Conditions are create, delete, running, stopped, paused, ready, agent, ip, phase=P,
/// condition=C[=V] and jsonpath=E[=V]. Several --for must all hold, or any with --any.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm wait web-1 --for=ready\n\
\x20 nova vm wait 'web-*' --for=phase=Stopped --timeout 2m\n\
\x20 nova vm wait web-1 --for=ready --or-fail=phase=Failed")]
pub(crate) struct WaitVmArgs {
    #[command(flatten)]
    targets: TargetArgs,

    /// Condition to wait for; repeatable
    #[arg(long = "for", value_name = "COND", required = true)]
    conditions: Vec<WaitFor>,

    /// One of the conditions is enough
    #[arg(long)]
    any: bool,

    /// Fail at once when this holds; repeatable
    #[arg(long, value_name = "COND")]
    or_fail: Vec<WaitFor>,
}

pub(crate) async fn run(cx: &Cx, args: &WaitVmArgs) -> Result<Outcomes> {
    let session = Session::open(cx).await?;
    let found = args.targets.resolve(&session).await?;
    let limit = cx.timeout_or(LIMIT);
    let until = joined(&args.conditions, args.any);
    let or_fail = (!args.or_fail.is_empty()).then(|| joined(&args.or_fail, true));
    let outcomes = on_each(&found, args.targets.max_parallel, async |name| {
        let ended = session
            .vms
            .wait(name.as_str(), &until, or_fail.as_ref(), limit)
            .await;
        session.known(name, ended).await?;
        Ok(Change::done("condition met"))
    });
    Ok(Outcomes::new(outcomes.await))
}

/// One condition stands for itself.
fn joined(conditions: &[WaitFor], any: bool) -> WaitFor {
    match conditions {
        [one] => one.clone(),
        many if any => WaitFor::Any(many.to_vec()),
        many => WaitFor::All(many.to_vec()),
    }
}
