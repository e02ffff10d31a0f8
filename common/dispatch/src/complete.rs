//! `nova __complete WORD… CURRENT`: what can stand where the cursor is.
//!
//! The dispatcher knows its options, first words and aliases. For the rest it becomes the tool,
//! asked the same question about the words that are the tool's, or `nova-completion` for the
//! arguments of a program of third parties. It runs nothing to find out, and a line that cannot be
//! completed gets an empty answer, never an error.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;

use crate::alias::{self, Expansion};
use crate::answer::{Answer, Dispatcher};
use crate::family::Voice;
use crate::help;
use crate::launch::Called;
use crate::listing::{self, Entry, OWN_WORDS, Section};
use crate::lookup::{self, Query};
use crate::options::{self, Options};
use crate::places;
use crate::start::Target;
use crate::text::plain;
use crate::topics;
use crate::words;

/// The first argument of a completion.
pub(crate) const REQUEST: &str = "__complete";

/// No names of files, in cobra's numbers.
const NO_FILES: u8 = 4;

/// An alias may lead to another one; more than this is a loop.
const EXPANSIONS: usize = 10;

/// A line up to the cursor, and the word at it.
struct Line {
    options: Options,
    words: Vec<OsString>,
    current: OsString,
}

impl Dispatcher<'_> {
    /// Whether this run answers a Tab.
    pub(crate) fn completes(&self) -> bool {
        self.input.args.get(1).is_some_and(|word| word == REQUEST)
    }

    /// Answers a completion; `typed` ends with the word at the cursor.
    pub(crate) fn complete(&self, typed: &[OsString]) -> Answer {
        let Some((current, before)) = typed.split_last() else {
            return words_of(&[], "");
        };
        let parsed = options::parse(&self.family, before.iter().cloned());
        let (options, words) = match (parsed, before.last()) {
            (Ok(parsed), _) => parsed,
            // What is missing may be the value at the cursor.
            (Err(_), last) => {
                let option = last.and_then(|word| options::valued(&self.family, word));
                return match option {
                    Some(option) => self.option_value(option, current),
                    None => words_of(&[], ""),
                };
            }
        };
        let current = current.clone();
        let line = Line {
            options,
            words,
            current,
        };
        self.line(line, EXPANSIONS)
            .unwrap_or_else(|| words_of(&[], ""))
    }

    fn line(&self, line: Line, expansions: usize) -> Option<Answer> {
        let Some(first) = line.words.first() else {
            return Some(self.first(&line));
        };
        let first = first.to_str()?;
        if first == "help" {
            return self.help_word(&line);
        }
        if self.family.reserves(first) {
            return self.tool_word(&line);
        }
        let leading = words::leading(&line.words);
        let places = places::places(self.input, line.options.exec_path.as_deref());
        if let Some(hit) = self.search(&places, &leading).hit {
            let program = std::iter::once(hit.path.into_os_string());
            let rest = line.words[hit.words..].iter().cloned();
            return self.ask_helper("__extension", program.chain(rest), &line);
        }
        self.alias_word(line, expansions)
    }

    /// The first word: a command, or an option of our own.
    fn first(&self, line: &Line) -> Answer {
        let current = line.current.to_string_lossy();
        if current.starts_with('-') {
            if let Some((name, typed)) = current.split_once('=')
                && let Some(option) = options::valued(&self.family, OsStr::new(name))
            {
                return self.option_after(option, &format!("{name}="), typed);
            }
            return words_of(&help::options(&self.family), &current);
        }
        words_of(&self.commands(&line.options), &current)
    }

    /// Every command that can be typed, with a line about each.
    fn commands(&self, options: &Options) -> Vec<(String, String)> {
        let entries = listing::collect(self, options);
        let runs = |entry: &&Entry| {
            let there = entry.path.is_some() || entry.expansion.is_some();
            let verb = self
                .family
                .tool(entry.name.split('-').next().unwrap_or_default());
            // A verb of a noun is offered after the noun.
            let first = entry.section == Section::FirstParty || verb.is_none();
            entry.shadowed_by.is_none() && there && first
        };
        let about = |entry: &Entry| match &entry.expansion {
            Some(expansion) => format!("alias: {}", plain(expansion)),
            None => entry.about.summary.clone().unwrap_or_default(),
        };
        let mut found: Vec<(String, String)> = entries
            .iter()
            .filter(runs)
            .map(|entry| (entry.name.clone(), about(entry)))
            .collect();
        let tools = self.family.rewrites.iter();
        found.extend(tools.filter_map(|(word, tool)| {
            self.installed(self.family.tool(tool)?, options).ok()?;
            Some(((*word).to_owned(), help::verb_summary(word).to_owned()))
        }));
        found.extend(OWN_WORDS.map(|word| (word.to_owned(), help::own_summary(word).to_owned())));
        found.sort();
        found.dedup_by(|a, b| a.0 == b.0);
        found
    }

    /// `nova help …`: commands and topics, then the verbs of a command.
    fn help_word(&self, line: &Line) -> Option<Answer> {
        let rest = &line.words[1..];
        let current = line.current.to_string_lossy();
        let Some(noun) = rest.first() else {
            let mut found = self.commands(&line.options);
            if self.family.name == "nova" {
                found
                    .extend(topics::all().map(|(name, about)| (name.to_owned(), about.to_owned())));
            }
            found.sort();
            return Some(words_of(&found, &current));
        };
        if !self.family.reserves(noun.to_str()?) {
            return None;
        }
        let (tool, skip) = self.reserved(noun.to_str()?);
        let helping = std::iter::once(OsString::from("help"));
        let words = helping.chain(rest[skip..].iter().cloned());
        self.ask_tool(tool.name, words, line, Vec::new())
    }

    /// Words after a first-party noun are the tool's; it is told which verbs extensions add.
    fn tool_word(&self, line: &Line) -> Option<Answer> {
        let (tool, skip) = self.reserved(line.words[0].to_str()?);
        let rest = &line.words[skip..];
        let mut vars = Vec::new();
        if skip == 1 && rest.is_empty() {
            vars.push((
                "NOVA_COMPLETE_VERBS",
                Some(self.added_verbs(tool.name, line).into()),
            ));
        } else if skip == 1
            && let Some(found) = self.added_verb(tool.name, rest)
        {
            vars.push(("NOVA_COMPLETE_EXTENSION", Some(found)));
        }
        self.ask_tool(tool.name, rest.iter().cloned(), line, vars)
    }

    /// `VERB<TAB>SUMMARY` for every program that adds a verb to a noun.
    fn added_verbs(&self, noun: &str, line: &Line) -> String {
        let mut text = String::new();
        let head = format!("{noun}-");
        for entry in listing::collect(self, &line.options) {
            let verb = entry
                .name
                .strip_prefix(&head)
                .filter(|verb| !verb.contains('-'));
            if let Some(verb) = verb.filter(|_| entry.shadowed_by.is_none()) {
                let about = entry.about.summary.unwrap_or_default();
                writeln!(text, "{verb}\t{about}").unwrap_or_default();
            }
        }
        text
    }

    /// `COUNT<TAB>PROGRAM` when a program has the verb on the line; the tool's own verbs win.
    fn added_verb(&self, noun: &str, rest: &[OsString]) -> Option<OsString> {
        let words: Vec<&str> = std::iter::once(noun).chain(words::leading(rest)).collect();
        let query = Query {
            family: &self.family,
            places: &places::extension_places(self.input),
            words: &words[..words.len().min(words::MOST)],
            least: 2,
        };
        let trust = || self.config().is_ok_and(|config| config.trusts_path);
        let hit = lookup::search(self.files, &query, &trust).hit?;
        let mut text = OsString::from(format!("{}\t", hit.words - 1));
        text.push(hit.path);
        Some(text)
    }

    /// The line with its alias replaced. What a shell would run is known to the shell only.
    fn alias_word(&self, line: Line, expansions: usize) -> Option<Answer> {
        let name = line.words[0].to_str()?;
        if expansions == 0 || self.family.voice == Voice::Dotnet {
            return None;
        }
        let Expansion::Words(expansion) = &self.config().ok()?.aliases.get(name)?.expansion else {
            return Some(Answer::Text(":0\n".to_owned()));
        };
        let args = &line.words[1..];
        // While an argument is being typed there are too few of them.
        let filled = alias::fill(expansion, args).unwrap_or_else(|_| {
            let fixed = expansion.iter().take_while(|word| !word.starts_with('$'));
            fixed
                .map(OsString::from)
                .chain(args.iter().cloned())
                .collect()
        });
        let (options, words) = options::parse(&self.family, filled).ok()?;
        let line = Line {
            options: options.before(line.options),
            words,
            current: line.current,
        };
        self.line(line, expansions - 1)
    }

    fn option_value(&self, option: &str, current: &OsStr) -> Answer {
        self.option_after(option, "", &current.to_string_lossy())
    }

    /// The value of an option of our own, which `nova-completion` knows.
    fn option_after(&self, option: &str, head: &str, typed: &str) -> Answer {
        if matches!(option, "C" | "exec-path") {
            return Answer::Text(":16\n".to_owned());
        }
        let argument = format!("--{option}");
        let words = [&self.family.name, "", &argument, "", head, typed].map(OsString::from);
        let line = Line {
            options: Options::default(),
            words: Vec::new(),
            current: OsString::new(),
        };
        self.helper("__values", words.into_iter(), &line)
            .unwrap_or_else(|| words_of(&[], ""))
    }

    fn ask_helper(
        &self,
        request: &str,
        words: impl Iterator<Item = OsString>,
        line: &Line,
    ) -> Option<Answer> {
        self.helper(request, words.chain([line.current.clone()]), line)
    }

    /// Becomes `nova-completion REQUEST WORD…`, whichever family asks.
    fn helper(
        &self,
        request: &str,
        words: impl Iterator<Item = OsString>,
        line: &Line,
    ) -> Option<Answer> {
        let args = std::iter::once(OsString::from(request)).chain(words);
        let args: Vec<OsString> = args.collect();
        self.program("nova-completion", &args, line, Vec::new())
    }

    /// Becomes `TOOL __complete WORD… CURRENT`.
    fn ask_tool(
        &self,
        tool: &str,
        words: impl Iterator<Item = OsString>,
        line: &Line,
        vars: Vec<(&'static str, Option<OsString>)>,
    ) -> Option<Answer> {
        let request = std::iter::once(OsString::from(REQUEST));
        let args = request.chain(words).chain([line.current.clone()]);
        let args: Vec<OsString> = args.collect();
        self.program(&self.family.program(tool), &args, line, vars)
    }

    fn program(
        &self,
        name: &str,
        args: &[OsString],
        line: &Line,
        vars: Vec<(&'static str, Option<OsString>)>,
    ) -> Option<Answer> {
        let mut places =
            places::exec_dirs(self.input, line.options.exec_path.as_deref()).into_iter();
        let place = places.find(|place| {
            self.files.probe(&place.dir.join(name)) == crate::files::Probe::Program
        })?;
        let called = Called {
            command: name
                .split_once('-')
                .map_or(name, |(_, noun)| noun)
                .to_owned(),
            invocation: name.replacen('-', " ", 1),
        };
        let target = Target {
            program: place.dir.join(name),
            exec_dir: place.dir,
            called,
        };
        let mut launch = self.launch(target, args, &line.options).ok()?;
        launch.vars.extend(vars);
        Some(Answer::Launch(launch))
    }
}

/// Those that begin with what was typed, as an answer.
fn words_of(all: &[(String, String)], typed: &str) -> Answer {
    let mut text = String::new();
    for (word, about) in all.iter().filter(|(word, _)| word.starts_with(typed)) {
        let tab = if about.is_empty() { "" } else { "\t" };
        writeln!(text, "{word}{tab}{about}").unwrap_or_default();
    }
    writeln!(text, ":{NO_FILES}").unwrap_or_default();
    Answer::Text(text)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fake, becomes, launch, text};

    fn files() -> Fake {
        Fake::default()
            .program("/opt/bin/nova-vm")
            .program("/opt/bin/nova-object")
            .program("/opt/bin/nova-completion")
            .script("/a/nova-hello", "#!/bin/sh\n#:nova summary = 'Greet'\n")
            .program("/a/nova-vm-backup")
    }

    /// `line` with `|` for an empty word at the cursor.
    fn words(line: &str) -> Vec<String> {
        let answer = text(&files(), &line.replace('|', ""));
        let lines = answer.lines().filter(|line| !line.starts_with(':'));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn first_words_are_commands_extensions_and_our_own() {
        let all = words("nova __complete |");
        for expected in [
            "vm\tManage virtual machines",
            "hello\tGreet",
            "get\tShow objects of any kind",
        ] {
            assert!(all.iter().any(|line| line == expected), "{all:?}");
        }
        assert!(
            !all.iter()
                .any(|line| line.starts_with("pool") || line.starts_with("vm-"))
        );
        assert_eq!(words("nova __complete he").len(), 2);
        assert_eq!(
            words("nova __complete --name")[0].split('\t').next(),
            Some("--namespace")
        );
    }

    #[test]
    fn words_after_a_noun_are_the_tools() {
        assert_eq!(
            becomes(&files(), "nova __complete -n prod vms stop we"),
            "/opt/bin/nova-vm __complete stop we"
        );
        let asked = launch(&files(), "nova __complete -n prod vm ");
        assert_eq!(asked.var("NOVA_NAMESPACE").unwrap(), "prod");
        assert_eq!(asked.var("NOVA_COMPLETE_VERBS").unwrap(), "backup\t\n");
        let asked = launch(&files(), "nova __complete vm backup x");
        assert_eq!(
            asked.var("NOVA_COMPLETE_EXTENSION").unwrap(),
            "1\t/a/nova-vm-backup"
        );
        assert_eq!(
            becomes(&files(), "nova __complete get vm a"),
            "/opt/bin/nova-object __complete get vm a"
        );
        assert_eq!(
            becomes(&files(), "nova __complete help vm st"),
            "/opt/bin/nova-vm __complete help st"
        );
    }

    #[test]
    fn programs_of_third_parties_and_option_values_are_left_to_nova_completion() {
        assert_eq!(
            becomes(&files(), "nova __complete hello a b"),
            "/opt/bin/nova-completion __extension /a/nova-hello a b"
        );
        assert_eq!(
            becomes(&files(), "nova __complete --context pr"),
            "/opt/bin/nova-completion __values nova  --context   pr"
        );
    }

    #[test]
    fn aliases_complete_as_what_they_stand_for() {
        let files = files()
            .config("[aliases]\nls = 'vm list'\nsh = 'vm exec $1 -- sh'\nx = '!true'\nl = 'l'\n");
        assert_eq!(
            becomes(&files, "nova __complete ls -o "),
            "/opt/bin/nova-vm __complete list -o "
        );
        assert_eq!(
            becomes(&files, "nova __complete sh we"),
            "/opt/bin/nova-vm __complete exec we"
        );
        assert_eq!(text(&files, "nova __complete x a"), ":0\n");
        assert_eq!(text(&files, "nova __complete l a"), ":4\n");
    }

    #[test]
    fn nothing_is_an_error() {
        for line in [
            "nova __complete",
            "nova __complete --bogus x",
            "nova __complete zzz a",
        ] {
            assert_eq!(text(&files(), line), ":4\n", "{line}");
        }
        let broken = files().config("= broken");
        assert!(text(&broken, "nova __complete v").contains("vm\t"));
    }
}
