//! `nova delete`: remove objects of any kind.

use std::time::Duration;

use nova_api::client::{ApiError, DeleteOptions, Deleted, ListOptions, Resources, WaitFor};
use nova_api::{KindInfo, Scope};
use nova_core::args::{DryRun, DryRunArgs, names_with_stdin};
use nova_core::units::parse_duration;
use nova_core::{Change, Confirm, Cx, Failure, Outcome, Outcomes, Result};
use nova_http::{block_on, each_bounded};
use serde_json::Value;

use crate::input::FileArgs;
use crate::kinds::Kinds;
use crate::target::resolve;

/// A deletion that takes longer is given up, not undone.
const LIMIT: Duration = Duration::from_mins(10);
/// Deletions that go on at the same time.
const PARALLEL: usize = 8;

/// Delete objects of any kind
///
/// Waits until they are gone. What a deletion means for a kind, its own tool explains; a running VM is
/// shut down within its grace period first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova delete vm web-1\n\
\x20 nova delete vm/web-1 image/old --yes\n\
\x20 nova delete -f web.yaml --ignore-not-found\n\
\x20 nova delete vm -l app=web --dry-run=server")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct DeleteArgs {
    /// Kind and names, or KIND/NAME; - reads names from standard input
    #[arg(value_name = "KIND[/NAME]", conflicts_with = "filename")]
    words: Vec<String>,

    #[command(flatten)]
    files: FileArgs,

    /// Objects whose labels match, as app=web,tier!=db
    #[arg(
        short = 'l',
        long,
        value_name = "SELECTOR",
        conflicts_with = "filename"
    )]
    selector: Option<String>,

    /// Objects whose fields match, as status.phase=Failed
    #[arg(long, value_name = "SELECTOR", conflicts_with = "filename")]
    field_selector: Option<String>,

    /// All objects of the kind in the namespace
    #[arg(long, conflicts_with_all = ["selector", "field_selector", "filename"])]
    all: bool,

    /// Look in all namespaces
    #[arg(short = 'A', long, conflicts_with = "filename")]
    all_namespaces: bool,

    /// What becomes of objects that belong to it: background, foreground or orphan
    #[arg(
        long,
        value_name = "HOW",
        default_value = "background",
        hide_possible_values = true
    )]
    cascade: Cascade,

    /// Time to end in order, as 30s; 0 is at once
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    grace: Option<Duration>,

    /// Skip the grace period
    #[arg(long, conflicts_with = "grace")]
    force: bool,

    /// An object that is not there counts as deleted
    #[arg(long)]
    ignore_not_found: bool,

    /// Wait until the objects are gone; --wait=false returns at once
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set, hide_possible_values = true)]
    wait: bool,

    /// Return as soon as the server knows
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,

    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// What becomes of dependent objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Cascade {
    /// They go after it.
    Background,
    /// They go before it.
    Foreground,
    /// They stay.
    Orphan,
}

/// One object to delete.
#[derive(Debug, Clone)]
struct Target {
    info: KindInfo,
    namespace: String,
    name: String,
    /// Found by a selector: only this very object is meant.
    uid: Option<String>,
}

impl Target {
    fn full_name(&self) -> String {
        format!("{}/{}", self.info.qualified_singular(), self.name)
    }

    fn place(&self, kinds: &Kinds) -> Resources<Value> {
        kinds.objects(&self.info, &self.namespace)
    }
}

pub(crate) fn run(cx: &Cx, args: &DeleteArgs) -> Result<Outcomes> {
    let words = names_with_stdin(&args.words)?;
    let (kinds, targets, bulk) = block_on(find(cx, args, &words))?;
    if args.dry_run.is_meant() {
        let shown: Vec<String> = targets.iter().map(Target::full_name).collect();
        cx.confirm(&Confirm {
            verb: "delete",
            targets: &shown,
            place: place_of(&targets),
            bulk,
        })?;
    }
    // Connections belong to the runtime that opened them.
    let kinds = kinds.detached();
    let outcomes = block_on(async {
        Ok(each_bounded(&targets, PARALLEL, async |target| {
            delete(&kinds, target, args, cx.timeout_or(LIMIT)).await
        })
        .await)
    })?;
    let outcome = |(target, result): (&Target, Result<Change>)| Outcome {
        target: target.full_name(),
        full_name: target.full_name(),
        result,
        object: None,
    };
    Ok(Outcomes::new(
        targets.iter().zip(outcomes).map(outcome).collect(),
    ))
}

async fn find(cx: &Cx, args: &DeleteArgs, words: &[String]) -> Result<(Kinds, Vec<Target>, bool)> {
    let kinds = Kinds::open(cx).await?;
    let mut targets = Vec::new();
    if !args.files.filename.is_empty() {
        let inputs = args.files.read(cx, &kinds).await?;
        targets.extend(inputs.into_iter().map(|input| Target {
            info: input.info,
            namespace: input.namespace,
            name: input.name,
            uid: None,
        }));
        // What lives in a namespace goes before it.
        targets.reverse();
        return Ok((kinds, targets, false));
    }
    let bulk = args.all || args.selector.is_some() || args.field_selector.is_some();
    for group in resolve(&kinds, words).await? {
        if group.names.is_empty() != bulk {
            return Err(unclear(bulk));
        }
        let namespace = if group.info.scope == Scope::Namespaced {
            cx.namespace()?
        } else {
            String::new()
        };
        if bulk {
            targets.extend(matching(&kinds, &group.info, args).await?);
            continue;
        }
        if args.all_namespaces {
            return Err(Failure::usage("a name is of one namespace")
                .with_hint("say which with: --namespace NS"));
        }
        targets.extend(group.names.into_iter().map(|name| Target {
            info: group.info,
            namespace: namespace.clone(),
            name,
            uid: None,
        }));
    }
    Ok((kinds, targets, bulk))
}

fn unclear(bulk: bool) -> Failure {
    if bulk {
        Failure::usage("names cannot be combined with --selector, --field-selector or --all")
    } else {
        Failure::usage("no object is named")
            .with_hint("name one or more, or say --selector SELECTOR or --all")
    }
}

async fn matching(kinds: &Kinds, info: &KindInfo, args: &DeleteArgs) -> Result<Vec<Target>> {
    let bad =
        |flag: &str, error: &dyn std::fmt::Display| Failure::usage(format!("{flag}: {error}"));
    let options = ListOptions {
        selector: args
            .selector
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|error| bad("--selector", &error))?,
        fields: args
            .field_selector
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|error| bad("--field-selector", &error))?,
        ..ListOptions::default()
    };
    let mut objects = kinds.api().of_kind(info);
    if args.all_namespaces {
        objects = objects.all_namespaces();
    }
    let text = |object: &Value, field: &str| {
        object["metadata"][field]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let found = objects.list(&options).await?;
    let target = |object: &Value| Target {
        info: *info,
        namespace: text(object, "namespace"),
        name: text(object, "name"),
        uid: Some(text(object, "uid")),
    };
    Ok(found.iter().map(target).collect())
}

fn place_of(targets: &[Target]) -> String {
    let mut namespaces: Vec<&str> = targets
        .iter()
        .map(|target| target.namespace.as_str())
        .collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    match namespaces.as_slice() {
        [""] | [] => "of the cluster".to_owned(),
        [one] => format!("in namespace {one}"),
        many => format!("in {} namespaces", many.len()),
    }
}

async fn delete(
    kinds: &Kinds,
    target: &Target,
    args: &DeleteArgs,
    limit: Duration,
) -> Result<Change> {
    let objects = target.place(kinds);
    let dry_run = args.dry_run.mode();
    let missing = |error: &ApiError| error.is_not_found() && args.ignore_not_found;
    if dry_run == DryRun::Client {
        return match objects.get_value(&target.name).await {
            Ok(_) => Ok(Change::WouldDo("deleted".to_owned(), "client")),
            Err(error) if missing(&error) => Ok(Change::Unchanged),
            Err(error) => Err(objects.with_suggestions(&target.name, error).await),
        };
    }
    let options = DeleteOptions {
        grace: if args.force {
            Some(0)
        } else {
            args.grace.map(|grace| grace.as_secs())
        },
        uid: target.uid.clone(),
        dry_run: dry_run == DryRun::Server,
        propagation: Some(match args.cascade {
            Cascade::Background => "Background",
            Cascade::Foreground => "Foreground",
            Cascade::Orphan => "Orphan",
        }),
    };
    match objects.delete(&target.name, &options).await {
        Err(error) if missing(&error) => Ok(Change::Unchanged),
        Err(error) => Err(objects.with_suggestions(&target.name, error).await),
        Ok(_) if options.dry_run => Ok(Change::WouldDo("deleted".to_owned(), "server")),
        Ok(Deleted::Gone) => Ok(Change::done("deleted")),
        Ok(Deleted::Finalizing(_)) if args.no_wait || !args.wait => {
            Ok(Change::done("is being deleted"))
        }
        Ok(Deleted::Finalizing(_)) => {
            objects
                .wait(&target.name, &WaitFor::Delete, None, limit)
                .await?;
            Ok(Change::done("deleted"))
        }
    }
}
