//! Everything that can keep the dispatcher from running a command.

use std::fmt;
use std::path::PathBuf;

use crate::text::{plain, plain_os};

/// Why no command was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// One of the dispatcher's own options is wrong, with the action that helps.
    Usage(String, Option<String>),
    /// No command has this name.
    Unknown {
        /// The family's name.
        family: String,
        /// What was typed.
        word: String,
        /// Near names, best first.
        near: Vec<String>,
        /// Whether the cached plugin index knows the name.
        in_index: bool,
    },
    /// The call has its words in the wrong order, or uses another program's words.
    Corrected {
        /// The words as typed, after the family's name.
        typed: String,
        /// The command that was meant.
        right: String,
    },
    /// The word is reserved for a first-party tool that is not there, and a command that is.
    NotInstalled(String, Option<String>),
    /// The only match may not be executed by this user.
    NotExecutable(PathBuf),
    /// A script that does not begin with `#!`.
    NoInterpreterLine(PathBuf),
    /// The system refused to execute the file, with its reason.
    Refused(PathBuf, String),
    /// The program that a script asks for does not exist.
    InterpreterMissing(PathBuf, String),
    /// The file was there when it was looked up and is not any more.
    Vanished(PathBuf),
    /// Aliases lead back to themselves: the chain.
    AliasLoop(Vec<String>),
    /// Dispatchers and extensions call each other without end.
    DispatchLoop(u32),
    /// The configuration file cannot be used: path and reason.
    Config(PathBuf, String),
    /// A folder given with `-C` cannot be entered.
    Folder(PathBuf, String),
}

impl Problem {
    /// The exit code, from the one table of the toolkit.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(..) | Self::Unknown { .. } | Self::Corrected { .. } | Self::Folder(..) => 2,
            Self::AliasLoop(_) | Self::DispatchLoop(_) | Self::Config(..) => 3,
            Self::NotExecutable(_) | Self::NoInterpreterLine(_) | Self::Refused(..) => 126,
            Self::NotInstalled(..) | Self::InterpreterMissing(..) | Self::Vanished(_) => 127,
        }
    }

    /// The class name that belongs to the exit code.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.code() {
            2 => "usage",
            3 => "config",
            126 => "not-executable",
            _ => "vanished",
        }
    }

    /// At most two actions that help.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Usage(_, hint) => hint.iter().cloned().collect(),
            Self::Unknown {
                family,
                word,
                near,
                in_index,
            } => {
                let plugin = in_index.then(|| {
                    format!(
                        "an extension of that name is in the index: {family} plugin install {}",
                        plain(word)
                    )
                });
                let see = format!("see all commands: {family} help -a");
                did_you_mean(near)
                    .into_iter()
                    .chain([plugin.unwrap_or(see)])
                    .collect()
            }
            Self::Corrected { right, .. } => vec![format!("the command is: {right}")],
            Self::NotInstalled(program, instead) => {
                let family = program.split('-').next().unwrap_or(program);
                let use_instead = instead.iter().map(|command| format!("use: {command}"));
                use_instead
                    .chain([format!("see what is installed: {family} help -a")])
                    .collect()
            }
            Self::NotExecutable(path) => vec![format!("chmod +x {}", plain_os(path))],
            Self::NoInterpreterLine(_) => {
                vec!["make its first line name an interpreter, for example: #!/bin/sh".to_owned()]
            }
            Self::AliasLoop(_) => vec!["see aliases: nova --list".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// "did you mean …?" over near names.
pub(crate) fn did_you_mean(near: &[String]) -> Option<String> {
    let quoted: Vec<String> = near.iter().map(|name| format!("\"{name}\"")).collect();
    let (last, rest) = quoted.split_last()?;
    Some(match rest {
        [] => format!("did you mean {last}?"),
        rest => format!("did you mean {} or {last}?", rest.join(", ")),
    })
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message, _) => f.write_str(message),
            Self::Unknown { family, word, .. } => {
                write!(f, "\"{}\" is not a {family} command", plain(word))
            }
            Self::Corrected { typed, .. } => {
                write!(f, "there is no command \"{}\"", plain(typed))
            }
            Self::NotInstalled(program, _) => write!(f, "{program} is not installed"),
            Self::NotExecutable(path) => {
                write!(
                    f,
                    "found {} but it is not executable (chmod +x)",
                    plain_os(path)
                )
            }
            Self::NoInterpreterLine(path) => {
                write!(
                    f,
                    "{} is a script without an interpreter line (#!)",
                    plain_os(path)
                )
            }
            Self::Refused(path, reason) => {
                write!(f, "{} cannot be executed: {reason}", plain_os(path))
            }
            Self::InterpreterMissing(path, interpreter) => {
                let interpreter = plain(interpreter);
                write!(
                    f,
                    "{} needs {interpreter}, which does not exist",
                    plain_os(path)
                )
            }
            Self::Vanished(path) => {
                write!(
                    f,
                    "{} disappeared before it could be started",
                    plain_os(path)
                )
            }
            Self::AliasLoop(chain) => write!(f, "alias loop: {}", plain(&chain.join(" -> "))),
            Self::DispatchLoop(depth) => {
                write!(f, "dispatch loop: commands called each other {depth} times")
            }
            Self::Config(path, reason) => write!(f, "cannot use {}: {reason}", plain_os(path)),
            Self::Folder(path, reason) => {
                write!(f, "cannot change to {}: {reason}", plain_os(path))
            }
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_read_as_a_sentence() {
        let near = |names: &[&str]| {
            did_you_mean(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(near(&[]), None);
        assert_eq!(near(&["a"]).unwrap(), "did you mean \"a\"?");
        assert_eq!(
            near(&["a", "b", "c"]).unwrap(),
            "did you mean \"a\", \"b\" or \"c\"?"
        );
    }

    #[test]
    fn typed_words_cannot_drive_the_terminal() {
        let word = "\x1b]0;x\x07".to_owned();
        let problem = Problem::Unknown {
            family: "nova".into(),
            word,
            near: vec![],
            in_index: false,
        };
        assert!(!problem.to_string().contains('\x1b'));
    }
}
