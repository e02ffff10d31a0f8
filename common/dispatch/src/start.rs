//! From a name that is settled to a program with its surroundings.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::answer::{Answer, Call, Dispatcher};
use crate::family::Tool;
use crate::files::Probe;
use crate::input::Input;
use crate::launch::{self, Called, Launch};
use crate::lookup::Search;
use crate::options::Options;
use crate::places::{self, Place};
use crate::problem::Problem;

/// A program, the folder of first-party tools to tell it, and how it was named.
pub(crate) struct Target {
    pub(crate) program: PathBuf,
    pub(crate) exec_dir: PathBuf,
    pub(crate) called: Called,
}

impl Dispatcher<'_> {
    /// The executable of a first-party tool.
    pub(crate) fn installed(&self, tool: &Tool, options: &Options) -> Result<Place, Problem> {
        let program = self.family.program(tool.name);
        let mut refused = None;
        for place in places::exec_dirs(self.input, options.exec_path.as_deref()) {
            match self.files.probe(&place.dir.join(&program)) {
                Probe::Program => return Ok(place),
                Probe::NotExecutable => refused = refused.or(Some(place.dir.join(&program))),
                Probe::Missing => {}
            }
        }
        Err(refused.map_or(Problem::NotInstalled(program, None), Problem::NotExecutable))
    }

    pub(crate) fn first_party(&self, word: &str, call: &Call) -> Result<Answer, Problem> {
        let (tool, skip) = self.reserved(word);
        match self.launch_tool(tool, &call.line[skip..], call) {
            Err(Problem::NotInstalled(program, _)) if skip == 0 => {
                Err(Problem::NotInstalled(program, self.noun_first(word, call)))
            }
            other => other,
        }
    }

    /// `nova vm get` for `nova get vm`, where only the former is there.
    fn noun_first(&self, verb: &str, call: &Call) -> Option<String> {
        let noun = self.family.tool(call.line.get(1)?.to_str()?)?;
        self.installed(noun, &call.options).ok()?;
        Some(format!("{} {} {verb}", self.family.name, noun.name))
    }

    /// The tool of a reserved word, and how many words name it: none when the word is its verb.
    pub(crate) fn reserved(&self, word: &str) -> (&'static Tool, usize) {
        let noun = self.family.tool(word).map(|tool| (tool, 1));
        let verb = || self.family.rewrite(word).map(|tool| (tool, 0));
        noun.or_else(verb)
            .expect("only reserved words are asked for")
    }

    fn launch_tool(&self, tool: &Tool, args: &[OsString], call: &Call) -> Result<Answer, Problem> {
        let place = self.installed(tool, &call.options)?;
        let program = place.dir.join(self.family.program(tool.name));
        let typed = call.line.len() > args.len();
        let typed = typed.then(|| format!(" {}", call.line[0].to_string_lossy()));
        let invocation = format!("{}{}", self.family.name, typed.unwrap_or_default());
        let called = Called {
            command: tool.name.to_owned(),
            invocation,
        };
        let target = Target {
            program,
            exec_dir: place.dir,
            called,
        };
        Ok(Answer::Launch(self.launch(target, args, &call.options)?))
    }

    /// Becomes an extension; the words that name it are removed.
    pub(crate) fn extension(
        &self,
        call: &Call,
        leading: &[&str],
        places: &[Place],
        found: Search,
    ) -> Result<Answer, Problem> {
        let hit = found.hit.expect("only called with a hit");
        let command = leading[..hit.words].join(" ");
        let invocation = format!("{} {command}", self.family.name);
        let exec_dir = places.first().unwrap_or(&hit.place).dir.clone();
        let called = Called {
            command,
            invocation,
        };
        let target = Target {
            program: hit.path,
            exec_dir,
            called,
        };
        let mut launch = self.launch(target, &call.line[hit.words..], &call.options)?;
        launch.vars.extend(call.options.log_filter());
        Ok(Answer::Launch(launch))
    }

    /// The launch of `target` with the options that were given before it.
    pub(crate) fn launch(
        &self,
        target: Target,
        args: &[OsString],
        options: &Options,
    ) -> Result<Launch, Problem> {
        let Target {
            program,
            exec_dir,
            called,
        } = target;
        let own = own_path(self.input, &exec_dir);
        let mut vars = options.variables();
        vars.extend(launch::contract(
            self.input,
            &self.family,
            called,
            Some(&own),
            Some(&exec_dir),
        )?);
        let name = std::iter::once(program.clone().into_os_string());
        let args = name.chain(args.iter().cloned()).collect();
        Ok(Launch {
            program,
            args,
            vars,
            dirs: options.dirs.clone(),
        })
    }
}

/// The path that calls the dispatcher again. The multi-call twin goes by its name, so that its
/// own path would not.
fn own_path(input: &Input, exec_dir: &Path) -> PathBuf {
    match input.exe.file_name() {
        Some(name) if name == "nova-box" => exec_dir.join("nova"),
        _ => input.exe.clone(),
    }
}
