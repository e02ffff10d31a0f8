//! The decision: from arguments to a program, a text or a problem.

use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;
use std::path::Path;

use crate::config::Config;
use crate::family::{Family, Voice};
use crate::files::Files;
use crate::input::Input;
use crate::launch::Launch;
use crate::lookup::{self, Query, Search};
use crate::options::{self, Ask, Form, Options};
use crate::places::{self, Place};
use crate::problem::Problem;
use crate::text::plain_os;
use crate::{correct, help, listing, show, suggest, version, words};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Become this program.
    Launch(Launch),
    /// Print this on standard output and succeed.
    Text(String),
}

/// One run of the dispatcher on plain values.
pub struct Dispatcher<'a> {
    pub(crate) input: &'a Input,
    pub(crate) files: &'a dyn Files,
    pub(crate) family: Family,
    warnings: RefCell<Vec<String>>,
    pub(crate) config: OnceCell<Result<Config, Problem>>,
}

/// A line being resolved, through as many aliases as it takes.
pub(crate) struct Call {
    pub(crate) options: Options,
    /// The first word and everything after it.
    pub(crate) line: Vec<OsString>,
    /// Aliases expanded so far, the first one as typed.
    pub(crate) chain: Vec<String>,
}

impl<'a> Dispatcher<'a> {
    /// A dispatcher for one family on the given values.
    pub fn new(input: &'a Input, files: &'a dyn Files, family: Family) -> Self {
        Self {
            input,
            files,
            family,
            warnings: RefCell::default(),
            config: OnceCell::new(),
        }
    }

    /// Lines for standard error that do not change the outcome, without their prefix.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.borrow().clone()
    }

    pub(crate) fn warn(&self, line: String) {
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&line) {
            warnings.push(line);
        }
    }

    /// Decides what is to be done.
    ///
    /// # Errors
    /// When no command is to be run; the problem names the exit code.
    pub fn answer(&self) -> Result<Answer, Problem> {
        if self.completes() {
            return Ok(self.complete(&self.input.args[2..]));
        }
        let args = self.input.args.iter().skip(1).cloned();
        let (options, line) = options::parse(&self.family, args)?;
        match options.ask {
            Some(Ask::Help) if !line.is_empty() => help::about(
                self,
                Call {
                    options,
                    line,
                    chain: Vec::new(),
                },
            ),
            Some(ask) => Ok(self.own(ask, &options)),
            None if line.is_empty() => Ok(Answer::Text(help::page(self, &options, false))),
            None => self.resolve(Call {
                options,
                line,
                chain: Vec::new(),
            }),
        }
    }

    /// Answers what was asked of the dispatcher itself.
    pub(crate) fn own(&self, ask: Ask, options: &Options) -> Answer {
        let json = options
            .var("NOVA_OUTPUT")
            .or_else(|| self.input.vars.get("NOVA_OUTPUT"));
        let json = json.is_some_and(|format| format == "json");
        Answer::Text(match ask {
            Ask::Help => help::page(self, options, true),
            Ask::Version => version::text(&self.family.name, json),
            Ask::ExecPath => {
                let dirs = places::exec_dirs(self.input, options.exec_path.as_deref());
                dirs.first()
                    .map_or_else(String::new, |place| plain_os(&place.dir) + "\n")
            }
            Ask::List(form) => {
                let form = if json && form == Form::Table {
                    Form::Json
                } else {
                    form
                };
                show::listing(
                    &self.family,
                    &listing::collect(self, options),
                    form,
                    self.struck(options),
                )
            }
        })
    }

    /// Whether shadowed entries are struck out: the colour rules of every tool.
    fn struck(&self, options: &Options) -> bool {
        let vars = &self.input.vars;
        let asked = options.var("NOVA_COLOR").or_else(|| vars.get("NOVA_COLOR"));
        match asked.and_then(|when| when.to_str()) {
            Some("always") => return true,
            Some("never") => return false,
            _ => {}
        }
        let forced = ["CLICOLOR_FORCE", "FORCE_COLOR"].map(|name| vars.get(name));
        if vars.get("NO_COLOR").is_some() {
            return false;
        }
        if forced.into_iter().flatten().any(|value| value != "0") {
            return true;
        }
        let dumb = vars.get("TERM").is_none_or(|term| term == "dumb");
        let off = vars.get("CLICOLOR").is_some_and(|value| value == "0");
        !dumb && !off && self.files.terminal()
    }

    /// Resolves a line to a program, a text or a problem.
    pub(crate) fn resolve(&self, call: Call) -> Result<Answer, Problem> {
        let leading = words::leading(&call.line);
        let Some(&first) = leading.first() else {
            return Err(self.unknown(&call));
        };
        let correction = correct::find(&self.family, &leading);
        let reserved = self.family.reserves(first);
        if let Some(problem) = &correction
            && (reserved || self.family.voice == Voice::Dotnet)
        {
            return Err(problem.clone());
        }
        if let Some(answer) = self.own_word(first, &call) {
            return answer;
        }
        if reserved {
            return self.first_party(first, &call);
        }
        let places = places::places(self.input, call.options.exec_path.as_deref());
        let found = self.search(&places, &leading);
        if found.hit.is_some() && !self.overridden(first, &call.chain)? {
            return self.extension(&call, &leading, &places, found);
        }
        if self.alias(first)? {
            return self.expand(call);
        }
        match (found.refused, correction) {
            (Some(path), _) => Err(Problem::NotExecutable(path)),
            (None, Some(problem)) => Err(problem),
            (None, None) => Err(self.unknown(&call)),
        }
    }

    /// `help`, `version` and `commands`, unless the family has a tool of that name.
    fn own_word(&self, word: &str, call: &Call) -> Option<Result<Answer, Problem>> {
        if self
            .family
            .tool(word)
            .is_some_and(|tool| self.installed(tool, &call.options).is_ok())
        {
            return None;
        }
        match word {
            "help" => Some(help::word(self, call)),
            "version" => Some(self.with_options(call, Ask::Version)),
            "commands" => Some(self.with_options(call, Ask::List(Form::Table))),
            _ => None,
        }
    }

    /// `nova version -o json`: the options of a word of our own may follow it.
    fn with_options(&self, call: &Call, ask: Ask) -> Result<Answer, Problem> {
        let (after, line) = options::parse(&self.family, call.line[1..].iter().cloned())?;
        if let Some(extra) = line.first() {
            let message = format!("unexpected argument \"{}\"", plain_os(extra));
            return Err(Problem::Usage(message, None));
        }
        let asked = if after.ask == Some(Ask::Help) {
            Ask::Help
        } else {
            ask
        };
        Ok(self.own(asked, &call.options.clone().before(after)))
    }

    pub(crate) fn search(&self, places: &[Place], leading: &[&str]) -> Search {
        let trust = || self.config().is_ok_and(|config| config.trusts_path);
        let query = Query {
            family: &self.family,
            places,
            words: leading,
            least: 1,
        };
        let found = lookup::search(self.files, &query, &trust);
        for path in &found.distrusted {
            self.warn(distrust(path));
        }
        found
    }

    fn unknown(&self, call: &Call) -> Problem {
        suggest::unknown(self, &call.line[0].to_string_lossy(), &call.options)
    }
}

/// Why a match was passed over.
pub(crate) fn distrust(path: &Path) -> String {
    let dir = path.parent().unwrap_or(path);
    format!(
        "ignoring {}: others can write to {} (set dispatch.trust = \"path\" to allow it)",
        plain_os(path),
        plain_os(dir)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, becomes, input, launch, problem};

    fn files() -> Fake {
        Fake::default()
            .program("/opt/bin/nova-vm")
            .program("/opt/bin/nova-object")
            .program("/opt/bin/ghost-up")
            .program("/a/nova-hello")
    }

    #[test]
    fn words_become_a_program_and_the_rest_its_arguments() {
        assert_eq!(
            becomes(&files(), "nova vm list -o json"),
            "/opt/bin/nova-vm list -o json"
        );
        assert_eq!(becomes(&files(), "nova vms list"), "/opt/bin/nova-vm list");
        assert_eq!(
            becomes(&files(), "nova hello big world -x"),
            "/a/nova-hello big world -x"
        );
        assert_eq!(becomes(&files(), "ghost up dev"), "/opt/bin/ghost-up dev");
        assert_eq!(
            becomes(&files(), "nova get vm -w"),
            "/opt/bin/nova-object get vm -w"
        );
    }

    #[test]
    fn nothing_is_read_when_the_word_is_found_directly() {
        for line in ["nova vm list", "nova get vm", "nova help vm", "ghost up x"] {
            let files = files().config("[aliases]\nvm = '!false'\n");
            launch(&files, line);
            assert!(files.read.borrow().is_empty(), "{line}");
        }
    }

    #[test]
    fn reserved_nouns_are_never_looked_up_elsewhere() {
        let files = Fake::default()
            .program("/a/nova-vm")
            .program("/a/nova-vm-delete");
        for line in ["nova vm list", "nova vms list", "nova vm delete x"] {
            let problem = problem(&files, line);
            assert_eq!(problem.to_string(), "nova-vm is not installed", "{line}");
            assert_eq!(problem.code(), 127);
        }
    }

    #[test]
    fn a_missing_tool_of_any_kind_points_to_the_noun() {
        let files = Fake::default().program("/opt/bin/nova-vm");
        let hints = |line: &str| problem(&files, line).hints();
        assert_eq!(hints("nova get vms")[0], "use: nova vm get");
        assert_eq!(
            hints("nova get pools"),
            ["see what is installed: nova help -a"]
        );
    }

    #[test]
    fn verbosity_reaches_third_parties_as_a_filter_too() {
        let log = |line: &str| {
            launch(&files(), line)
                .var("NOVA_LOG")
                .map(ToOwned::to_owned)
        };
        assert_eq!(log("nova -vv hello").unwrap(), "debug");
        assert_eq!(log("nova --log-level=warn hello").unwrap(), "warn");
        assert_eq!(log("nova -vv vm list"), None);
        assert_eq!(log("nova hello"), None);
    }

    #[test]
    fn a_tool_goes_before_longer_names_elsewhere() {
        let files = files().program("/a/nova-vm-delete");
        assert_eq!(
            becomes(&files, "nova vm delete x"),
            "/opt/bin/nova-vm delete x"
        );
    }

    #[test]
    fn a_renamed_copy_has_extensions_of_its_own_name() {
        let files = Fake::default().program("/a/mine-x");
        assert_eq!(becomes(&files, "/home/me/mine x y"), "/a/mine-x y");
        assert_eq!(problem(&files, "mine vm").code(), 2);
    }

    #[test]
    fn a_word_of_our_own_is_answered_unless_the_family_has_the_tool() {
        let files = Fake::default()
            .program("/opt/bin/gonuget-version")
            .program("/a/nova-version");
        assert_eq!(
            becomes(&files, "gonuget version"),
            "/opt/bin/gonuget-version"
        );
        assert!(crate::testing::text(&files, "nova version").starts_with("nova 0."));
        assert!(
            crate::testing::text(&Fake::default(), "gonuget version").starts_with("gonuget 0.")
        );
        assert_eq!(problem(&files, "nova version now").code(), 2);
    }

    #[test]
    fn a_file_that_may_not_be_executed_is_the_last_resort() {
        let files = Fake::default().plain("/a/nova-x");
        assert_eq!(
            problem(&files, "nova x").to_string(),
            "found /a/nova-x but it is not executable (chmod +x)"
        );
        assert_eq!(problem(&files, "nova x").code(), 126);
        let files = files
            .program("/opt/bin/nova-vm")
            .config("aliases.x = 'vm list'");
        assert_eq!(becomes(&files, "nova x"), "/opt/bin/nova-vm list");
    }

    #[test]
    fn strange_words_are_unknown_commands() {
        for line in ["nova ./x", "nova -- --x", "nova -", "nova ../vm"] {
            assert_eq!(problem(&files(), line).code(), 2, "{line}");
        }
        assert_eq!(
            becomes(&files(), "nova -- vm list"),
            "/opt/bin/nova-vm list"
        );
    }

    #[test]
    fn the_child_is_told_the_contract() {
        let launch = launch(&files(), "nova -n prod -C /x -C y --yes=false hello there");
        let var = |name: &str| launch.var(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(var("NOVA"), "/opt/bin/nova");
        assert_eq!(var("NOVA_EXEC_PATH"), "/opt/bin");
        assert_eq!(var("NOVA_VERSION"), env!("CARGO_PKG_VERSION"));
        assert_eq!(var("NOVA_PROTOCOL"), "1");
        assert_eq!(var("NOVA_FAMILY"), "nova");
        assert_eq!(var("NOVA_COMMAND"), "hello");
        assert_eq!(var("NOVA_INVOCATION"), "nova hello");
        assert_eq!(var("NOVA_DEPTH"), "1");
        assert_eq!(var("NOVA_NAMESPACE"), "prod");
        assert!(launch.vars.contains(&("NOVA_YES", None)));
        assert_eq!(launch.dirs, ["/x", "y"].map(std::path::PathBuf::from));
    }

    #[test]
    fn the_twin_is_called_again_by_the_dispatchers_name() {
        let files = Fake::default()
            .program("/opt/bin/nova-vm")
            .program("/a/nova-hello");
        let input = Input {
            exe: "/opt/bin/nova-box".into(),
            ..input("nova hello")
        };
        let answer = Dispatcher::new(&input, &files, Family::named("nova")).answer();
        let Ok(Answer::Launch(launch)) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(launch.var("NOVA").unwrap(), "/opt/bin/nova");
    }

    #[test]
    fn usage_lines_show_what_was_typed() {
        let var = |line: &str, name: &str| launch(&files(), line).var(name).unwrap().to_owned();
        assert_eq!(var("nova vms list", "NOVA_INVOCATION"), "nova vms");
        assert_eq!(var("nova vms list", "NOVA_COMMAND"), "vm");
        assert_eq!(var("nova get vm", "NOVA_INVOCATION"), "nova");
        let files = files().program("/a/nova-foo-bar");
        let foo = launch(&files, "nova foo bar x");
        assert_eq!(foo.var("NOVA_COMMAND").unwrap(), "foo bar");
        assert_eq!(foo.var("NOVA_INVOCATION").unwrap(), "nova foo bar");
    }

    #[test]
    fn seventeen_levels_are_a_loop() {
        let at = |depth: &str| {
            let vars = [("PATH", "/a"), ("NOVA_DEPTH", depth)]
                .into_iter()
                .collect();
            let input = Input {
                vars,
                ..input("nova hello")
            };
            let files = files();
            Dispatcher::new(&input, &files, Family::named("nova")).answer()
        };
        assert!(at("15").is_ok() && at("rubbish").is_ok());
        let problem = at("16").unwrap_err();
        assert_eq!((problem.code(), problem.class()), (3, "config"));
        assert!(problem.to_string().starts_with("dispatch loop"));
    }

    #[test]
    fn distrusted_folders_are_skipped_with_a_warning_unless_configured() {
        let files = Fake::default().open("/a").program("/a/nova-x");
        let input = input("nova x");
        let dispatcher = Dispatcher::new(&input, &files, Family::named("nova"));
        assert_eq!(dispatcher.answer().unwrap_err().code(), 2);
        assert!(dispatcher.warnings()[0].contains("others can write to /a"));
        let files = files.config("dispatch.trust = 'path'");
        assert_eq!(becomes(&files, "nova x"), "/a/nova-x");
    }

    #[test]
    fn exec_path_is_printed_or_searched_first() {
        assert_eq!(
            crate::testing::text(&files(), "nova --exec-path"),
            "/opt/bin\n"
        );
        let files = files().program("/other/nova-vm");
        assert_eq!(
            becomes(&files, "nova --exec-path=/other vm"),
            "/other/nova-vm"
        );
    }
}
