//! Where the cursor is: which verb, after which flags, at which argument.
//!
//! The words before it are read as clap will read them, without its errors: a line that is being
//! typed is rarely complete.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use crate::env;

/// A command line read up to the cursor.
#[derive(Debug)]
pub(crate) struct Walk<'c> {
    pub(crate) command: &'c Command,
    /// Flags that every verb takes.
    globals: Vec<&'c Arg>,
    /// Verbs so far.
    pub(crate) path: Vec<&'c str>,
    /// Arguments of the verb so far, flags left out.
    pub(crate) positionals: Vec<String>,
    /// Flags given so far, with their values.
    pub(crate) given: Vec<(&'c Arg, Option<String>)>,
    /// The flag whose value the cursor is at.
    pub(crate) pending: Option<&'c Arg>,
    /// A word that ought to be a verb and is none, with everything after it.
    pub(crate) stray: Option<Vec<OsString>>,
    /// After `--`.
    pub(crate) escaped: bool,
    /// After the word `help`: verbs only.
    pub(crate) helping: bool,
    /// The word at the cursor.
    pub(crate) current: String,
}

impl<'c> Walk<'c> {
    /// Reads `words`; the last is the one at the cursor.
    pub(crate) fn over(command: &'c Command, words: &[OsString]) -> Self {
        let mut walk = Self {
            command,
            globals: command
                .get_arguments()
                .filter(|a| a.is_global_set())
                .collect(),
            path: Vec::new(),
            positionals: Vec::new(),
            given: Vec::new(),
            pending: None,
            stray: None,
            escaped: false,
            helping: false,
            current: String::new(),
        };
        let Some((current, before)) = words.split_last() else {
            return walk;
        };
        walk.current = current.to_string_lossy().into_owned();
        for (index, word) in before.iter().enumerate() {
            walk.step(&word.to_string_lossy());
            if walk.stray.is_some() {
                walk.stray = Some(words[index..].to_vec());
                break;
            }
        }
        // A flag with an optional value takes it only when the word does not look like a flag.
        if walk.current.starts_with('-') && walk.pending.is_some_and(optional) {
            walk.pending = None;
        }
        walk
    }

    fn step(&mut self, word: &str) {
        if let Some(flag) = self.pending.take()
            && !(optional(flag) && word.starts_with('-'))
        {
            self.given.push((flag, Some(word.to_owned())));
        } else if self.escaped || word == "-" || !word.starts_with('-') {
            self.word(word);
        } else if word == "--" {
            self.escaped = true;
        } else if let Some(long) = word.strip_prefix("--") {
            self.long(long);
        } else {
            self.cluster(&word[1..]);
        }
    }

    fn word(&mut self, word: &str) {
        let verb = self.command.get_subcommands().find(|verb| {
            verb.get_name() == word || verb.get_all_aliases().any(|alias| alias == word)
        });
        let expected = !self.escaped && self.positionals.is_empty();
        match verb.filter(|_| expected) {
            Some(verb) => {
                self.command = verb;
                self.path.push(verb.get_name());
            }
            None if expected && word == "help" && self.command.has_subcommands() => {
                self.helping = true;
            }
            None if expected && self.command.is_subcommand_required_set() => {
                self.stray = Some(Vec::new());
            }
            None => self.positionals.push(word.to_owned()),
        }
    }

    fn long(&mut self, text: &str) {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if let Some(flag) = self.flag(|flag| is_called(flag, name)) {
            self.take(flag, value);
        }
    }

    /// `-xyz`: flags until one takes the rest as its value.
    fn cluster(&mut self, text: &str) {
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            let Some(flag) = self.flag(|flag| flag.get_short() == Some(letter)) else {
                return;
            };
            let value = rest.as_str().trim_start_matches('=');
            let valued = takes_value(flag);
            self.take(
                flag,
                (valued && !value.is_empty()).then(|| value.to_owned()),
            );
            if valued {
                return;
            }
        }
    }

    fn take(&mut self, flag: &'c Arg, value: Option<String>) {
        if value.is_none() && takes_value(flag) && !flag.is_require_equals_set() {
            self.pending = Some(flag);
        } else {
            self.given.push((flag, value));
        }
    }

    /// The flags that this verb takes, its own first.
    pub(crate) fn flags(&self) -> impl Iterator<Item = &'c Arg> {
        let own = self.command.get_arguments().filter(|arg| !is_global(arg));
        own.chain(self.globals.iter().copied())
            .filter(|arg| !arg.is_positional())
    }

    pub(crate) fn flag(&self, wanted: impl Fn(&Arg) -> bool) -> Option<&'c Arg> {
        self.flags().find(|flag| wanted(flag))
    }

    /// The argument that the word at the cursor is, when it is neither flag nor verb.
    pub(crate) fn positional(&self) -> Option<&'c Arg> {
        let mut left = self.positionals.len();
        for arg in self.command.get_positionals() {
            if arg.is_last_set() && !self.escaped {
                continue;
            }
            if left == 0 || is_many(arg) {
                return Some(arg);
            }
            left -= 1;
        }
        None
    }

    /// Flags that decide what is asked of which server, as the variables that stand for them.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let names = [
            ("namespace", env::NOVA_NAMESPACE),
            ("context", env::NOVA_CONTEXT),
            ("endpoint", env::NOVA_ENDPOINT),
        ];
        let value = |flag: &str| {
            let given = self.given.iter().rev();
            let mut found = given.filter(|(arg, _)| arg.get_long() == Some(flag));
            found.next()?.1.clone()
        };
        names
            .into_iter()
            .filter_map(|(flag, variable)| Some((variable, value(flag)?)))
            .collect()
    }
}

fn is_global(arg: &Arg) -> bool {
    arg.is_global_set()
}

fn is_called(flag: &Arg, name: &str) -> bool {
    let aliases = flag.get_all_aliases().unwrap_or_default();
    flag.get_long() == Some(name) || aliases.contains(&name)
}

/// Whether the flag is followed by a value, if only by an optional one.
pub(crate) fn takes_value(flag: &Arg) -> bool {
    let none = flag
        .get_num_args()
        .is_some_and(|range| range.max_values() == 0);
    flag.get_action().takes_values() && !none
}

fn optional(flag: &Arg) -> bool {
    flag.get_num_args()
        .is_some_and(|range| range.min_values() == 0)
}

/// Whether an argument takes all words that follow, or a flag may be given again.
pub(crate) fn is_many(arg: &Arg) -> bool {
    let several = arg
        .get_num_args()
        .is_some_and(|range| range.max_values() > 1);
    several || matches!(arg.get_action(), ArgAction::Append | ArgAction::Count)
}
