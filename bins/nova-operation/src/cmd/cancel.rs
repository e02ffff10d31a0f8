//! `nova operation cancel`: stop operations.

use nova_api::{Api, OperationName, OperationPhase};
use nova_core::{Change, Cx, Outcomes, Result};
use nova_http::each;

use super::{operations, outcome};

/// Stop operations that can be stopped
///
/// An operation that has already ended is left alone and counts as a success.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova operation cancel 019d2f3a-7c10-7e52-9b1f-0a3c5d7e9f11\n\
\x20 nova operation list --field-selector status.phase=Running -o name | nova operation cancel -")]
pub(crate) struct CancelArgs {
    /// Operations to stop; `-` reads names from standard input
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

pub(crate) async fn run(cx: &Cx, args: &CancelArgs) -> Result<Outcomes> {
    let names = operations(&args.names)?;
    let api = Api::connect(cx).await?;
    let items = each(&names, async |name| outcome(name, cancel(&api, name).await));
    Ok(Outcomes::new(items.await))
}

async fn cancel(api: &Api, name: &OperationName) -> Result<Change> {
    let operation = api.operations().cancel(name.as_str()).await?;
    Ok(match operation.phase() {
        OperationPhase::Cancelling => Change::done("cancelling"),
        OperationPhase::Cancelled => Change::done("cancelled"),
        _ => Change::Unchanged,
    })
}
