//! `nova vm update`: change virtual machines.

use nova_api::client::{WaitFor, Written};
use nova_api::{JsonPatch, Patch, VmName};
use nova_core::args::DryRun;
use nova_core::{Change, Cx, Failure, Kind, Outcome, Outcomes, Result};
use nova_http::each_bounded;
use serde_json::{Map, Value, json};

use crate::flags::LabelChange;
use crate::session::Session;
use crate::targets::TargetArgs;
use crate::verb::outcome;
use crate::wait::WaitArgs;

/// Change VMs
///
/// What can change while the VM runs takes effect at once; the rest waits for a restart and is
/// listed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm update web-1 --set resources.memory=2Gi\n\
\x20 nova vm update 'web-*' --label tier=front,canary-\n\
\x20 nova vm update web-1 --patch '{\"spec\":{\"protected\":true}}'")]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    targets: TargetArgs,

    /// Set a field of the spec, as resources.cpu=2; null removes it; repeatable
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,

    /// Patch in JSON
    #[arg(long, value_name = "JSON", conflicts_with = "set")]
    patch: Option<String>,

    /// Kind of --patch: merge or json
    #[arg(
        long = "type",
        value_name = "TYPE",
        default_value = "merge",
        hide_possible_values = true
    )]
    patch_type: PatchType,

    /// Labels to set (KEY=VALUE) or remove (KEY-); repeatable
    #[arg(long, value_name = "LABEL", value_delimiter = ',')]
    label: Vec<LabelChange>,

    #[command(flatten)]
    wait: WaitArgs,
}

/// How `--patch` is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PatchType {
    /// RFC 7386.
    Merge,
    /// RFC 6902.
    Json,
}

pub(crate) async fn run(cx: &Cx, args: &UpdateArgs) -> Result<Outcomes> {
    let patch = patch_of(args)?;
    let session = Session::open(cx).await?;
    let found = args.targets.resolve(&session).await?;
    let parallel = usize::from(args.targets.max_parallel);
    let server_only = args.wait.dry_run() == DryRun::Server;
    let outcomes = each_bounded(&found.names, parallel, async |name| {
        if args.wait.dry_run() == DryRun::Client {
            let object = session.get(name).await?;
            return Ok((Change::WouldDo("updated".to_owned(), "client"), object));
        }
        let before = session.get(name).await?;
        let written = session
            .vms
            .patch(name.as_str(), &patch, &args.wait.write_options())
            .await;
        let written = session.known(name, written).await?;
        if server_only {
            return Ok((
                Change::WouldDo("updated".to_owned(), "server"),
                written.object,
            ));
        }
        let version = |vm: &Value| vm["metadata"]["resourceVersion"].clone();
        if version(&before) == version(&written.object) {
            return Ok((Change::Unchanged, written.object));
        }
        let settled = settle(&session, name, written, &args.wait).await?;
        Ok((Change::done(described(&settled)), settled))
    });
    let pair = |(name, result): (&VmName, Result<(Change, Value)>)| match result {
        Ok((change, object)) => Outcome {
            object: Some(object),
            ..outcome(name.as_str(), Ok(change))
        },
        Err(failure) => outcome(name.as_str(), Err(failure)),
    };
    let results = outcomes.await;
    Ok(Outcomes::with_objects(
        found.names.iter().zip(results).map(pair).collect(),
    ))
}

/// Waits until the change took effect or is known to wait, and answers the VM then.
pub(crate) async fn settle(
    session: &Session<'_>,
    name: &VmName,
    written: Written,
    wait: &WaitArgs,
) -> Result<Value> {
    if !wait.waits() {
        return Ok(written.object);
    }
    let limit = WaitArgs::limit(session.cx);
    if let Some(operation) = &written.operation {
        session
            .follow(operation, &format!("updating vm/{name}"), limit)
            .await?;
    }
    let generation = written.object["metadata"]["generation"]
        .as_i64()
        .unwrap_or_default();
    let settled = session
        .until(name, &WaitFor::Observed(generation), limit)
        .await?;
    Ok(settled.unwrap_or(written.object))
}

/// Says which changes wait, and for what.
pub(crate) fn described(vm: &Value) -> String {
    let pending = vm["status"]["pendingChanges"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if pending.is_empty() {
        return "updated".to_owned();
    }
    let waiting: Vec<String> = pending
        .iter()
        .map(|change| {
            format!(
                "{} needs a {}",
                text(&change["path"]),
                text(&change["requires"])
            )
        })
        .collect();
    format!(
        "updated; {} (apply with: nova vm restart --cold)",
        waiting.join(", ")
    )
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn patch_of(args: &UpdateArgs) -> Result<Patch> {
    let labels = label_patch(&args.label);
    if let Some(text) = &args.patch {
        if args.patch_type == PatchType::Merge {
            return Ok(Patch::Merge(merged(parse(text)?, labels)));
        }
        if labels.is_some() {
            return Err(Failure::usage(
                "--label cannot be combined with --type json",
            ));
        }
        return Ok(Patch::Json(parse::<JsonPatch>(text)?));
    }
    let mut patch = json!({});
    for setting in &args.set {
        let (field, value) = setting
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--set needs PATH=VALUE, not `{setting}`")))?;
        set_field(&mut patch, field, value)?;
    }
    let patch = merged(patch, labels);
    if patch.as_object().is_some_and(Map::is_empty) {
        return Err(Failure::usage("nothing to change")
            .with_hint("say --set PATH=VALUE, --label LABEL or --patch JSON"));
    }
    Ok(Patch::Merge(patch))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Failure::usage(format!("--patch cannot be read: {error}")))
}

fn merged(mut patch: Value, labels: Option<Value>) -> Value {
    if let Some(labels) = labels {
        patch["metadata"]["labels"] = labels;
    }
    patch
}

fn label_patch(changes: &[LabelChange]) -> Option<Value> {
    let map: Map<String, Value> = changes
        .iter()
        .map(|LabelChange(key, value)| {
            (key.clone(), value.clone().map_or(Value::Null, Value::from))
        })
        .collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

/// Sets `spec.PATH`; a path may also start with `spec.` or `metadata.`.
fn set_field(patch: &mut Value, field: &str, text: &str) -> Result<()> {
    let field = field.trim_start_matches('.');
    let whole = if field.starts_with("spec.") || field.starts_with("metadata.") {
        field.to_owned()
    } else {
        format!("spec.{field}")
    };
    if whole.split('.').any(str::is_empty) || whole.contains('[') {
        let message = format!("`{field}` is not a field path such as resources.memory");
        return Err(Failure::new(Kind::Usage, message)
            .with_hint("lists are changed with --patch or with: nova vm edit"));
    }
    let target = whole.split('.').fold(patch, |value, name| &mut value[name]);
    *target = value_of(&whole, text);
    Ok(())
}

/// JSON where it is JSON, else text. Quantities stay text, so that `2` and `2Gi` are alike.
fn value_of(path: &str, text: &str) -> Value {
    let quantity = path.starts_with("spec.resources.") && text != "null";
    if quantity {
        return Value::from(text);
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_set_below_spec_with_the_type_they_look_like() {
        let mut patch = json!({});
        for (field, value) in [
            ("resources.memory", "2Gi"),
            ("resources.cpu", "2"),
            ("spec.protected", "true"),
            ("metadata.annotations.a", "x"),
            ("placement", "null"),
        ] {
            set_field(&mut patch, field, value).unwrap();
        }
        assert_eq!(
            patch,
            json!({
                "spec": {"resources": {"memory": "2Gi", "cpu": "2"}, "protected": true, "placement": null},
                "metadata": {"annotations": {"a": "x"}},
            })
        );
        assert!(set_field(&mut patch, "disks[0].size", "1Gi").is_err());
    }

    #[test]
    fn waiting_changes_are_named() {
        let vm = json!({"status": {"pendingChanges": [{"path": "spec.resources.cpu", "requires": "restart"}]}});
        assert!(described(&vm).contains("spec.resources.cpu needs a restart"));
        assert_eq!(described(&json!({})), "updated");
    }
}
