//! Text that a person changes in an editor of theirs, until it is right.
//!
//! ```text
//! Draft::new ── edit ──> None: unchanged or emptied, "cancelled, no changes"
//!      ^           └───> text ── check fails ── reject: the fault as comments on top ── edit …
//!      └─ keep: the last failure, with where the text lies now
//! ```
//!
//! The loop is the caller's, since only it can check the text, perhaps by asking a server.

use std::path::Path;
use std::process::Command;

use tempfile::NamedTempFile;

use crate::{Context, Cx, Failure, Kind, Result, env, fs, progress};

/// A private file with what is edited.
#[derive(Debug)]
pub struct Draft {
    file: NamedTempFile,
    header: Vec<String>,
    body: String,
}

impl Draft {
    /// A draft of `body`; `suffix` tells the editor the language (`.yaml`), and the lines of
    /// `header` are shown above as comments that start with `# `.
    pub fn new(suffix: &str, header: &str, body: &str) -> Result<Self> {
        let file = tempfile::Builder::new()
            .prefix("nova-edit-")
            .suffix(suffix)
            .tempfile()
            .context(Kind::Failed, || "cannot make a temporary file".to_owned())?;
        Ok(Self {
            file,
            header: header.lines().map(comment).collect(),
            body: body.to_owned(),
        })
    }

    /// Opens the editor and answers what was saved without the header, or nothing when it is as it
    /// was shown or empty.
    pub fn edit(&self, cx: &Cx) -> Result<Option<String>> {
        let shown = self.shown();
        fs::save(self.file.path(), shown.as_bytes(), fs::PRIVATE)?;
        open(cx, self.file.path())?;
        let doing = || format!("cannot read {}", self.file.path().display());
        let edited = std::fs::read_to_string(self.file.path()).context(Kind::Failed, doing)?;
        let body = self.without_header(&edited);
        let unchanged = body.trim_end() == self.body.trim_end();
        Ok((!unchanged && !is_empty(&body)).then_some(body))
    }

    /// Shows what is wrong with `text` above it, for the next edit.
    pub fn reject(&mut self, text: &str, failure: &Failure) {
        self.header
            .retain(|line| !line.starts_with(FAULT) && !line.starts_with(HINT));
        let faults = failure
            .message()
            .lines()
            .map(|line| format!("{FAULT}{line}"));
        let hints = failure
            .hints()
            .iter()
            .take(2)
            .map(|hint| format!("{HINT}{hint}"));
        self.header.extend(faults.chain(hints));
        text.clone_into(&mut self.body);
    }

    /// The failure that ends the editing. What was typed is not lost with it.
    #[must_use]
    pub fn keep(self, text: &str, failure: Failure) -> Failure {
        let saved = fs::save(self.file.path(), text.as_bytes(), fs::PRIVATE);
        match (saved, self.file.keep()) {
            (Ok(()), Ok((_, path))) => {
                failure.with_hint(format!("your edit is kept in {}", path.display()))
            }
            _ => failure,
        }
    }

    fn shown(&self) -> String {
        let header = self
            .header
            .iter()
            .fold(String::new(), |text, line| text + line + "\n");
        header + &self.body
    }

    /// The text without the lines that only the editor shows; the user's own comments stay.
    fn without_header(&self, text: &str) -> String {
        let mut rest = text;
        while let Some((line, after)) = rest.split_once('\n') {
            if !self
                .header
                .iter()
                .any(|own| own == line.trim_end_matches('\r'))
            {
                break;
            }
            rest = after;
        }
        rest.to_owned()
    }
}

const FAULT: &str = "# error: ";
const HINT: &str = "# hint: ";

fn comment(line: &str) -> String {
    format!("# {line}").trim_end().to_owned()
}

fn is_empty(text: &str) -> bool {
    text.lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

/// Runs the editor on a file: `NOVA_EDITOR`, `global.editor`, `VISUAL`, `EDITOR`, else `vi`.
pub fn open(cx: &Cx, path: &Path) -> Result<()> {
    let editor = editor_of(cx)?;
    let words = shell_words::split(&editor).map_err(|error| {
        Failure::usage(format!("the editor `{editor}` cannot be read: {error}"))
    })?;
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| Failure::usage("the editor is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments).arg(path);
    // An editor needs the terminal itself, and as long as it likes.
    let status = progress::suspend(|| command.status()).map_err(|error| {
        Failure::new(
            Kind::Vanished,
            format!("cannot run the editor `{program}`: {error}"),
        )
        .with_hint("set NOVA_EDITOR to the editor you like")
    })?;
    if status.success() {
        return Ok(());
    }
    let message = format!("the editor `{program}` ended with {status}, so nothing was changed");
    Err(Failure::new(Kind::Failed, message))
}

fn editor_of(cx: &Cx) -> Result<String> {
    let named = [env::NOVA_EDITOR].into_iter().find_map(env::get);
    // A configuration that is being mended may be broken.
    let configured = || cx.config().ok()?.text("global.editor");
    let common = || [env::VISUAL, env::EDITOR].into_iter().find_map(env::get);
    let found = named.or_else(configured).or_else(common);
    let terminal = cx.terminal();
    found
        .filter(|editor| !editor.trim().is_empty())
        .or_else(|| (terminal.stdin && terminal.stdout).then(|| "vi".to_owned()))
        .ok_or_else(|| {
            Failure::usage("there is no terminal to edit on")
                .with_hint("set NOVA_EDITOR to a program that edits a file by itself")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_the_header_are_taken_away() {
        let mut draft = Draft::new(".toml", "Change it.\n\nReally.", "# mine\na = 1\n").unwrap();
        assert_eq!(draft.shown(), "# Change it.\n#\n# Really.\n# mine\na = 1\n");
        assert_eq!(draft.without_header(&draft.shown()), "# mine\na = 1\n");
        let fault = Failure::new(Kind::Config, "no\nreally").with_hint("do this");
        draft.reject("a = x\n", &fault);
        let shown = draft.shown();
        assert!(
            shown.ends_with("# error: no\n# error: really\n# hint: do this\na = x\n"),
            "{shown}"
        );
        draft.reject("b\n", &Failure::new(Kind::Config, "other"));
        assert!(!draft.shown().contains("really"));
        assert_eq!(draft.without_header(&draft.shown()), "b\n");
    }

    #[test]
    fn comments_alone_are_empty() {
        assert!(is_empty("# x\n\n") && !is_empty("a: 1"));
    }
}
