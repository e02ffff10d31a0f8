//! Questions to a person, asked on stderr and only where one can answer.

use std::io::{self, BufRead, Write};

use crate::{Cx, Failure, Kind, Result};

/// What is about to happen to which targets.
#[derive(Debug)]
pub struct Confirm<'a> {
    /// The verb: `delete`.
    pub verb: &'a str,
    /// What it does it to, in short form.
    pub targets: &'a [String],
    /// Where: `in namespace default`.
    pub place: String,
    /// The targets were chosen by a selector, a wildcard or `--all`.
    pub bulk: bool,
}

/// At most this many targets are listed in a question.
const LISTED: usize = 20;

impl Cx {
    /// Asks before something destructive. `--yes` answers; without a person to ask it is a usage
    /// error that names the flag; anything but yes is a cancellation.
    pub fn confirm(&self, question: &Confirm<'_>) -> Result<()> {
        if self.globals().yes || question.targets.is_empty() || !self.must_confirm(question.bulk)? {
            return Ok(());
        }
        if !self.can_ask() {
            let count = question.targets.len();
            return Err(Failure::usage(format!(
                "refusing to {} {count} {} without being asked",
                question.verb,
                if count == 1 { "object" } else { "objects" },
            ))
            .with_hint("say --yes to go on without a question"));
        }
        if ask(&question_text(question))? {
            Ok(())
        } else {
            Err(Failure::new(Kind::Cancelled, "cancelled"))
        }
    }

    fn must_confirm(&self, bulk: bool) -> Result<bool> {
        let setting = self.config()?.text("preferences.confirm_destructive");
        Ok(match setting.as_deref() {
            Some("never" | "false") => false,
            Some("bulk") => bulk,
            _ => true,
        })
    }
}

fn question_text(question: &Confirm<'_>) -> String {
    let Confirm {
        verb,
        targets,
        place,
        bulk,
    } = question;
    if !bulk && targets.len() <= 3 {
        return format!("{verb} {} {place}? [y/N] ", targets.join(", "));
    }
    let listed = targets.iter().take(LISTED).fold(String::new(), |text, t| {
        text + "  "
            + t
            + "
"
    });
    let more = match targets.len().saturating_sub(LISTED) {
        0 => String::new(),
        rest => format!("  … and {rest} more\n"),
    };
    format!(
        "{listed}{more}{verb} these {} {place}? [y/N] ",
        targets.len()
    )
}

/// Only `y` or `yes` is a yes; the end of input is a no.
fn ask(text: &str) -> Result<bool> {
    let failed = |error: io::Error| Failure::new(Kind::Cancelled, format!("cannot ask: {error}"));
    let mut stderr = io::stderr();
    stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush())
        .map_err(failed)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_name_few_targets_inline_and_list_many() {
        let few = ["vm/a".to_owned()];
        let ask = |targets, bulk| {
            question_text(&Confirm {
                verb: "delete",
                targets,
                place: "in namespace default".into(),
                bulk,
            })
        };
        assert_eq!(ask(&few, false), "delete vm/a in namespace default? [y/N] ");
        let many: Vec<String> = (0..23).map(|n| format!("vm/{n}")).collect();
        let text = ask(&many, true);
        assert!(text.contains("… and 3 more\ndelete these 23 in namespace default? [y/N] "));
    }
}
