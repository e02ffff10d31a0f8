//! `nova apply`: make the server's objects as the files say.

use nova_api::Patch;
use nova_api::client::{ApiError, WriteOptions, Written};
use nova_core::args::{DryRun, DryRunArgs};
use nova_core::{Change, Cx, Failure, Outcome, Outcomes, Result};
use nova_http::block_on;
use serde_json::Value;

use crate::diff::{Pair, show};
use crate::input::{FileArgs, Input};
use crate::kinds::Kinds;

/// Create and change objects as files say
///
/// Every field of the files belongs to the field manager afterwards; fields that it owned before
/// and that are no longer there are removed. A field that another manager owns with another value is
/// a conflict, unless --force-conflicts takes it over.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova apply -f web.yaml\n\
\x20 nova apply -R -f manifests/ --dry-run=server\n\
\x20 nova apply -f web.yaml --diff\n\
\x20 nova vm create web-1 --image tiny --dry-run -o yaml | nova apply -f -")]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    files: FileArgs,

    #[command(flatten)]
    how: ApplyHow,

    #[command(flatten)]
    dry_run: DryRunArgs,

    /// Show what would change instead; exit with 1 when something would
    #[arg(long, conflicts_with = "dry_run")]
    diff: bool,

    /// Show who owns which field
    #[arg(long)]
    show_managed_fields: bool,
}

/// How fields are taken.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ApplyHow {
    /// Owner of the fields that are written
    #[arg(long, value_name = "NAME", default_value = "nova")]
    field_manager: String,

    /// Take over fields that others own
    #[arg(long)]
    force_conflicts: bool,

    /// What to do about unknown fields: strict, warn or ignore
    #[arg(
        long,
        value_name = "HOW",
        default_value = "strict",
        hide_possible_values = true
    )]
    validate: Validate,
}

/// What unknown fields come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Validate {
    /// An error.
    #[default]
    Strict,
    /// A warning.
    Warn,
    /// Nothing.
    Ignore,
}

impl ApplyHow {
    fn write(&self, dry_run: bool) -> WriteOptions {
        WriteOptions {
            dry_run,
            field_manager: self.field_manager.clone(),
            validation: match self.validate {
                Validate::Strict => "Strict",
                Validate::Warn => "Warn",
                Validate::Ignore => "Ignore",
            },
            force: self.force_conflicts,
            idempotency_key: None,
        }
    }
}

/// What applying came to.
#[derive(Debug)]
pub(crate) enum Applied {
    Outcomes(Outcomes),
    Compared(Vec<Pair>),
}

impl Applied {
    pub(crate) fn emit(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Outcomes(outcomes) => cx.emit(&outcomes),
            Self::Compared(pairs) if show(cx, &pairs)? => Err(Failure::silent(1)),
            Self::Compared(_) => Ok(()),
        }
    }
}

pub(crate) fn run(cx: &Cx, args: &ApplyArgs) -> Result<Applied> {
    if args.files.filename.is_empty() {
        return Err(Failure::usage("nothing to apply").with_hint("say what with: -f FILE"));
    }
    block_on(apply_all(cx, args))
}

/// One after the other: a namespace comes before what is in it.
async fn apply_all(cx: &Cx, args: &ApplyArgs) -> Result<Applied> {
    let kinds = Kinds::open(cx).await?;
    let inputs = args.files.read(cx, &kinds).await?;
    if args.diff {
        let mut pairs = Vec::new();
        for input in &inputs {
            let (live, after) = merged(cx, &kinds, (input, &args.how)).await?;
            pairs.push(Pair::new(input, live, after, args.show_managed_fields));
        }
        return Ok(Applied::Compared(pairs));
    }
    let mut outcomes = Vec::new();
    for input in &inputs {
        let result = apply(cx, &kinds, input, args).await;
        let (result, object) = match result {
            Ok((change, object)) => (Ok(change), Some(object)),
            Err(failure) => (Err(failure), None),
        };
        outcomes.push(Outcome {
            target: input.full_name(),
            full_name: input.full_name(),
            result,
            object: object.map(|object| shown(object, args.show_managed_fields)),
        });
    }
    Ok(Applied::Outcomes(Outcomes::with_objects(outcomes)))
}

async fn apply(cx: &Cx, kinds: &Kinds, input: &Input, args: &ApplyArgs) -> Result<(Change, Value)> {
    let dry_run = args.dry_run.mode();
    let live = live(kinds, input).await?;
    if dry_run == DryRun::Client {
        let change = planned(live.as_ref(), &input.object);
        return Ok((change, input.object.clone()));
    }
    let write = args.how.write(dry_run == DryRun::Server);
    let written = send(cx, kinds, input, &write).await?;
    let word = match &live {
        None => "created",
        Some(live) if same(live, &written.object) => {
            return Ok((unchanged(dry_run), written.object));
        }
        Some(_) => "configured",
    };
    let change = match dry_run {
        DryRun::Server => Change::WouldDo(word.to_owned(), "server"),
        _ => Change::done(word),
    };
    Ok((change, written.object))
}

fn unchanged(dry_run: DryRun) -> Change {
    match dry_run {
        DryRun::Server => Change::WouldDo("unchanged".to_owned(), "server"),
        _ => Change::Unchanged,
    }
}

/// The object now, and as it would be after applying.
pub(crate) async fn merged(
    cx: &Cx,
    kinds: &Kinds,
    (input, how): (&Input, &ApplyHow),
) -> Result<(Value, Value)> {
    let before = live(kinds, input).await?;
    let after = send(cx, kinds, input, &how.write(true)).await?;
    Ok((before.unwrap_or_default(), after.object))
}

async fn live(kinds: &Kinds, input: &Input) -> Result<Option<Value>> {
    match input.place(kinds).get_value(&input.name).await {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn send(cx: &Cx, kinds: &Kinds, input: &Input, write: &WriteOptions) -> Result<Written> {
    let patch = Patch::Apply(input.object.clone());
    let sent = input.place(kinds).patch(&input.name, &patch, write).await;
    let written = sent.map_err(|error| refused(input, error))?;
    written.warnings.iter().for_each(|warning| cx.warn(warning));
    Ok(written)
}

fn refused(input: &Input, error: ApiError) -> Failure {
    let reason = error
        .status()
        .map(|status| status.exact_reason().to_owned());
    let failure = Failure::from(error);
    match reason.as_deref() {
        Some("ApplyConflict") if failure.hints().is_empty() => failure
            .with_hint("take the fields over with: --force-conflicts")
            .with_hint("or leave them out of the file"),
        Some("BadRequest" | "UnknownField" | "Invalid" | "Immutable") => {
            failure.with_hint(format!("the object is in {}", input.source))
        }
        _ => failure,
    }
}

/// Whether a write left everything as it was.
fn same(before: &Value, after: &Value) -> bool {
    let revision = |object: &Value| object["metadata"]["resourceVersion"].clone();
    // A dry run answers the old revision whatever it would change.
    let bare = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|key, _| {
                !matches!(
                    key.as_str(),
                    "resourceVersion" | "generation" | "managedFields"
                )
            });
        }
        if let Some(object) = object.as_object_mut() {
            object.remove("status");
        }
        object
    };
    revision(before) == revision(after) && bare(before) == bare(after)
}

/// What is known without asking the server: whether it exists and says all that the file says.
fn planned(live: Option<&Value>, wanted: &Value) -> Change {
    let word = match live {
        None => "created",
        Some(live) if contains(live, wanted) => "unchanged",
        Some(_) => "configured",
    };
    Change::WouldDo(word.to_owned(), "client")
}

fn contains(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| live.get(key).is_some_and(|live| contains(live, value))),
        _ => live == wanted,
    }
}

fn shown(mut object: Value, owners: bool) -> Value {
    let metadata = object.get_mut("metadata").filter(|_| !owners);
    if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_client_dry_run_tells_what_it_can() {
        let live = json!({"spec": {"cpu": 1, "memory": "1Gi"}, "status": {}});
        let words = |live: Option<&Value>, wanted: &Value| planned(live, wanted);
        let would = |word: &str| Change::WouldDo(word.to_owned(), "client");
        assert_eq!(words(None, &live), would("created"));
        assert_eq!(
            words(Some(&live), &json!({"spec": {"cpu": 1}})),
            would("unchanged")
        );
        assert_eq!(
            words(Some(&live), &json!({"spec": {"cpu": 2}})),
            would("configured")
        );
    }

    #[test]
    fn a_new_revision_is_a_change() {
        let at = |revision: &str, cpu: u32| json!({"metadata": {"resourceVersion": revision}, "spec": {"cpu": cpu}});
        assert!(same(&at("1", 1), &at("1", 1)));
        assert!(!same(&at("1", 1), &at("2", 1)));
        assert!(!same(&at("1", 1), &at("1", 2)));
    }
}
