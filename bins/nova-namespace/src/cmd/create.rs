//! `nova namespace create`: new namespaces.

use std::collections::BTreeMap;

use nova_api::client::WriteOptions;
use nova_api::{Api, Namespace, NamespaceName, Resource, check_label_key, check_label_value};
use nova_core::args::{DryRun, DryRunArgs};
use nova_core::{Change, Cx, Failure, Outcome, Outcomes, Result};
use nova_http::each;

/// Create namespaces
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova namespace create team-a\n\
\x20 nova namespace create team-a team-b --label owner=ana --dry-run=server")]
pub(crate) struct CreateArgs {
    /// Namespaces to create
    #[arg(value_name = "NAME", required = true)]
    names: Vec<NamespaceName>,

    /// Set a label; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label, value_delimiter = ',')]
    labels: Vec<(String, String)>,

    #[command(flatten)]
    dry_run: DryRunArgs,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    check_label_key(key)?;
    check_label_value(value)?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(crate) async fn run(cx: &Cx, args: &CreateArgs) -> Result<Outcomes> {
    if args.dry_run.mode() == DryRun::Client {
        let items = args
            .names
            .iter()
            .map(|name| pretended(args, name))
            .collect::<Result<_>>()?;
        return Ok(Outcomes::with_objects(items));
    }
    let api = Api::connect(cx).await?;
    let items = each(&args.names, async |name| create(cx, &api, args, name).await).await;
    Ok(Outcomes::with_objects(items))
}

fn namespace(args: &CreateArgs, name: &NamespaceName) -> Namespace {
    let mut namespace = Namespace::new(name.as_str());
    if !args.labels.is_empty() {
        namespace.metadata.labels = Some(args.labels.iter().cloned().collect::<BTreeMap<_, _>>());
    }
    namespace
}

fn pretended(args: &CreateArgs, name: &NamespaceName) -> Result<Outcome> {
    let object = serde_json::to_value(namespace(args, name))
        .map_err(|error| Failure::new(nova_core::Kind::Internal, error.to_string()))?;
    let result = Ok(Change::WouldDo("created".to_owned(), "client"));
    Ok(Outcome {
        object: Some(object),
        ..outcome(name, result)
    })
}

async fn create(cx: &Cx, api: &Api, args: &CreateArgs, name: &NamespaceName) -> Outcome {
    let dry_run = args.dry_run.mode() == DryRun::Server;
    let options = WriteOptions {
        dry_run,
        ..WriteOptions::default()
    };
    match api
        .namespaces()
        .create(&namespace(args, name), &options)
        .await
    {
        Ok(written) => {
            written.warnings.iter().for_each(|warning| cx.warn(warning));
            let word = "created".to_owned();
            let change = if dry_run {
                Change::WouldDo(word, "server")
            } else {
                Change::Done(word)
            };
            Outcome {
                object: Some(written.object),
                ..outcome(name, Ok(change))
            }
        }
        Err(error) => outcome(name, Err(error.into())),
    }
}

fn outcome(name: &NamespaceName, result: Result<Change>) -> Outcome {
    Outcome {
        target: format!("namespace/{name}"),
        full_name: format!("{}/{name}", Namespace::INFO.qualified_singular()),
        result,
        object: None,
    }
}
