//! From a place on the command line to words.

use std::ffi::OsString;

use clap::builder::ValueHint;
use clap::{Arg, Command};

use super::walk::{Walk, is_many, takes_value};
use super::{Answer, Bits, Candidate, added_verbs, verbs};

/// What can stand at the cursor.
pub(crate) fn answer(tool: &str, walk: &Walk<'_>) -> Answer {
    if let Some(rest) = &walk.stray {
        return Answer::Extension(rest.clone());
    }
    let current = walk.current.as_str();
    if let Some(flag) = walk.pending {
        return Value {
            tool,
            walk,
            arg: flag,
            head: "",
            typed: current,
        }
        .answer();
    }
    if !walk.escaped && !walk.helping && current.starts_with('-') && current != "-" {
        return flags(tool, walk);
    }
    let at_verb = !walk.escaped && walk.positionals.is_empty() && walk.command.has_subcommands();
    let required = walk.command.is_subcommand_required_set();
    match walk.positional().filter(|_| !walk.helping) {
        Some(arg) if !(at_verb && required) => Value {
            tool,
            walk,
            arg,
            head: "",
            typed: current,
        }
        .answer(),
        _ if at_verb => words(verb_candidates(walk), current),
        _ => Answer::Words(Vec::new(), Bits::NO_FILES),
    }
}

/// Those that begin with what was typed.
fn words(all: Vec<Candidate>, typed: &str) -> Answer {
    let fits = |candidate: &Candidate| candidate.value.starts_with(typed);
    Answer::Words(all.into_iter().filter(fits).collect(), Bits::NO_FILES)
}

fn verb_candidates(walk: &Walk<'_>) -> Vec<Candidate> {
    let about = |verb: &Command| {
        verb.get_about()
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    let mut all: Vec<Candidate> = verbs(walk.command)
        .map(|verb| Candidate::new(verb.get_name(), about(verb)))
        .collect();
    // Aliases that nobody typed the beginning of would only repeat the list.
    if !walk.current.is_empty() && !all.iter().any(|verb| verb.value.starts_with(&walk.current)) {
        all.extend(verbs(walk.command).flat_map(|verb| {
            let aliases = verb.get_all_aliases();
            aliases.map(move |alias| Candidate::new(alias, about(verb)))
        }));
    }
    if walk.path.is_empty() {
        all.extend(added_verbs());
    }
    if !walk.helping {
        all.push(Candidate::new("help", "Explain a command"));
    }
    all
}

fn flags(tool: &str, walk: &Walk<'_>) -> Answer {
    let current = walk.current.as_str();
    if let Some((name, typed)) = current.split_once('=')
        && let Some(flag) = walk.flag(|flag| flag.get_long() == name.strip_prefix("--"))
    {
        let head = &current[..=name.len()];
        return Value {
            tool,
            walk,
            arg: flag,
            head,
            typed,
        }
        .answer();
    }
    if let Some(joined) = joined_short(tool, walk) {
        return joined;
    }
    let free = |flag: &&Arg| {
        let used = walk
            .given
            .iter()
            .any(|(given, _)| given.get_id() == flag.get_id());
        !flag.is_hide_set() && (is_many(flag) || !used)
    };
    let mut all: Vec<Candidate> = walk
        .flags()
        .filter(free)
        .filter_map(long_candidate)
        .collect();
    all.push(Candidate::new("--help", "Print help"));
    words(all, current)
}

fn long_candidate(flag: &Arg) -> Option<Candidate> {
    let about = flag.get_help().map(ToString::to_string).unwrap_or_default();
    Some(Candidate::new(format!("--{}", flag.get_long()?), about))
}

/// `-nprod`: the value follows the letter.
fn joined_short(tool: &str, walk: &Walk<'_>) -> Option<Answer> {
    let current = walk.current.as_str();
    let mut letters = current.strip_prefix('-')?.chars();
    let letter = letters.next().filter(|letter| *letter != '-')?;
    let flag = walk.flag(|flag| flag.get_short() == Some(letter))?;
    if !takes_value(flag) {
        // `-A` is complete as it is.
        let whole = Candidate::new(current, "");
        return Some(Answer::Words(vec![whole], Bits::NO_FILES));
    }
    let typed = letters.as_str();
    let head = &current[..current.len() - typed.len()];
    Some(
        Value {
            tool,
            walk,
            arg: flag,
            head,
            typed,
        }
        .answer(),
    )
}

/// A value of a flag or argument.
struct Value<'a, 'c> {
    tool: &'a str,
    walk: &'a Walk<'c>,
    arg: &'a Arg,
    /// What stands before the value in the same word, such as `--image=`.
    head: &'a str,
    typed: &'a str,
}

impl Value<'_, '_> {
    fn answer(&self) -> Answer {
        let (head, typed) = self.last_item();
        let fixed: Vec<Candidate> = self
            .arg
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set() && value.get_name().starts_with(typed))
            .map(|value| {
                let about = value
                    .get_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                Candidate::new(format!("{head}{}", value.get_name()), about)
            })
            .collect();
        if !self.arg.get_possible_values().is_empty() {
            return Answer::Words(fixed, Bits::NO_FILES);
        }
        match self.files() {
            Some(dirs) => Answer::Files { dirs },
            None => Answer::Values(self.question(&head, typed)),
        }
    }

    /// Of `a,b,c` only `c` is being typed.
    fn last_item(&self) -> (String, &str) {
        let cut = self.arg.get_value_delimiter();
        let at = cut.and_then(|comma| Some(self.typed.rfind(comma)? + comma.len_utf8()));
        let (done, typed) = self.typed.split_at(at.unwrap_or(0));
        (format!("{}{done}", self.head), typed)
    }

    /// Whether a file is wanted, and if so whether a folder.
    fn files(&self) -> Option<bool> {
        let name = self.value_name();
        let parts = || name.split('|');
        match self.arg.get_value_hint() {
            ValueHint::DirPath => Some(true),
            ValueHint::AnyPath | ValueHint::FilePath | ValueHint::ExecutablePath => Some(false),
            _ if parts().any(|part| part == "DIR") => Some(true),
            _ if parts().any(|part| matches!(part, "FILE" | "PATH" | "COMMAND")) => Some(false),
            _ => None,
        }
    }

    fn value_name(&self) -> String {
        let names = self.arg.get_value_names().unwrap_or_default();
        names.first().map(ToString::to_string).unwrap_or_default()
    }

    /// What `nova-completion` is asked: tool, verbs, argument, its value's name, what stands
    /// before it, what was typed of it, and the arguments so far.
    fn question(&self, head: &str, typed: &str) -> Vec<OsString> {
        let argument = self
            .arg
            .get_long()
            .unwrap_or_else(|| self.arg.get_id().as_str());
        let own = if self.arg.is_positional() { "" } else { "--" };
        let fixed = [
            self.tool.to_owned(),
            self.walk.path.join(" "),
            format!("{own}{argument}"),
            self.value_name(),
            head.to_owned(),
            typed.to_owned(),
        ];
        let before = self.walk.positionals.iter().cloned();
        fixed
            .into_iter()
            .chain(before)
            .map(OsString::from)
            .collect()
    }
}
