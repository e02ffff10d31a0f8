//! `nova namespace delete`: namespaces and everything in them.

use std::time::Duration;

use nova_api::client::{DeleteOptions, Deleted, WaitFor};
use nova_api::{Api, Namespace, NamespaceName, Resource};
use nova_core::args::{DryRun, DryRunArgs, names_with_stdin};
use nova_core::{Change, Confirm, Cx, Outcome, Outcomes, Result};
use nova_http::each;

/// Machines in it are stopped first, which takes as long as their guests take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Delete namespaces with everything in them
///
/// The virtual machines of a namespace are stopped and deleted with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova namespace delete team-a\n\
\x20 nova namespace list -l owner=ana -o name | nova namespace delete - --yes")]
pub(crate) struct DeleteArgs {
    /// Namespaces to delete; `-` reads names from standard input
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    /// Count a namespace that does not exist as deleted
    #[arg(long)]
    ignore_not_found: bool,

    /// Return as soon as the server has taken the request
    #[arg(long)]
    no_wait: bool,

    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// The namespaces to delete, after the question. It is asked before the runtime starts, which would take Ctrl-C away from it.
pub(crate) fn confirmed(cx: &Cx, args: &DeleteArgs) -> Result<Vec<NamespaceName>> {
    let parse = |name: &String| Ok(name.parse()?);
    let names: Vec<NamespaceName> = names_with_stdin(&args.names)?
        .iter()
        .map(parse)
        .collect::<Result<_>>()?;
    if args.dry_run.is_meant() {
        let targets: Vec<String> = names
            .iter()
            .map(|name| format!("namespace/{name}"))
            .collect();
        let place = "with everything in it".to_owned();
        cx.confirm(&Confirm {
            verb: "delete",
            targets: &targets,
            place,
            bulk: false,
        })?;
    }
    Ok(names)
}

pub(crate) async fn run(cx: &Cx, args: &DeleteArgs, names: &[NamespaceName]) -> Result<Outcomes> {
    let api = Api::connect(cx).await?;
    let items = each(names, async |name| Outcome {
        target: format!("namespace/{name}"),
        full_name: format!("{}/{name}", Namespace::INFO.qualified_singular()),
        result: delete(cx, &api, args, name).await,
        object: None,
    });
    Ok(Outcomes::new(items.await))
}

async fn delete(cx: &Cx, api: &Api, args: &DeleteArgs, name: &NamespaceName) -> Result<Change> {
    let (namespaces, word) = (api.namespaces(), "deleted".to_owned());
    if args.dry_run.mode() == DryRun::Client {
        // Nothing is sent that changes anything, but a name that does not exist is still told.
        return match namespaces.get_value(name.as_str()).await {
            Ok(_) => Ok(Change::WouldDo(word, "client")),
            Err(error) if error.is_not_found() && args.ignore_not_found => Ok(Change::Unchanged),
            Err(error) => Err(namespaces.with_suggestions(name.as_str(), error).await),
        };
    }
    let dry_run = args.dry_run.mode() == DryRun::Server;
    let options = DeleteOptions {
        dry_run,
        ..DeleteOptions::default()
    };
    match namespaces.delete(name.as_str(), &options).await {
        Ok(_) if dry_run => Ok(Change::WouldDo(word, "server")),
        Ok(Deleted::Gone) => Ok(Change::Done(word)),
        Ok(Deleted::Finalizing(_)) if args.no_wait => Ok(Change::done("deleting")),
        Ok(Deleted::Finalizing(_)) => {
            let deadline = cx.timeout_or(PATIENCE);
            namespaces
                .wait(name.as_str(), &WaitFor::Delete, None, deadline)
                .await?;
            Ok(Change::Done(word))
        }
        Err(error) if error.is_not_found() && args.ignore_not_found => Ok(Change::Unchanged),
        Err(error) => Err(namespaces.with_suggestions(name.as_str(), error).await),
    }
}
