//! The dispatcher's own options, and the global options that it hands to the child as variables.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use crate::family::{Family, Voice};
use crate::problem::Problem;
use crate::text::plain_os;

/// What was asked of the dispatcher itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Help,
    Version,
    List(Form),
    ExecPath,
}

/// How a listing is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Table,
    Names,
    Json,
}

/// Options before the first word.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) ask: Option<Ask>,
    /// Folders of `-C`, in order.
    pub(crate) dirs: Vec<PathBuf>,
    pub(crate) exec_path: Option<PathBuf>,
    /// Variables for the child; `None` removes one.
    pub(crate) vars: Vec<(&'static str, Option<OsString>)>,
    verbose: usize,
    quiet: usize,
}

#[derive(Clone, Copy)]
enum Effect {
    Value(&'static str),
    Switch(&'static str, &'static str),
    Verbose,
    Quiet(usize),
    NoPager,
    Dir,
    ExecPath,
    List,
    Ask(Ask),
}

type Row = (&'static str, &'static str, Effect);

const OWN: &[Row] = &[
    ("C", "", Effect::Dir),
    ("", "exec-path", Effect::ExecPath),
    ("", "list", Effect::List),
    ("h", "help", Effect::Ask(Ask::Help)),
    ("V", "version", Effect::Ask(Ask::Version)),
];

const TOOLKIT: &[Row] = &[
    ("P", "no-pager", Effect::NoPager),
    ("", "context", Effect::Value("NOVA_CONTEXT")),
    ("n", "namespace", Effect::Value("NOVA_NAMESPACE")),
    ("o", "output", Effect::Value("NOVA_OUTPUT")),
    ("", "color", Effect::Value("NOVA_COLOR")),
    ("", "endpoint", Effect::Value("NOVA_ENDPOINT")),
    ("", "timeout", Effect::Value("NOVA_TIMEOUT")),
    ("", "progress", Effect::Value("NOVA_PROGRESS")),
    ("", "log-level", Effect::Value("NOVA_LOG_LEVEL")),
    ("", "log-format", Effect::Value("NOVA_LOG_FORMAT")),
    ("", "log-file", Effect::Value("NOVA_LOG_FILE")),
    ("", "no-input", Effect::Switch("NOVA_NO_INPUT", "1")),
    ("y", "yes", Effect::Switch("NOVA_YES", "1")),
    (
        "",
        "json-errors",
        Effect::Switch("NOVA_ERROR_FORMAT", "json"),
    ),
    (
        "",
        "warnings-as-errors",
        Effect::Switch("NOVA_WARNINGS", "error"),
    ),
    ("v", "verbose", Effect::Verbose),
    ("q", "quiet", Effect::Quiet(1)),
    ("", "silent", Effect::Quiet(2)),
];

/// dotnet's global options, which have no short forms.
const DOTNET: &[Row] = &[
    ("", "configfile", Effect::Value("NOVA_CONFIGFILE")),
    ("", "verbosity", Effect::Value("NOVA_VERBOSITY")),
    ("", "non-interactive", Effect::Switch("NOVA_NO_INPUT", "1")),
];

/// Reads the options before the first word.
///
/// Returns them with the rest of the line, which begins with the word.
pub(crate) fn parse(
    family: &Family,
    args: impl IntoIterator<Item = OsString>,
) -> Result<(Options, Vec<OsString>), Problem> {
    let mut parser = Parser::from_args(args);
    let mut options = Options::default();
    loop {
        // In a cluster of short options the rest is more options, never a value of a switch.
        let (found, valued) = match parser.next().map_err(misuse)? {
            None => return Ok((options, Vec::new())),
            Some(Arg::Value(word)) => {
                let rest = parser.raw_args().map_err(misuse)?;
                return Ok((options, std::iter::once(word).chain(rest).collect()));
            }
            Some(arg) => {
                let found = row(family, &arg).ok_or_else(|| foreign(family, &arg))?;
                (found, matches!(arg, Arg::Long(_)))
            }
        };
        options.take(found, valued, &mut parser)?;
    }
}

/// The long name of the option that `word` is when a value must follow it, else nothing.
pub(crate) fn valued(family: &Family, word: &OsStr) -> Option<&'static str> {
    let word = word.to_str()?;
    let globals = if family.voice == Voice::Dotnet {
        DOTNET
    } else {
        TOOLKIT
    };
    let (short, long, effect) = OWN.iter().chain(globals).find(|(short, long, _)| {
        let is_long = word
            .strip_prefix("--")
            .is_some_and(|name| !long.is_empty() && name == *long);
        is_long || (!short.is_empty() && word.strip_prefix('-') == Some(short))
    })?;
    let name = if long.is_empty() { short } else { long };
    matches!(effect, Effect::Value(_) | Effect::Dir).then_some(name)
}

fn row(family: &Family, arg: &Arg<'_>) -> Option<Effect> {
    let globals = if family.voice == Voice::Dotnet {
        DOTNET
    } else {
        TOOLKIT
    };
    let mut short = [0; 4];
    let matches = |(s, l, _): &&Row| match arg {
        Arg::Short(c) => *s == &*c.encode_utf8(&mut short),
        Arg::Long(name) => !l.is_empty() && l == name,
        Arg::Value(_) => false,
    };
    OWN.iter()
        .chain(globals)
        .find(matches)
        .map(|(_, _, effect)| *effect)
}

fn foreign(family: &Family, arg: &Arg<'_>) -> Problem {
    let option = match arg {
        Arg::Short(c) => format!("-{c}"),
        Arg::Long(name) => format!("--{name}"),
        Arg::Value(value) => value.to_string_lossy().into_owned(),
    };
    let name = &family.name;
    Problem::Usage(
        format!(
            "{} is not an option of {name} itself: place it after the command",
            plain_os(&option)
        ),
        Some(format!("for example: {name} COMMAND {}", plain_os(&option))),
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn misuse(error: lexopt::Error) -> Problem {
    Problem::Usage(plain_os(error.to_string()), None)
}

impl Options {
    fn take(&mut self, effect: Effect, valued: bool, parser: &mut Parser) -> Result<(), Problem> {
        match effect {
            Effect::Value(name) => {
                let value = parser.value().map_err(misuse)?;
                self.vars.push((name, Some(value)));
            }
            Effect::Switch(name, value) => {
                let given = if valued {
                    parser.optional_value()
                } else {
                    None
                };
                let on = switched(given.as_deref())?;
                self.vars.push((name, on.then(|| value.into())));
            }
            Effect::Verbose => self.verbose += 1,
            Effect::Quiet(by) => self.quiet += by,
            Effect::NoPager => {
                self.vars.push(("NOVA_NO_PAGER", Some("1".into())));
                // Third-party tools know the pager's variable, if any.
                self.vars.push(("NOVA_PAGER", Some("cat".into())));
            }
            Effect::Dir => self.dirs.push(parser.value().map_err(misuse)?.into()),
            Effect::ExecPath => match parser.optional_value() {
                // `-C` must not change what a relative folder means.
                Some(dir) => self.exec_path = std::path::absolute(dir).ok(),
                None => self.ask = Some(Ask::ExecPath),
            },
            Effect::List => self.ask = Some(Ask::List(form(parser.optional_value().as_deref())?)),
            // Help wins over everything else that was asked in the same breath.
            Effect::Ask(ask) if self.ask != Some(Ask::Help) => self.ask = Some(ask),
            Effect::Ask(_) => {}
        }
        Ok(())
    }

    /// The variables for the child, counted options included.
    pub(crate) fn variables(&self) -> Vec<(&'static str, Option<OsString>)> {
        let mut vars = self.vars.clone();
        if self.verbose > 0 {
            vars.push(("NOVA_VERBOSE", Some(self.verbose.to_string().into())));
        }
        if self.quiet > 0 {
            vars.push(("NOVA_QUIET", Some(self.quiet.to_string().into())));
        }
        vars
    }

    /// The log filter for programs of third parties. Our own tools read `NOVA_VERBOSE`: a filter
    /// would win over a `-v` that follows the command.
    pub(crate) fn log_filter(&self) -> Option<(&'static str, Option<OsString>)> {
        let given = self.var("NOVA_LOG_LEVEL");
        let level = match self.verbose {
            0 => given?,
            1 => OsStr::new("info"),
            2 => OsStr::new("debug"),
            _ => OsStr::new("trace"),
        };
        Some(("NOVA_LOG", Some(level.to_owned())))
    }

    /// The last value given for a variable.
    pub(crate) fn var(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.vars.iter().rev().find(|(key, _)| *key == name)?;
        value.as_deref()
    }

    /// Whether alias expansions and the like are worth a line.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Adds the options that an alias begins with; what was typed comes later and wins.
    pub(crate) fn before(mut self, typed: Self) -> Self {
        self.vars.extend(typed.vars);
        self.dirs.extend(typed.dirs);
        self.exec_path = typed.exec_path.or(self.exec_path);
        self.verbose = self.verbose.max(typed.verbose);
        self.quiet = self.quiet.max(typed.quiet);
        self
    }
}

fn switched(value: Option<&OsStr>) -> Result<bool, Problem> {
    match value.map(OsStr::to_string_lossy).as_deref() {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(other) => Err(Problem::Usage(
            format!("\"{}\" is neither true nor false", plain_os(other)),
            None,
        )),
    }
}

fn form(value: Option<&OsStr>) -> Result<Form, Problem> {
    match value.map(OsStr::to_string_lossy).as_deref() {
        None => Ok(Form::Table),
        Some("names") => Ok(Form::Names),
        Some("json") => Ok(Form::Json),
        Some(other) => Err(Problem::Usage(
            format!("\"{}\" is not a form of the listing", plain_os(other)),
            Some("it is --list, --list=names or --list=json".to_owned()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(family: &str, args: &[&str]) -> Result<(Options, Vec<OsString>), Problem> {
        parse(&Family::named(family), args.iter().map(OsString::from))
    }

    fn vars(args: &[&str]) -> Vec<(&'static str, String)> {
        let (options, _) = read("nova", args).unwrap();
        let vars = options.variables().into_iter();
        vars.map(|(name, value)| (name, value.unwrap_or_default().into_string().unwrap()))
            .collect()
    }

    #[test]
    fn globals_become_variables_and_the_word_ends_them() {
        let (options, line) = read(
            "nova",
            &[
                "-n",
                "prod",
                "-ojson",
                "--context=c",
                "vm",
                "-n",
                "x",
                "--",
                "y",
            ],
        )
        .unwrap();
        assert_eq!(line, ["vm", "-n", "x", "--", "y"]);
        assert_eq!(options.var("NOVA_NAMESPACE").unwrap(), "prod");
        assert_eq!(options.var("NOVA_OUTPUT").unwrap(), "json");
        assert_eq!(options.var("NOVA_CONTEXT").unwrap(), "c");
    }

    #[test]
    fn counted_options_cluster() {
        assert_eq!(vars(&["-vv"]), [("NOVA_VERBOSE", "2".into())]);
        assert_eq!(vars(&["-qq"]), vars(&["--silent"]));
        assert_eq!(
            vars(&["-yq"]),
            [("NOVA_YES", "1".into()), ("NOVA_QUIET", "1".into())]
        );
    }

    #[test]
    fn switches_can_be_turned_off() {
        assert_eq!(vars(&["--yes=false"]), [("NOVA_YES", String::new())]);
        assert_eq!(read("nova", &["--yes=maybe"]).unwrap_err().code(), 2);
    }

    #[test]
    fn other_options_belong_after_the_command() {
        let error = read("nova", &["--cpu=2", "vm"]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("--cpu is not an option of nova itself: place it after")
        );
        assert_eq!(error.code(), 2);
        assert_eq!(read("nova", &["-A", "vm"]).unwrap_err().code(), 2);
    }

    #[test]
    fn missing_and_unknown_values_are_usage_errors() {
        assert_eq!(read("nova", &["-n"]).unwrap_err().code(), 2);
        assert_eq!(read("nova", &["--list=xml"]).unwrap_err().code(), 2);
    }

    #[test]
    fn gonuget_has_dotnets_options_and_no_short_globals() {
        let (options, line) = read("gonuget", &["--verbosity", "q", "restore"]).unwrap();
        assert_eq!(options.var("NOVA_VERBOSITY").unwrap(), "q");
        assert_eq!(line, ["restore"]);
        assert!(read("gonuget", &["-v", "restore"]).is_err());
        assert!(read("gonuget", &["-n", "x", "restore"]).is_err());
    }

    #[test]
    fn help_wins_over_version() {
        assert_eq!(read("nova", &["-hV"]).unwrap().0.ask, Some(Ask::Help));
        assert_eq!(read("nova", &["-Vh"]).unwrap().0.ask, Some(Ask::Help));
    }

    #[test]
    fn a_typed_option_beats_the_one_in_an_alias() {
        let (alias, _) = read("nova", &["-n", "alias"]).unwrap();
        let (typed, _) = read("nova", &["-n", "typed"]).unwrap();
        assert_eq!(alias.before(typed).var("NOVA_NAMESPACE").unwrap(), "typed");
    }
}
