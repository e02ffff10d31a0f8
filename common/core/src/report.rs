//! Prints errors; nothing else does.

use std::io::Write;

use crate::Failure;
use crate::output::escape_cell;

/// How errors are shown.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Style {
    pub(crate) json: bool,
    pub(crate) color: bool,
    pub(crate) causes: bool,
    pub(crate) silent: bool,
}

pub(crate) const RED: &str = "\x1b[1;31m";
pub(crate) const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[36m";
const RESET: &str = "\x1b[0m";

pub(crate) fn paint(color: bool, code: &str, text: &str) -> String {
    if color {
        format!("{code}{text}{RESET}")
    } else {
        text.to_owned()
    }
}

/// Writes the failure to stderr in one piece.
pub(crate) fn print(failure: &Failure, style: Style) {
    if failure.is_silent() || style.silent {
        return;
    }
    let text = if style.json {
        failure.to_json().to_string() + "\n"
    } else {
        human(failure, style)
    };
    // With stderr closed there is nobody left to tell.
    crate::progress::suspend(|| drop(std::io::stderr().write_all(text.as_bytes())));
}

/// Prints a failure outside any tool's context, for programs that are not tools themselves.
pub fn print_failure(failure: &Failure) {
    print(failure, Style::default());
}

/// Writes text to stdout as it is; a closed pipe is a quiet end.
pub fn print_plain(text: &str) -> crate::Result<()> {
    let mut out = std::io::stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::silent(0),
        _ => Failure::new(
            crate::Kind::Failed,
            format!("cannot write the output: {error}"),
        ),
    })
}

fn human(failure: &Failure, style: Style) -> String {
    let mut text = paint(style.color, RED, "error:");
    text.push(' ');
    for (at, line) in failure.message().lines().enumerate() {
        if at > 0 {
            text.push_str("\n  ");
        }
        text.push_str(&escape_cell(line));
    }
    text.push('\n');
    if style.causes {
        for cause in failure.causes() {
            text = text + "  caused by: " + &escape_cell(cause) + "\n";
        }
    }
    for hint in failure.hints().iter().take(2) {
        let label = paint(style.color, CYAN, "hint:");
        text = text
            + "  "
            + &label
            + " "
            + &escape_cell(hint)
            + "
";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn errors_show_message_causes_when_verbose_and_at_most_two_hints() {
        let failure = Failure::new(Kind::NotFound, "vm \"a\" not found")
            .with_cause("inner")
            .with_hint("one")
            .with_hint("two")
            .with_hint("three");
        assert_eq!(
            human(&failure, Style::default()),
            "error: vm \"a\" not found\n  hint: one\n  hint: two\n"
        );
        let verbose = Style {
            causes: true,
            ..Style::default()
        };
        assert!(human(&failure, verbose).contains("  caused by: inner\n"));
    }
}
