//! `nova vm create`: make virtual machines and wait until they are ready.

use std::time::Duration;

use nova_api::client::WaitFor;
use nova_api::client::manifest::{Manifest, Sources};
use nova_core::args::DryRun;
use nova_core::{Change, Cx, Failure, Outcome, Outcomes, Result};
use nova_http::each;
use serde_json::Value;

use crate::draft::Draft;
use crate::session::Session;
use crate::targets::full_name;
use crate::wait::{CREATE_LIMIT, WaitArgs};

/// Create VMs
///
/// What is not said comes from `defaults` of the configuration. A VM is ready when it runs and,
/// where its image has a guest agent, the agent answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm create web-1 --image tiny\n\
\x20 nova vm create a b c --image tiny --memory 1Gi --label app=web\n\
\x20 nova vm create job --image tiny --ttl 1h\n\
\x20 nova vm create -f vms.yaml\n\
\x20 nova vm create web-1 --image tiny --dry-run -o yaml > web-1.yaml")]
pub(crate) struct CreateArgs {
    /// Names of the new VMs
    #[arg(
        value_name = "NAME",
        required_unless_present = "filename",
        conflicts_with = "filename"
    )]
    names: Vec<String>,

    /// Read whole VMs from a file, directory, pattern, web address or - for standard input
    #[arg(short, long, value_name = "FILE")]
    filename: Vec<String>,

    /// Read directories with everything below them
    #[arg(short = 'R', long, requires = "filename")]
    recursive: bool,

    /// Allow http addresses of other machines
    #[arg(long, requires = "filename")]
    allow_http: bool,

    #[command(flatten)]
    draft: Draft,

    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn run(cx: &Cx, args: &CreateArgs) -> Result<Outcomes> {
    let objects = objects(cx, args).await?;
    let until = args.wait.until()?;
    if args.wait.dry_run() == DryRun::Client {
        return Ok(Outcomes::with_objects(
            objects.into_iter().map(planned).collect(),
        ));
    }
    let session = Session::open(cx).await?;
    let limit = cx.timeout_or(CREATE_LIMIT);
    let outcomes = each(&objects, async |object| {
        let name = name_of(object);
        match create(&session, object, args, (until.as_ref(), limit)).await {
            Ok((change, made)) => Outcome {
                object: Some(made),
                ..outcome(&name, Ok(change))
            },
            Err(failure) => outcome(&name, Err(failure)),
        }
    });
    Ok(Outcomes::with_objects(outcomes.await))
}

async fn objects(cx: &Cx, args: &CreateArgs) -> Result<Vec<Value>> {
    if args.filename.is_empty() {
        return args.draft.objects(cx, &args.names);
    }
    let sources = Sources {
        paths: &args.filename,
        recursive: args.recursive,
        allow_http: args.allow_http,
    };
    let manifests = sources.read().await?;
    if manifests.is_empty() {
        cx.warn("nothing to create: the input holds no objects");
    }
    manifests
        .into_iter()
        .map(|manifest| check(cx, manifest))
        .collect()
}

/// A manifest must be a VM with a name; the namespace is filled in where it is missing.
fn check(cx: &Cx, manifest: Manifest) -> Result<Value> {
    let Manifest { mut object, source } = manifest;
    let bad = |what: &str| Failure::new(nova_core::Kind::Config, format!("{source}: {what}"));
    match object["kind"].as_str() {
        Some("VirtualMachine") => {}
        Some(kind) => {
            return Err(bad(&format!("`{kind}` is not a VirtualMachine"))
                .with_hint("other kinds are made with: nova apply -f FILE"));
        }
        None => return Err(bad("an object has no kind")),
    }
    if name_of(&object).is_empty() && object["metadata"]["generateName"].is_null() {
        return Err(bad("a VirtualMachine has no metadata.name"));
    }
    if object["metadata"]["namespace"].is_null() {
        object["metadata"]["namespace"] = cx.namespace()?.into();
    }
    Ok(object)
}

fn name_of(object: &Value) -> String {
    object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn planned(object: Value) -> Outcome {
    let name = name_of(&object);
    let change = Change::WouldDo("created".to_owned(), "client");
    Outcome {
        object: Some(object),
        ..outcome(&name, Ok(change))
    }
}

fn outcome(name: &str, result: Result<Change>) -> Outcome {
    Outcome {
        target: format!("vm/{name}"),
        full_name: full_name(name),
        result,
        object: None,
    }
}

async fn create(
    session: &Session<'_>,
    object: &Value,
    args: &CreateArgs,
    (until, limit): (Option<&WaitFor>, Duration),
) -> Result<(Change, Value)> {
    let server_only = args.wait.dry_run() == DryRun::Server;
    let created = session
        .vms
        .create(object, &args.wait.write_options())
        .await?;
    created
        .warnings
        .iter()
        .for_each(|warning| session.cx.warn(warning));
    if server_only {
        return Ok((
            Change::WouldDo("created".to_owned(), "server"),
            created.object,
        ));
    }
    if !args.wait.waits() {
        let going = created
            .operation
            .as_deref()
            .map(|id| format!("is being created (operation {id})"));
        return Ok((
            Change::done(going.unwrap_or_else(|| "created".to_owned())),
            created.object,
        ));
    }
    let name = crate::targets::parse(&name_of(&created.object))?;
    let label = format!("creating vm/{name}");
    if let Some(operation) = &created.operation {
        session.follow(operation, &label, limit).await?;
    }
    let object = match until {
        Some(until) => session.until(&name, until, limit).await?,
        None => Some(session.get(&name).await?),
    };
    Ok((Change::done("created"), object.unwrap_or(created.object)))
}
