//! `nova config edit`: change the configuration file in an editor.

use std::path::Path;

use nova_core::config::{is_yaml, parse_text};
use nova_core::editor::Draft;
use nova_core::{Cx, Failure, Kind, Outcomes, Result, fs, paths};

use crate::document::{Document, Scope, file_of, outcome, write};

/// Edit your configuration file in your editor
///
/// The editor is NOVA_EDITOR, global.editor, VISUAL, EDITOR or vi. What you save is checked before it
/// is stored; a fault opens the editor again with the message on top.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config edit\n\
\x20 EDITOR='code --wait' nova config edit --scope project")]
pub(crate) struct EditArgs {
    /// File to edit: user, project, system
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    scope: Scope,
}

const HEADER: &str = "Change the configuration, then save and leave the editor.\n\
These lines are not stored; an empty or unchanged file changes nothing.\n\
All keys: nova config schema";

/// What a new file starts with.
const START: &str = "version = 1\n";

pub(crate) fn run(cx: &Cx, args: &EditArgs) -> Result<Outcomes> {
    let path = file_of(cx, args.scope)?;
    let before = fs::read_optional(&path)?.unwrap_or_default();
    let shown = match before.as_str() {
        "" if !is_yaml(&path) => START,
        text => text,
    };
    let suffix = if is_yaml(&path) { ".yaml" } else { ".toml" };
    let name = paths::display(&path);
    let mut draft = Draft::new(suffix, HEADER, shown)?;
    // A file that is broken already is opened with what is wrong.
    if let Err(fault) = parse_text(&path, shown, cx.globals().lax) {
        draft.reject(shown, &plain(&fault));
    }
    while let Some(edited) = draft.edit(cx)? {
        match check(cx, &path, &edited) {
            Ok(()) => {
                return match store(cx, &path, &before, &edited) {
                    Ok(()) => Ok(outcome("config", &name, "edited", true)),
                    Err(failure) => Err(draft.keep(&edited, failure)),
                };
            }
            Err(failure) if cx.can_ask() => draft.reject(&edited, &plain(&failure)),
            Err(failure) => return Err(draft.keep(&edited, failure)),
        }
    }
    cx.note("cancelled, no changes");
    Ok(outcome("config", &name, "edited", false))
}

fn check(cx: &Cx, path: &Path, text: &str) -> Result<()> {
    let parsed = parse_text(path, text, cx.globals().lax)?;
    for warning in &parsed.unknown {
        cx.warn(warning);
    }
    Ok(())
}

/// The lock is not held while somebody thinks, so the file may be another one by now.
fn store(cx: &Cx, path: &Path, before: &str, text: &str) -> Result<()> {
    let locked = match Document::open_at(cx, path) {
        Ok(document) => Some(document),
        // What is being mended cannot be opened as a document.
        Err(_) if fs::read_optional(path)?.unwrap_or_default() == before => None,
        Err(failure) => return Err(failure),
    };
    if locked
        .as_ref()
        .is_some_and(|document| document.before() != before)
    {
        let message = format!("{} was changed meanwhile", path.display());
        return Err(
            Failure::new(Kind::Conflict, message).with_hint("edit it again with: nova config edit")
        );
    }
    write(path, text)
}

/// In the editor the place is a line of what is shown, and hints about commands are in the way.
fn plain(failure: &Failure) -> Failure {
    Failure::new(failure.kind(), failure.message())
}
