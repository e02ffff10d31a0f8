//! `nova-completion __values`: the values of one argument.
//!
//! ```text
//! TOOL VERBS ARGUMENT VALUE_NAME HEAD TYPED [BEFORE…]
//! nova-vm "stop" names NAME "" we          names of virtual machines that begin with "we"
//! nova-vm "create" --image IMAGE --image= t   images, each after "--image="
//! ```

mod configured;
mod fixed;
mod names;
mod slots;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::complete::{Bits, Candidate, render};

use slots::Source;

/// A question as a tool asks it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) tool: String,
    pub(crate) verbs: String,
    pub(crate) argument: String,
    pub(crate) value_name: String,
    /// What stands before the value in the same word.
    pub(crate) head: String,
    /// What was typed of the value.
    pub(crate) typed: String,
    /// Arguments before this one.
    pub(crate) before: Vec<String>,
}

impl Question {
    fn read(words: &[OsString]) -> Option<Self> {
        let mut words = words.iter().map(|word| word.to_string_lossy().into_owned());
        Some(Self {
            tool: words.next()?,
            verbs: words.next()?,
            argument: words.next()?,
            value_name: words.next()?,
            head: words.next()?,
            typed: words.next()?,
            before: words.collect(),
        })
    }
}

/// Prints what fits, or nothing at all: a Tab has no use for errors.
pub(crate) fn answer(words: &[OsString]) -> ExitCode {
    let found = Question::read(words).map(|question| {
        let source = slots::source(&question);
        let mut found = candidates(&source, &question);
        for candidate in &mut found {
            candidate.value.insert_str(0, &question.head);
        }
        let bits = Bits::NO_FILES | open_end(&found);
        render(&found, bits)
    });
    let text = found.unwrap_or_else(|| render(&[], Bits::NO_FILES));
    drop(nova_core::print_plain(&text));
    ExitCode::SUCCESS
}

/// Words that want something after them get no blank.
fn open_end(found: &[Candidate]) -> u8 {
    let open = |candidate: &Candidate| candidate.value.ends_with(['=', '/', ',']);
    if !found.is_empty() && found.iter().all(open) {
        Bits::NO_SPACE
    } else {
        0
    }
}

fn candidates(source: &Source, question: &Question) -> Vec<Candidate> {
    match source {
        Source::Nothing => Vec::new(),
        Source::Fixed(words) => fixed::matching(words, &question.typed),
        Source::Formats => fixed::formats(&question.typed),
        Source::Conditions => fixed::conditions(&question.typed),
        Source::Objects(plural) => names::objects(plural, question),
        Source::Kinds => names::kinds(question),
        Source::Labels { plural, values } => names::labels(plural, *values, question),
        Source::Configured(what) => configured::matching(*what, question),
    }
}

/// Names of the objects of a kind that begin with what was typed; for manifests of extensions.
pub(crate) fn names_of(kind: &str, typed: &str) -> Vec<Candidate> {
    let question = Question {
        tool: String::new(),
        verbs: String::new(),
        argument: String::new(),
        value_name: String::new(),
        head: String::new(),
        typed: typed.to_owned(),
        before: Vec::new(),
    };
    slots::kind_called(kind).map_or_else(Vec::new, |plural| names::objects(plural, &question))
}
