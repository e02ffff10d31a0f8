//! `nova vm edit`: change a virtual machine in an editor.

use nova_api::client::Written;
use nova_api::client::manifest::parse_one;
use nova_api::{Patch, VmName, merge_diff};
use nova_core::editor::Draft;
use nova_core::{Change, Cx, Kind, Outcome, Outcomes, Result};
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

const HEADER: &str = "Change the spec, labels and annotations, then save and leave the editor.\n\
Lines that start with # are ignored; an empty file changes nothing.";

pub(crate) async fn run(cx: &Cx, args: &EditArgs) -> Result<Outcomes> {
    let session = Session::open(cx).await?;
    let before = session.get(&args.name).await?;
    let editable = editable(&before);
    let mut draft = Draft::new(".yaml", HEADER, &nova_core::output::to_yaml(&editable)?)?;
    while let Some(edited) = draft.edit(cx)? {
        match apply(&session, args, &editable, &edited).await {
            Ok(written) => {
                let wait = WaitArgs::default();
                let after = settle(&session, &args.name, written, &wait).await?;
                return Ok(done(&args.name, after));
            }
            Err(failure) if cx.can_ask() && failure.kind() != Kind::Unavailable => {
                draft.reject(&edited, &failure);
            }
            Err(failure) => return Err(draft.keep(&edited, failure)),
        }
    }
    cx.note("cancelled, no changes");
    let unchanged = outcome(args.name.as_str(), Ok(Change::Unchanged));
    Ok(Outcomes::with_objects(vec![unchanged]))
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
}
