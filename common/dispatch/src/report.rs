//! Problems and warnings as text on standard error.

use std::fmt::Write;

use crate::family::{Family, Voice};
use crate::input::Input;
use crate::json::Json;
use crate::problem::{Problem, did_you_mean};
use crate::text::plain;

/// The text of a problem, in the family's words or as one JSON line.
pub(crate) fn render(problem: &Problem, family: &Family, input: &Input) -> String {
    if wants_json(input) {
        return format!("{}\n", json(problem));
    }
    if family.voice == Voice::Dotnet {
        return dotnet(problem);
    }
    let mut out = format!("error: {problem}\n");
    for hint in problem.hints() {
        writeln!(out, "  hint: {hint}").unwrap_or_default();
    }
    out
}

/// `warning: ` lines, unless they are turned off.
pub(crate) fn warnings(lines: &[String], input: &Input) -> String {
    let off = input
        .vars
        .get("NOVA_WARNINGS")
        .is_some_and(|value| value == "off");
    if off || input.vars.get("NOVA_QUIET").is_some() {
        return String::new();
    }
    lines
        .iter()
        .flat_map(|line| ["warning: ", line, "\n"])
        .collect()
}

fn dotnet(problem: &Problem) -> String {
    match problem {
        Problem::Corrected { right, .. } => {
            format!("Error: the verb-first form is not supported. Try: {right}\n")
        }
        Problem::Unknown {
            family, word, near, ..
        } => {
            let word = plain(word);
            let mut out = format!("Error: unknown command \"{word}\" for \"{family}\"\n");
            if let Some(line) = did_you_mean(near) {
                writeln!(out, "{}{}", line[..1].to_uppercase(), &line[1..]).unwrap_or_default();
            }
            writeln!(out, "Run '{family} --help' for usage.").unwrap_or_default();
            out
        }
        other => format!("Error: {other}\n"),
    }
}

fn json(problem: &Problem) -> Json {
    let hints = problem.hints().into_iter().map(Json::Text).collect();
    Json::Object(vec![
        ("apiVersion", Json::text("nova.dev/v1")),
        ("kind", Json::text("Error")),
        ("class", Json::text(problem.class())),
        ("exitCode", Json::Number(problem.code().into())),
        ("message", Json::text(problem.to_string())),
        ("hints", Json::List(hints)),
        ("details", Json::Object(Vec::new())),
        ("requestId", Json::Null),
        ("retryable", Json::Bool(false)),
    ])
}

/// Whether errors are to be JSON. The line is not understood when there is an error to report,
/// so the options are looked for wherever they stand.
fn wants_json(input: &Input) -> bool {
    let is = |name: &str, values: &[&str]| {
        let value = input.vars.get(name).map(|value| value.to_string_lossy());
        value.is_some_and(|value| values.contains(&value.as_ref()))
    };
    if is("NOVA_ERROR_FORMAT", &["json"]) || is("NOVA_OUTPUT", &FORMATS) {
        return true;
    }
    let args: Vec<_> = input
        .args
        .iter()
        .skip(1)
        .map(|arg| arg.to_string_lossy())
        .collect();
    let own: Vec<&str> = args
        .iter()
        .map(AsRef::as_ref)
        .take_while(|arg| *arg != "--")
        .collect();
    let glued = |arg: &&str| {
        let value = arg
            .strip_prefix("--output=")
            .or_else(|| arg.strip_prefix("-o"));
        value.is_some_and(|value| FORMATS.contains(&value.trim_start_matches('=')))
    };
    let apart = |pair: &[&str]| matches!(pair[0], "-o" | "--output") && FORMATS.contains(&pair[1]);
    own.contains(&"--json-errors") || own.iter().any(glued) || own.windows(2).any(apart)
}

const FORMATS: [&str; 3] = ["json", "jsonl", "yaml"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, input, problem};

    fn stderr(line: &str) -> String {
        let input = input(line);
        render(
            &problem(&Fake::default(), line),
            &Family::named(&input.called()),
            &input,
        )
    }

    #[test]
    fn an_error_is_a_sentence_with_at_most_two_hints() {
        assert_eq!(
            stderr("nova vmm"),
            "error: \"vmm\" is not a nova command\n  hint: did you mean \"vm\"?\n  \
             hint: see all commands: nova help -a\n"
        );
        assert!(stderr("nova vm").starts_with("error: nova-vm is not installed\n  hint: "));
    }

    #[test]
    fn gonuget_speaks_as_its_reference_says() {
        assert_eq!(
            stderr("gonuget add package Foo"),
            "Error: the verb-first form is not supported. Try: gonuget package add\n"
        );
        assert_eq!(
            stderr("gonuget pakage"),
            "Error: unknown command \"pakage\" for \"gonuget\"\nDid you mean \"package\"?\n\
             Run 'gonuget --help' for usage.\n"
        );
    }

    #[test]
    fn json_is_asked_for_wherever_the_option_stands() {
        for line in [
            "nova -o json vmm",
            "nova vmm -o json",
            "nova vmm list -ojson",
            "nova vmm --output=yaml",
            "nova --json-errors vmm",
            "nova vmm x --output jsonl",
        ] {
            let text = stderr(line);
            assert!(
                text.contains("\"class\":\"usage\",\"exitCode\":2,"),
                "{line}: {text}"
            );
            assert_eq!(text.lines().count(), 1);
        }
        assert!(stderr("nova vmm -- -o json").starts_with("error: "));
        assert!(stderr("nova vmm -o name").starts_with("error: "));
    }
}
