//! The few commands that a simulated guest knows, and just enough shell to combine them.

use std::time::Duration;

use tokio::sync::mpsc;

use super::guest::KERNEL;
use crate::engine::{EngineError, ExecOutput};

/// Bytes per message of generated output.
const CHUNK: usize = 64 * 1024;

/// What a command sees of its guest.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) host: String,
    pub(super) env: Vec<(String, String)>,
    pub(super) cwd: Option<String>,
    pub(super) user: Option<String>,
}

/// Runs commands against three streams.
pub(super) struct Shell {
    guest: Guest,
    stdin: mpsc::Receiver<Vec<u8>>,
    outputs: mpsc::Sender<Result<ExecOutput, EngineError>>,
}

/// How a command of a list depends on the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    Always,
    IfTrue,
    IfFalse,
}

#[derive(Debug, PartialEq, Eq)]
struct Step {
    joint: Joint,
    words: Vec<String>,
    to_stderr: bool,
}

/// What the shell does after a command.
enum Flow {
    Next(i32),
    Exit(i32),
}

impl Shell {
    pub(super) fn new(
        guest: Guest,
        stdin: mpsc::Receiver<Vec<u8>>,
        outputs: mpsc::Sender<Result<ExecOutput, EngineError>>,
    ) -> Self {
        Self {
            guest,
            stdin,
            outputs,
        }
    }

    /// Runs one command line given as words and answers its exit code.
    pub(super) async fn run(mut self, words: Vec<String>) -> i32 {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["sh" | "/bin/sh", "-c", script, ..] => self.script(script).await,
            words => match self.command(words, false).await {
                Flow::Next(code) | Flow::Exit(code) => code,
            },
        }
    }

    async fn script(&mut self, script: &str) -> i32 {
        let mut code = 0;
        for step in parse(script) {
            let skipped = match step.joint {
                Joint::Always => false,
                Joint::IfTrue => code != 0,
                Joint::IfFalse => code == 0,
            };
            if skipped {
                continue;
            }
            let words: Vec<_> = step.words.iter().map(String::as_str).collect();
            match self.command(&words, step.to_stderr).await {
                Flow::Next(next) => code = next,
                Flow::Exit(code) => return code,
            }
        }
        code
    }

    async fn command(&mut self, words: &[&str], to_stderr: bool) -> Flow {
        let code = match words {
            [] | ["true" | ":", ..] => 0,
            ["false", ..] => 1,
            ["exit"] => return Flow::Exit(0),
            ["exit", code, ..] => return Flow::Exit(code.parse().unwrap_or(2)),
            ["sleep", time, ..] => {
                tokio::time::sleep(Duration::from_secs_f64(time.parse().unwrap_or(0.0))).await;
                0
            }
            ["cat"] => self.copy_stdin(to_stderr).await,
            ["head", "-c", count, "/dev/zero"] => {
                self.zeroes(count.parse().unwrap_or(0), to_stderr).await
            }
            [program, arguments @ ..] => {
                if let Some(text) = self.text(program, arguments) {
                    self.write(text.into_bytes(), to_stderr).await
                } else {
                    let text = format!("{program}: not found\n");
                    self.write(text.into_bytes(), true).await;
                    127
                }
            }
        };
        Flow::Next(code)
    }

    /// What a command that only prints prints.
    fn text(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let line = match (program, arguments) {
            ("echo", ["-n", rest @ ..]) => return Some(rest.join(" ")),
            ("echo", words) => words.join(" "),
            ("uname", ["-a"]) => {
                format!("Linux {} {KERNEL} #1 SMP x86_64 GNU/Linux", self.guest.host)
            }
            ("uname", ["-r"]) => KERNEL.into(),
            ("uname", _) => "Linux".into(),
            ("hostname", _) => self.guest.host.clone(),
            ("pwd", _) => self.guest.cwd.clone().unwrap_or_else(|| "/".into()),
            ("whoami" | "id", _) => self.guest.user.clone().unwrap_or_else(|| "root".into()),
            ("env", _) => {
                let lines = self
                    .guest
                    .env
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"));
                lines.collect::<Vec<_>>().join("\n")
            }
            _ => return None,
        };
        Some(line + "\n")
    }

    async fn copy_stdin(&mut self, to_stderr: bool) -> i32 {
        while let Some(bytes) = self.stdin.recv().await {
            self.write(bytes, to_stderr).await;
        }
        0
    }

    async fn zeroes(&mut self, mut left: usize, to_stderr: bool) -> i32 {
        while left > 0 {
            let now = left.min(CHUNK);
            self.write(vec![0; now], to_stderr).await;
            left -= now;
        }
        0
    }

    /// Writes; a reader that is gone ends the session from outside.
    async fn write(&self, bytes: Vec<u8>, to_stderr: bool) -> i32 {
        let output = if to_stderr {
            ExecOutput::Stderr(bytes)
        } else {
            ExecOutput::Stdout(bytes)
        };
        drop(self.outputs.send(Ok(output)).await);
        0
    }
}

/// Splits a script at `;`, newline, `&&` and `||`; quotes keep, `>&2` sends a command to stderr.
fn parse(script: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = Step {
        joint: Joint::Always,
        words: Vec::new(),
        to_stderr: false,
    };
    for word in split(script) {
        let joint = match word.as_str() {
            "\u{0};" => Joint::Always,
            "\u{0}&&" => Joint::IfTrue,
            "\u{0}||" => Joint::IfFalse,
            ">&2" | "1>&2" => {
                step.to_stderr = true;
                continue;
            }
            _ => {
                step.words.push(word);
                continue;
            }
        };
        let next = Step {
            joint,
            words: Vec::new(),
            to_stderr: false,
        };
        steps.push(std::mem::replace(&mut step, next));
    }
    steps.push(step);
    steps.retain(|step| !step.words.is_empty());
    steps
}

/// Words of a script; operators carry a NUL in front, which no word can hold.
fn split(script: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ';' | '\n') => {
                words.extend(word.take());
                words.push("\u{0};".into());
            }
            (None, '&' | '|') if chars.peek() == Some(&c) && word.as_deref() != Some(">") => {
                chars.next();
                words.extend(word.take());
                words.push(format!("\u{0}{c}{c}"));
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_split_at_operators_outside_quotes() {
        let steps = parse("echo 'a; b' && false || echo err >&2; exit 7");
        let words: Vec<_> = steps.iter().map(|step| step.words.join(" ")).collect();
        assert_eq!(words, ["echo a; b", "false", "echo err", "exit 7"]);
        let joints: Vec<_> = steps.iter().map(|step| step.joint).collect();
        assert_eq!(
            joints,
            [Joint::Always, Joint::IfTrue, Joint::IfFalse, Joint::Always]
        );
        assert!(steps[2].to_stderr && !steps[0].to_stderr);
    }

    #[test]
    fn an_empty_quoted_word_stays_a_word() {
        assert_eq!(split("echo '' x"), ["echo", "", "x"]);
    }
}
