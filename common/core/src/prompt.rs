//! Questions to a person, asked on stderr and only where one can answer.
//!
//! [`Cx::confirm`] and [`Cx::confirm_as`] are the one way in which tools ask before they do
//! something that hurts. What is asked depends on the [`Risk`], on what
//! `preferences.confirm_destructive` says, and on whether the context (or the environment of the
//! configuration) is protected:
//!
//! | risk | on a terminal | elsewhere | protected |
//! | --- | --- | --- | --- |
//! | undoable | runs | runs | yes or no on a terminal |
//! | delete | yes or no | `--yes` | type the context's name, or `--confirm` it |
//! | bulk | list, then yes or no | `--yes` | the same |
//! | irreversible | type the target's name | `--confirm` it | type both |

use std::io::{self, BufRead, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::config::Protection;
use crate::output::escape_cell;
use crate::{Cx, Failure, Kind, Result, progress, report, signal};

/// What is about to happen to which targets.
#[derive(Debug)]
pub struct Confirm<'a> {
    /// The verb: `delete`.
    pub verb: &'a str,
    /// What it does it to, in short form.
    pub targets: &'a [String],
    /// Where: `in namespace default`.
    pub place: String,
    /// The targets were chosen by a selector, a wildcard or `--all`, or force is used.
    pub bulk: bool,
}

/// How bad it is if the question was answered too quickly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// The opposite verb takes it back: stop, restart, drain.
    Undoable,
    /// Named objects go.
    Delete,
    /// Objects go that nobody named one by one, or without grace.
    Bulk,
    /// Data goes for good: disks, pruned images, a restored state.
    Irreversible,
}

/// At most this many targets are listed in a question.
const LISTED: usize = 20;

/// How often a waiting question looks whether a signal came.
const GLANCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// What must be answered before the work may begin.
#[derive(Debug, PartialEq, Eq)]
enum Demand {
    Nothing,
    /// Yes or no.
    Yes,
    /// These words, typed back one after the other.
    Words(Vec<String>),
}

impl Cx {
    /// Asks before objects are removed. `--yes` answers; without a person to ask it is a usage
    /// error that names the flag; anything but yes is a cancellation.
    pub fn confirm(&self, question: &Confirm<'_>) -> Result<()> {
        let risk = if question.bulk {
            Risk::Bulk
        } else {
            Risk::Delete
        };
        self.confirm_as(risk, question)
    }

    /// Asks as the risk demands. Dry runs need not call this.
    pub fn confirm_as(&self, risk: Risk, question: &Confirm<'_>) -> Result<()> {
        if question.targets.is_empty() {
            return Ok(());
        }
        let protection = self.config()?.protection(self.globals())?;
        let demand = self.demand(risk, question, &protection)?;
        let typed = match &demand {
            Demand::Nothing => return Ok(()),
            Demand::Yes => protection
                .name
                .iter()
                .any(|name| self.globals().confirm.contains(name)),
            Demand::Words(words) => words.iter().all(|w| self.globals().confirm.contains(w)),
        };
        if typed || (demand == Demand::Yes && self.globals().yes && !protection.is_on()) {
            return Ok(());
        }
        if !self.can_ask() {
            return match risk {
                // A script that stops a machine said so; only a person is asked twice.
                Risk::Undoable => Ok(()),
                _ => Err(refusal(question, &demand, &protection)),
            };
        }
        let text = self.question_text(risk, question, &protection);
        let agreed = match demand {
            Demand::Words(words) => ask_words(&text, question.verb, &words)?,
            _ => ask(&format!("{text}? [y/N] "))?,
        };
        if agreed {
            Ok(())
        } else {
            Err(Failure::new(Kind::Cancelled, "cancelled"))
        }
    }

    fn demand(
        &self,
        risk: Risk,
        question: &Confirm<'_>,
        protection: &Protection,
    ) -> Result<Demand> {
        let mut words: Vec<String> = Vec::new();
        if risk != Risk::Undoable {
            words.extend(protection.name.clone());
        }
        let name_typed = protection.type_name && risk != Risk::Undoable;
        if risk == Risk::Irreversible || name_typed {
            words.extend(word_for(question.targets));
        }
        words.dedup();
        let setting = self.config()?.text("preferences.confirm_destructive");
        let asks = match setting.as_deref() {
            Some("never" | "false") => false,
            Some("bulk") => risk != Risk::Delete,
            _ => true,
        };
        Ok(match risk {
            _ if !words.is_empty() => Demand::Words(words),
            Risk::Undoable if protection.is_on() => Demand::Yes,
            Risk::Undoable => Demand::Nothing,
            _ if asks => Demand::Yes,
            _ => Demand::Nothing,
        })
    }

    fn question_text(&self, risk: Risk, question: &Confirm<'_>, protection: &Protection) -> String {
        let place = self.place_text(&question.place);
        let about = subject(risk, question);
        let mut text = format!("{about}{place}");
        if let Some(name) = &protection.name {
            let warning = format!("{} \"{name}\" is protected", protection.what);
            let color = protection.color_code();
            let warning = report::paint(self.color_stderr(), color, &escape_cell(&warning));
            text = format!("{warning}\n{text}");
        }
        text
    }

    /// Where it happens, as far as that is known without the server.
    fn place_text(&self, place: &str) -> String {
        let globals = self.globals();
        let context = self.config().ok().and_then(|config| {
            let context = config.context(globals.context.as_deref()).ok()??;
            Some(context.name)
        });
        let server = match (&globals.endpoint, context) {
            (Some(endpoint), _) => format!("server {endpoint}"),
            (None, Some(context)) => format!("context {context}"),
            (None, None) => "the local server".to_owned(),
        };
        let on = if server.starts_with("context") {
            "in"
        } else {
            "on"
        };
        match place {
            "" => format!(" {on} {}", escape_cell(&server)),
            place => format!(" {}, {}", escape_cell(place), escape_cell(&server)),
        }
    }
}

/// The verb with its targets: a few in the sentence, many as a list above it.
fn subject(risk: Risk, question: &Confirm<'_>) -> String {
    let Confirm { verb, targets, .. } = question;
    let count = targets.len();
    let shown: Vec<String> = targets.iter().map(|target| escape_cell(target)).collect();
    if risk != Risk::Bulk && count <= 3 {
        let count = match count {
            1 => String::new(),
            count => format!("{count} objects: "),
        };
        return format!("{verb} {count}{}", shown.join(", "));
    }
    let listed = shown.iter().take(LISTED).fold(String::new(), |text, t| {
        let line = format!("  {t}\n");
        text + &line
    });
    let more = match count.saturating_sub(LISTED) {
        0 => String::new(),
        rest => format!("  and {rest} more\n"),
    };
    let these = match count {
        1 => "this object".to_owned(),
        count => format!("these {count} objects"),
    };
    format!("{listed}{more}{verb} {these}")
}

/// What is typed back for the targets: the name of one, the number of several.
fn word_for(targets: &[String]) -> Option<String> {
    match targets {
        [] => None,
        [one] => {
            let name = one.split_whitespace().next().unwrap_or(one);
            Some(name.rsplit('/').next().unwrap_or(name).to_owned())
        }
        several => Some(several.len().to_string()),
    }
}

fn refusal(question: &Confirm<'_>, demand: &Demand, protection: &Protection) -> Failure {
    let count = question.targets.len();
    let objects = if count == 1 { "object" } else { "objects" };
    let what = format!("{} {count} {objects}", question.verb);
    match demand {
        Demand::Words(words) => {
            let flag = format!("--confirm {}", shell_words::join([words.join(",")]));
            let why = match &protection.name {
                Some(name) => format!("{} \"{name}\" is protected", protection.what),
                None => "what is lost cannot be brought back".to_owned(),
            };
            Failure::usage(format!("refusing to {what} without being asked: {why}"))
                .with_hint(format!("go on without a question by adding: {flag}"))
        }
        _ => Failure::usage(format!("refusing to {what} without being asked"))
            .with_hint("go on without a question by adding: --yes"),
    }
}

/// Only `y` or `yes` is a yes; the end of input is a no.
fn ask(text: &str) -> Result<bool> {
    let answer = answer(text)?.unwrap_or_default();
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn ask_words(text: &str, verb: &str, words: &[String]) -> Result<bool> {
    let mut text = format!("{text}\n");
    for word in words {
        text = format!("{text}type {} to {verb}: ", escape_cell(word));
        if answer(&text)?.unwrap_or_default().trim() != word {
            return Ok(false);
        }
        text.clear();
    }
    Ok(true)
}

/// Shows `text` and reads one line; `None` at the end of input. A signal ends the wait and the
/// command.
fn answer(text: &str) -> Result<Option<String>> {
    let failed = |error: io::Error| Failure::new(Kind::Cancelled, format!("cannot ask: {error}"));
    progress::suspend(|| {
        let mut stderr = io::stderr();
        stderr
            .write_all(text.as_bytes())
            .and_then(|()| stderr.flush())
            .map_err(failed)?;
        while !readable() {
            if let Some(number) = signal::caught() {
                // The cursor still stands behind the question.
                drop(writeln!(stderr));
                return Err(Failure::new(Kind::Signal(number), "interrupted"));
            }
        }
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer).map_err(failed)?;
        if read == 0 {
            drop(writeln!(stderr));
        }
        Ok((read > 0).then_some(answer))
    })
}

/// Waits a moment for a line of standard input.
fn readable() -> bool {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut fds, Some(&GLANCE)) {
        Ok(ready) => ready > 0,
        // A terminal that cannot be polled can still be read.
        Err(error) => error != rustix::io::Errno::INTR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(targets: &[String], bulk: bool) -> Confirm<'_> {
        Confirm {
            verb: "delete",
            targets,
            place: "in namespace default".into(),
            bulk,
        }
    }

    #[test]
    fn questions_name_few_targets_inline_and_list_many() {
        let one = ["vm/a".to_owned()];
        assert_eq!(subject(Risk::Delete, &question(&one, false)), "delete vm/a");
        let two = ["vm/a".to_owned(), "vm/b".to_owned()];
        let text = subject(Risk::Delete, &question(&two, false));
        assert_eq!(text, "delete 2 objects: vm/a, vm/b");
        let many: Vec<String> = (0..23).map(|n| format!("vm/{n}")).collect();
        let text = subject(Risk::Bulk, &question(&many, true));
        assert!(
            text.ends_with("and 3 more\ndelete these 23 objects"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 22);
    }

    #[test]
    fn the_word_is_the_name_of_one_target_or_their_number() {
        assert_eq!(word_for(&["image/tiny (in x)".into()]).unwrap(), "tiny");
        assert_eq!(word_for(&["a".into(), "b".into()]).unwrap(), "2");
    }

    #[test]
    fn control_characters_of_names_do_not_reach_the_terminal() {
        let evil = ["vm/\u{1b}[2J".to_owned()];
        let text = subject(Risk::Delete, &question(&evil, false));
        assert_eq!(text, "delete vm/\\x1b[2J");
    }
}
