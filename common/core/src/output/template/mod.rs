//! Go's template language, as kubectl's `-o go-template` has it, with a few functions more.
//!
//! The toolkit has an engine of its own because values are JSON, numbers must print as Go's do, and
//! the ready-made one costs 330 kB in every tool. [`Template::parse`] finds every fault of grammar,
//! unknown functions and variables included; [`Template::print`] runs it and answers what was
//! printed even when it then fails, since kubectl's users see that too.

mod exec;
mod format;
mod funcs;
mod lex;
mod ours;
mod parse;
mod text;
mod value;

use std::collections::BTreeMap;

use serde_json::Value;

/// Why a template cannot be used. Lines count from 1 and columns from 0, as Go counts them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not parse.
    #[error("{line}:{column}: {message}")]
    Parse {
        /// Line of the fault.
        line: usize,
        /// Byte in that line.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// It does not fit the object.
    #[error("{line}:{column}: {message}")]
    Execute {
        /// Line of the fault.
        line: usize,
        /// Byte in that line.
        column: usize,
        /// What is wrong.
        message: String,
    },
}

/// What a template may know of its surroundings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings {
    /// The current time, for `timeago`.
    pub now: jiff::Timestamp,
    /// Whether `autocolor` colours.
    pub color: bool,
}

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
    /// The body under the empty name, then what `define` and `block` made.
    bodies: BTreeMap<String, Vec<parse::Node>>,
    strict: bool,
}

impl Template {
    /// Parses a template.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bodies = parse::parse(text).map_err(|fault| {
            let (line, column) = place(text, fault.at);
            Error::Parse {
                line,
                column,
                message: fault.message,
            }
        })?;
        Ok(Self {
            text: text.to_owned(),
            bodies,
            strict: false,
        })
    }

    /// Makes a missing key an error instead of `<no value>`.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// What was printed, and how it ended.
    pub fn print(&self, data: &Value, surroundings: Surroundings) -> (String, Result<(), Error>) {
        let (out, end) = exec::run(&self.bodies, data, self.strict, surroundings);
        let end = end.map_err(|fault| {
            let (line, column) = place(&self.text, fault.at);
            Error::Execute {
                line,
                column,
                message: fault.message,
            }
        });
        (out, end)
    }
}

/// A fault at a byte of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    at: usize,
    message: String,
}

impl Fault {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count();
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1);
    (line, before.len() - start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(template: &str) -> (String, Result<(), Error>) {
        let data = json!({
            "name": "web", "n": 2, "load": 0.25, "nul": null,
            "list": [{"k": "a", "on": true}, {"k": "b", "on": false}], "map": {"x": 1, "y": [1]},
            "at": "2025-01-02T03:04:05Z",
        });
        let now = "2025-01-02T04:04:05Z".parse().unwrap();
        match Template::parse(template) {
            Ok(parsed) => parsed.print(&data, Surroundings { now, color: false }),
            Err(error) => (String::new(), Err(error)),
        }
    }

    fn text(template: &str) -> String {
        let (text, end) = run(template);
        end.unwrap();
        text
    }

    #[test]
    fn blocks_nest_and_scopes_end() {
        let cases = [
            (
                "{{range $i, $e := .list}}{{if $i}}, {{end}}{{$e.k}}{{end}}",
                "a, b",
            ),
            ("{{$x := 1}}{{range .list}}{{$x = 5}}{{end}}{{$x}}", "5"),
            ("{{$x := 1}}{{with .name}}{{$x := 2}}{{end}}{{$x}}", "1"),
            (
                "{{with .no}}a{{else with .name}}{{.}}{{else}}c{{end}}",
                "web",
            ),
            ("{{if .no}}a{{else if .n}}b{{else}}c{{end}}", "b"),
            (
                "{{block \"b\" .n}}<{{.}}>{{end}}{{template \"b\" 3}}",
                "<2><3>",
            ),
            ("a {{- /* c */ -}} b", "ab"),
            (
                "{{range $k, $v := .map}}{{$k}}:{{$v}};{{end}}",
                "x:1;y:[1];",
            ),
            ("{{range 3}}{{.}}{{end}}", "012"),
        ];
        for (template, wanted) in cases {
            assert_eq!(text(template), wanted, "{template}");
        }
    }

    #[test]
    fn our_functions_do_what_they_say() {
        let cases = [
            ("{{join \",\" (pluck \"k\" .list)}}", "a,b"),
            ("{{timeago .at}}", "60m"),
            ("{{timefmt \"02 Jan 2006 15:04\" .at}}", "02 Jan 2025 03:04"),
            ("{{truncate 3 \"abcdef\"}}|{{truncate 9 .name}}", "ab…|web"),
            (
                "{{tablerow .name .n}}{{tablerow \"x\" 10}}{{tablerender}}",
                "web   2\nx     10\n",
            ),
            (
                "{{autocolor \"red\" .name}}{{hyperlink \"http://x\" .name}}",
                "webweb",
            ),
            (
                "{{toJson .map}} {{quote .name}}",
                "{\"x\":1,\"y\":[1]} \"web\"",
            ),
        ];
        for (template, wanted) in cases {
            assert_eq!(text(template), wanted, "{template}");
        }
    }

    #[test]
    fn faults_name_their_place() {
        let (out, end) = run("a\n {{index .list 7}}");
        assert_eq!(out, "a\n ");
        assert_eq!(
            end.unwrap_err().to_string(),
            "2:3: error calling index: index out of range: 7"
        );
        for wrong in [
            "{{",
            "{{.a",
            "{{end}}",
            "{{if}}x{{end}}",
            "{{$x}}",
            "{{break}}",
            "{{no .}}",
            "{{range .a}}",
            "{{template}}",
            "{{\"a}}",
            "{{.a | 3}}",
            "{{(.a}}",
            "{{else}}",
        ] {
            assert!(
                matches!(Template::parse(wrong), Err(Error::Parse { .. })),
                "{wrong}"
            );
        }
    }

    #[test]
    fn templates_without_an_end_are_ended() {
        let (_, end) = run(
            "{{define \"a\"}}{{template \"a\" .}}{{template \"a\" .}}{{end}}{{template \"a\" .}}",
        );
        assert!(end.unwrap_err().to_string().contains("too deep"));
    }
}
