//! `nova vm delete`: remove virtual machines.

use std::time::Duration;

use nova_api::VmName;
use nova_api::client::{DeleteOptions, Deleted, WaitFor};
use nova_core::args::DryRun;
use nova_core::{Change, Confirm, Cx, Outcomes, Result};

use crate::cmd::stop::StopHow;
use crate::session::Session;
use crate::targets::TargetArgs;
use crate::verb::on_each;
use crate::wait::WaitArgs;

/// Delete VMs
///
/// A running VM is shut down within its grace period first; --force skips that. Its disks go with
/// it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm delete web-1\n\
\x20 nova vm delete 'web-*' --force --yes")]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    targets: TargetArgs,

    #[command(flatten)]
    how: StopHow,

    /// A VM that is not there counts as deleted
    #[arg(long)]
    ignore_not_found: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn run(cx: &Cx, args: &DeleteArgs) -> Result<Outcomes> {
    let session = Session::open(cx).await?;
    let found = args.targets.resolve(&session).await?;
    if args.wait.dry_run() == DryRun::None {
        cx.confirm(&Confirm {
            verb: "delete",
            targets: &found.shown(),
            place: format!("in namespace {}", session.namespace()),
            bulk: found.bulk || args.how.forced(),
        })?;
    }
    let options = options(args);
    let limit = WaitArgs::limit(cx);
    let outcomes = on_each(&found, args.targets.max_parallel, async |name| {
        if args.wait.dry_run() == DryRun::Client {
            session.get(name).await?;
            return Ok(Change::WouldDo("deleted".to_owned(), "client"));
        }
        let deleted = match session.vms.delete(name.as_str(), &options).await {
            Err(error) if error.is_not_found() && args.ignore_not_found => {
                return Ok(Change::Unchanged);
            }
            other => session.known(name, other).await?,
        };
        match deleted {
            _ if options.dry_run => Ok(Change::WouldDo("deleted".to_owned(), "server")),
            Deleted::Finalizing(_) if !args.wait.waits() => Ok(Change::done("is being deleted")),
            Deleted::Finalizing(written) => {
                gone(&session, name, (written.operation.as_deref(), limit)).await
            }
            Deleted::Gone => Ok(Change::done("deleted")),
        }
    });
    Ok(Outcomes::new(outcomes.await))
}

/// Waits until the VM is gone. Its operation only shows how far it is: what counts is the object.
async fn gone(
    session: &Session<'_>,
    name: &VmName,
    (operation, limit): (Option<&str>, Duration),
) -> Result<Change> {
    if let Some(operation) = operation {
        session
            .follow(operation, &format!("deleting vm/{name}"), limit)
            .await?;
    }
    session.until(name, &WaitFor::Delete, limit).await?;
    Ok(Change::done("deleted"))
}

fn options(args: &DeleteArgs) -> DeleteOptions {
    let grace = if args.how.forced() {
        Some(0)
    } else {
        args.how.grace_seconds()
    };
    let dry_run = args.wait.dry_run() == DryRun::Server;
    DeleteOptions {
        grace,
        dry_run,
        ..DeleteOptions::default()
    }
}
