//! `nova operation wait`: until operations have ended.

use std::time::Duration;

use nova_api::Api;
use nova_core::{Change, Cx, Outcomes, Result};
use nova_http::each;

use super::{operations, outcome};

/// The server gives an operation up after at most an hour.
const PATIENCE: Duration = Duration::from_hours(1);

/// Wait until operations have ended, and fail as they do
///
/// The exit code is the one that the verb itself would have had.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova operation wait 019d2f3a-7c10-7e52-9b1f-0a3c5d7e9f11\n\
\x20 nova operation list -o name | nova operation wait -")]
pub(crate) struct WaitArgs {
    /// Operations to wait for; `-` reads names from standard input
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

pub(crate) async fn run(cx: &Cx, args: &WaitArgs) -> Result<Outcomes> {
    let names = operations(&args.names)?;
    let api = Api::connect(cx).await?;
    let deadline = cx.timeout_or(PATIENCE);
    let progress = cx.progress(&format!("waiting for {} operations", names.len()));
    let items = each(&names, async |name| {
        let resources = api.operations();
        let result = match resources
            .follow(name.as_str(), Some(&progress), deadline)
            .await
        {
            Ok(_) => Ok(Change::done("succeeded")),
            Err(error) => Err(error.into()),
        };
        outcome(name, result)
    });
    Ok(Outcomes::new(items.await))
}
