//! Command lines that are not understood: clap's findings in our words.

use clap::error::{ContextKind, ContextValue, Error};

use crate::{Failure, suggest};

/// The sentence, what was meant, the usage line, and where to read more: two hints at most.
pub(crate) fn failure(error: &Error) -> Failure {
    let text = error.render().to_string();
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: "));
    let mut hints: Vec<String> = meant(error).into_iter().collect();
    hints.extend(usage.map(|usage| format!("usage: {usage}")));
    hints.extend(usage.map(|usage| format!("more: {} --help", words(usage))));
    let failure = Failure::usage(sentence(error, &text, usage));
    hints.into_iter().take(2).fold(failure, Failure::with_hint)
}

/// What is wrong, in one line.
fn sentence(error: &Error, text: &str, usage: Option<&str>) -> String {
    if let Some(verb) = string(error, ContextKind::InvalidSubcommand) {
        let command = usage.map(|usage| words(usage) + " ").unwrap_or_default();
        return format!("there is no command \"{command}{verb}\"");
    }
    let body = text.strip_prefix("error: ").unwrap_or(text);
    let (message, _) = body.split_once("\n\n").unwrap_or((body, ""));
    message.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The command of a usage line: its words before the first flag or argument.
fn words(usage: &str) -> String {
    let plain = |word: &&str| !word.starts_with(['[', '<', '-']) && *word != word.to_uppercase();
    let words: Vec<&str> = usage.split(' ').take_while(plain).collect();
    words.join(" ")
}

/// What may have been meant. Our own word for it beats words that merely look alike.
fn meant(error: &Error) -> Option<String> {
    if let Some(verb) = string(error, ContextKind::InvalidSubcommand) {
        let alike = strings(error, ContextKind::SuggestedSubcommand);
        return synonym(verb).or_else(|| nearest(verb, &alike));
    }
    if let Some(value) = string(error, ContextKind::InvalidValue).filter(|v| !v.is_empty()) {
        let alike = strings(error, ContextKind::SuggestedValue);
        return nearest(value, &alike);
    }
    let flag = string(error, ContextKind::InvalidArg)?;
    nearest(flag, &strings(error, ContextKind::SuggestedArg))
}

/// The best of clap's suggestions, in our order; whatever it suggests, where nothing is near.
fn nearest(word: &str, alike: &[&str]) -> Option<String> {
    suggest::hint(word, alike.iter().copied()).or_else(|| {
        alike
            .first()
            .map(|first| format!("did you mean \"{first}\"?"))
    })
}

/// Verbs of other tools that mean one of ours.
fn synonym(verb: &str) -> Option<String> {
    let ours = match verb {
        "remove" | "destroy" | "del" | "kill" => "delete",
        "new" | "add" | "launch" | "run" | "up" => "create",
        "show" | "info" | "inspect" => "describe",
        "status" | "ps" => "list",
        "reboot" => "restart",
        "shutdown" | "poweroff" | "halt" => "stop",
        "boot" | "poweron" => "start",
        "shell" | "ssh" => "exec",
        _ => return None,
    };
    suggest::hint(ours, [ours])
}

fn string(error: &Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

fn strings(error: &Error, kind: ContextKind) -> Vec<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text],
        Some(ContextValue::Strings(texts)) => texts.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, Command};

    fn told(line: &str) -> (String, Vec<String>) {
        let format = Arg::new("format")
            .long("format")
            .value_parser(["json", "table"]);
        let verbs = ["create", "update", "delete"].map(Command::new);
        let vm = Command::new("vm")
            .bin_name("nova vm")
            .arg(format)
            .arg(Arg::new("dry-run").long("dry-run"))
            .subcommands(verbs);
        let failure = failure(&vm.try_get_matches_from(line.split(' ')).unwrap_err());
        (failure.to_string(), failure.hints().to_vec())
    }

    #[test]
    fn the_word_that_was_meant_comes_first() {
        let (message, hints) = told("vm crate");
        assert_eq!(message, "there is no command \"nova vm crate\"");
        assert_eq!(hints[0], "did you mean \"create\"?");
        assert!(hints[1].starts_with("usage: nova vm "), "{hints:?}");
        assert_eq!(told("vm destroy").1[0], "did you mean \"delete\"?");
        assert_eq!(told("vm --dry-rum x").1[0], "did you mean \"--dry-run\"?");
        assert_eq!(told("vm --format jsn").1[0], "did you mean \"json\"?");
    }

    #[test]
    fn without_an_idea_there_is_the_help() {
        let (message, hints) = told("vm --zzz");
        assert_eq!(message, "unexpected argument '--zzz' found");
        assert_eq!(hints.len(), 2);
        assert_eq!(hints[1], "more: nova vm --help");
    }

    #[test]
    fn a_usage_line_begins_with_its_command() {
        assert_eq!(words("nova vm list [OPTIONS] [PATTERN]..."), "nova vm list");
        assert_eq!(words("nova config set KEY VALUE"), "nova config set");
    }
}
