//! `nova vm edit`: change a virtual machine in an editor.

use std::path::Path;
use std::process::Command;

use nova_api::client::Written;
use nova_api::client::manifest::parse_one;
use nova_api::{Patch, VmName, merge_diff};
use nova_core::{Change, Context, Cx, Failure, Kind, Outcome, Outcomes, Result, env};
use serde_json::Value;

use crate::cmd::update::{described, settle};
use crate::session::Session;
use crate::verb::outcome;
use crate::wait::WaitArgs;

/// Edit a VM as YAML in your editor
///
/// The editor is NOVA_EDITOR, VISUAL, EDITOR or vi. Nothing changes when the file is left as it is
/// or emptied.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm edit web-1\n\
\x20 EDITOR='code --wait' nova vm edit web-1")]
pub(crate) struct EditArgs {
    /// VM to edit
    #[arg(value_name = "NAME")]
    name: VmName,

    /// Owner of the fields that are written
    #[arg(long, value_name = "MANAGER")]
    field_manager: Option<String>,
}

const HEADER: &str = "# Change the spec, labels and annotations, then save and leave the editor.\n\
# Lines that start with # are ignored; an empty file changes nothing.\n";

pub(crate) async fn run(cx: &Cx, args: &EditArgs) -> Result<Outcomes> {
    let session = Session::open(cx).await?;
    let before = session.get(&args.name).await?;
    let editable = editable(&before);
    let mut text = format!("{HEADER}{}", nova_core::output::to_yaml(&editable)?);
    let file = tempfile::Builder::new()
        .prefix("nova-edit-")
        .suffix(".yaml")
        .tempfile()
        .context(Kind::Failed, || "cannot make a temporary file".into())?;
    loop {
        nova_core::fs::save(file.path(), text.as_bytes(), nova_core::fs::PRIVATE)?;
        let edited = edit(cx, file.path())?;
        if edited == text || is_empty(&edited) {
            cx.note("cancelled, no changes");
            return Ok(Outcomes::with_objects(vec![outcome(
                args.name.as_str(),
                Ok(Change::Unchanged),
            )]));
        }
        match apply(&session, args, &editable, &edited).await {
            Ok(written) => {
                let wait = WaitArgs::default();
                return Ok(done(
                    &args.name,
                    settle(&session, &args.name, written, &wait).await?,
                ));
            }
            Err(failure) if cx.can_ask() && failure.kind() != Kind::Unavailable => {
                text = with_fault(&edited, &failure);
            }
            Err(failure) => return Err(kept(file, failure)),
        }
    }
}

fn done(name: &VmName, after: Value) -> Outcomes {
    let change = Change::done(described(&after));
    Outcomes::with_objects(vec![Outcome {
        object: Some(after),
        ..outcome(name.as_str(), Ok(change))
    }])
}

/// What a person may change; the rest is the server's.
fn editable(vm: &Value) -> Value {
    let mut shown = vm.clone();
    if let Some(object) = shown.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = shown["metadata"].as_object_mut() {
        metadata.retain(|key, _| {
            matches!(
                key.as_str(),
                "name" | "namespace" | "labels" | "annotations" | "resourceVersion"
            )
        });
    }
    shown
}

fn edit(cx: &Cx, path: &Path) -> Result<String> {
    let configured = cx.config()?.text("global.editor");
    let editor = env::get(env::NOVA_EDITOR)
        .or(configured)
        .or_else(|| env::get(env::VISUAL))
        .or_else(|| env::get(env::EDITOR))
        .or_else(|| cx.terminal().stdin.then(|| "vi".to_owned()))
        .ok_or_else(|| {
            Failure::usage("there is no terminal to edit on")
                .with_hint("set NOVA_EDITOR to a program that edits a file, or use: nova vm update")
        })?;
    let words = shell_words::split(&editor).map_err(|error| {
        Failure::usage(format!("the editor `{editor}` cannot be read: {error}"))
    })?;
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| Failure::usage("the editor is empty"))?;
    // An editor needs the terminal itself, and as long as it likes.
    let status = Command::new(program)
        .args(arguments)
        .arg(path)
        .status()
        .map_err(|error| {
            Failure::new(
                Kind::Vanished,
                format!("cannot run the editor `{program}`: {error}"),
            )
            .with_hint("set NOVA_EDITOR to the editor you like")
        })?;
    if !status.success() {
        return Err(Failure::new(
            Kind::Failed,
            format!("the editor `{program}` ended with {status}"),
        ));
    }
    std::fs::read_to_string(path)
        .context(Kind::Failed, || format!("cannot read {}", path.display()))
}

fn is_empty(text: &str) -> bool {
    text.lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

/// Sends only what differs, against the version that was shown.
async fn apply(
    session: &Session<'_>,
    args: &EditArgs,
    before: &Value,
    text: &str,
) -> Result<Written> {
    let after = parse_one(text, "the edited text")?;
    let mut patch = merge_diff(before, &after).unwrap_or_else(|| serde_json::json!({}));
    patch["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
    let options = WaitArgs::by(args.field_manager.clone()).write_options();
    Ok(session
        .vms
        .patch(args.name.as_str(), &Patch::Merge(patch), &options)
        .await?)
}

fn with_fault(edited: &str, failure: &Failure) -> String {
    let body: Vec<&str> = edited
        .lines()
        .skip_while(|line| line.starts_with('#'))
        .collect();
    let lines = failure.message().lines();
    let fault = lines.fold(String::new(), |text, line| {
        text + "# error: "
            + line
            + "
"
    });
    format!("{HEADER}{fault}{}\n", body.join("\n"))
}

/// What was typed is not lost with the error.
fn kept(file: tempfile::NamedTempFile, failure: Failure) -> Failure {
    match file.keep() {
        Ok((_, path)) => failure.with_hint(format!("your edit is kept in {}", path.display())),
        Err(_) => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_a_person_may_change_is_shown() {
        let vm =
            json!({"metadata": {"name": "a", "uid": "u", "labels": {}}, "spec": {}, "status": {}});
        assert_eq!(
            editable(&vm),
            json!({"metadata": {"name": "a", "labels": {}}, "spec": {}})
        );
    }

    #[test]
    fn a_fault_is_shown_above_what_was_typed() {
        let fault = Failure::new(Kind::Config, "no\nreally");
        let text = with_fault("# old\na: 1\n", &fault);
        assert!(text.ends_with("# error: no\n# error: really\na: 1\n"));
        assert!(is_empty("# x\n\n") && !is_empty("a: 1"));
    }
}
